"""rasd backfill: fetch what a watched source published in the past."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streams.settings import Settings
    from streams.sources.watch.backfill import Lists
    from streams.sources.watch.directory import Backfill, WatchedSource

# Between two looks at how much the pipeline has to do.
_LOOK_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Articles")(backfill)


def backfill(
    name: str = typer.Argument(..., metavar="SOURCE", help="Name of the source, as `rasd sources list` prints it."),
    since: str = typer.Option(..., "--from", help="Earliest date or time of publication (ISO 8601), inclusive."),
    until: str = typer.Option(None, "--to", help="Latest, exclusive; by default when watching the source began."),
    sitemap: list[str] = typer.Option(
        [], "--sitemap", help="Sitemap or index to read, instead of those of robots.txt; repeatable."
    ),
    pages: str = typer.Option(
        None, "--pages", help="Address of an archive page for each day, such as https://example.com/%Y/%m/%d."
    ),
    warc: list[Path] = typer.Option([], "--warc", help="WARC file to take the source's pages from; repeatable."),
    undated: bool = typer.Option(False, "--undated", help="Take items too of which no date is known."),
    pause: float = typer.Option(5.0, "--pause", min=0, help="Time between two requests, in seconds."),
    anew: bool = typer.Option(False, "--anew", help="Begin again, whatever an earlier backfill has done."),
) -> None:
    """Fetch what a source published before it was watched, through sitemaps, archive pages and WARC files.

    It is slower than `rasd watch`, and waits while the pipeline is behind. What was watched or is in the index is left
    out. The same command continues a backfill that was broken off.

    Example: `rasd backfill example.com-rss --from 2026-01-01 --pages https://example.com/archive/%Y/%m/%d`
    """
    from streams.sources.watch.backfill import Lists

    settings = get_settings()
    lists = Lists(tuple(sitemap), pages, tuple(path.resolve() for path in warc), undated)
    state = asyncio.run(_run(settings, name, _time(since, "--from"), _time(until, "--to"), lists, pause, anew=anew))
    typer.echo(f"{_counts(state)}; {len(state.finished)} lists finished")
    if state.failed_lists:
        shown = "\n  ".join(state.failed_lists[:10])
        raise OperatorError(
            f"{len(state.failed_lists)} lists could not be read:\n  {shown}", hint="the same command tries them again"
        )


def _time(text: str | None, option: str) -> datetime | None:
    """Read a date or time; UTC if it has no offset.

    Raises:
        OperatorError: it is neither.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise OperatorError(f"{option}: {text} is no date or time (ISO 8601)", status=2) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


async def _run(
    settings: Settings,
    name: str,
    since: datetime | None,
    until: datetime | None,
    lists: Lists,
    pause: float,
    *,
    anew: bool,
) -> Backfill:
    from streams.kafka.clients import open_producer
    from streams.search.service import open_searcher
    from streams.sources.watch.backfill import Backfiller
    from streams.sources.watch.sending import send_item
    from streams.sources.watch.store import BACKFILL, STATE, read_directory, send
    from streams.sources.watch.web import FetchError, open_web
    from streams.topics import topic_name

    directory = await read_directory(settings)
    source = directory.sources.get(name)
    if source is None:
        raise OperatorError(f"there is no source {name}", hint="rasd sources list", status=2)
    watching = directory.state(name)
    if watching.first_visit is None:
        raise OperatorError(
            f"{name} has not been visited yet, so that what it lists now would come twice",
            hint="start rasd watch first",
        )
    assert since is not None  # noqa: S101  (--from is required)
    end = min(until or watching.first_visit, datetime.now(UTC))
    earlier = directory.backfills.get(f"{name}{BACKFILL}")
    state = _state(source, earlier, since, end, given=until is not None, anew=anew)
    async with open_web(settings) as web, open_searcher(settings) as searcher, open_producer(settings) as producer:
        try:
            return await Backfiller(
                web=web,
                send=lambda item: send_item(producer, settings, item),
                save=lambda name, state: send(producer, topic_name(STATE, settings), name, state, BACKFILL),
                known=searcher.known,
                waiting=_waiting(settings),
                report=_report(),
                now=lambda: datetime.now(UTC),
                pause=pause,
            ).run(source, watching, state, lists)
        except FetchError as fault:
            raise OperatorError(str(fault)) from fault


def _state(
    source: WatchedSource, earlier: Backfill | None, since: datetime, until: datetime, *, given: bool, anew: bool
) -> Backfill:
    """Return the state to begin with: that of an earlier backfill which is to be continued, or a new one.

    Raises:
        OperatorError: there is nothing to do, or another backfill of the source is unfinished.
    """
    from streams.sources.watch.directory import Backfill

    if since >= until:
        raise OperatorError(f"--from {since:%Y-%m-%d} is not before {until:%Y-%m-%d %H:%M}, the end", status=2)
    new = Backfill(since=since, until=until, started=datetime.now(UTC))
    if earlier is None or anew:
        return new
    same = earlier.since == since and (earlier.until == until or not given)
    if earlier.ended is None and same:
        return earlier
    if earlier.ended is None:
        raise OperatorError(
            f"a backfill of {source.name} from {earlier.since:%Y-%m-%d} to {earlier.until:%Y-%m-%d} is unfinished",
            hint="repeat it with these dates, or add --anew",
        )
    if same:
        # Other lists, such as a WARC file, may be given; those that are finished are left out.
        return earlier.model_copy(update={"ended": None})
    return new


def _waiting(settings: Settings) -> Callable[[], Awaitable[int]]:
    """Return a function that tells how many records wait to be cleaned, looked up every few seconds."""
    from streams.kafka.topic_offsets import topic_states
    from streams.topics import Topic

    seen = (float("-inf"), 0)

    async def waiting() -> int:
        nonlocal seen
        if time.monotonic() - seen[0] > _LOOK_SECONDS:
            states = await topic_states(settings, [Topic.RAW])
            seen = (time.monotonic(), sum(state.waiting for state in states.values()))
        return seen[1]

    return waiting


def _report() -> Callable[[str, Backfill], None]:
    """Return a function that prints progress: each step on a terminal's last line, lists and waits in a log."""
    from streams.cli.console import err

    console = err()

    def report(what: str, state: Backfill) -> None:
        if console.is_terminal:
            console.print(f"\r\x1b[K{_counts(state)}   {what[:80]}", end="", markup=False)
        elif " " in what:
            console.print(f"{_counts(state)}   {what}", markup=False)

    return report


def _counts(state: Backfill) -> str:
    return (
        f"{state.sent} sent, {state.known} known already, {state.refused} to the dead letters, "
        f"{state.outside} outside the period"
    )
