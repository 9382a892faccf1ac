"""rasd sources: the directory of sources that `rasd watch` visits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.sources.watch.directory import WatchedSource
    from streams.sources.watch.discovery import Candidate
    from streams.sources.watch.store import Directory

app = typer.Typer(
    help="Manage the sources that `rasd watch` reads: feeds, sitemaps, section pages, Telegram channels.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_NAME = typer.Argument(..., help="Name of the source, as `rasd sources list` prints it.")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="sources", rich_help_panel="Articles")


@app.command()
def add(
    url: str = typer.Argument(..., metavar="URL", help="A feed, sitemap, Telegram channel, section or home page."),
    name: str = typer.Option(None, "--name", help="Name of the source; by default made from its address."),
    outlet: str = typer.Option(None, "--outlet", help="The articles' `source`; by default the site's own name."),
    kind: str = typer.Option(None, "--kind", help="feed, sitemap, page or telegram: save it so, without a visit."),
    collection: list[str] = typer.Option([], "--collection", help="Collection that it belongs to; repeatable."),
    country: str = typer.Option(None, "--country", help="Country of the outlet, ISO 3166-1 alpha-2."),
    language: str = typer.Option(None, "--language", help="Language of the articles, BCP 47."),
    feed_text: bool = typer.Option(False, "--feed-text", help="Take the text that the feed gives; fetch no pages."),
    links: str = typer.Option(None, "--links", help="For a page: regular expression that article addresses match."),
    interval: float = typer.Option(None, "--interval", min=1, help="Shortest time between two visits, in seconds."),
    everything: bool = typer.Option(False, "--all", help="Save every list that was found, not only the first."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what was found, and save nothing."),
) -> None:
    """Find what can be watched at an address, show it, and save the best of it.

    Feeds come first, then news sitemaps, then other sitemaps, then section pages.

    Example: `rasd sources add https://example.com --collection gulf`
    """
    from streams.cli.console import out
    from streams.sources.watch.directory import Kind, Text, WatchedSource, name_of
    from streams.sources.watch.store import read_directory, save_sources

    settings = get_settings()
    if kind is not None and kind not in set(Kind):
        raise OperatorError(f"--kind {kind} is not one of {', '.join(Kind)}", status=2)
    if kind is None:
        candidates = asyncio.run(_find(url))
        if not candidates:
            raise OperatorError(
                f"{url}: no feed, sitemap or section page found", hint="--kind page --links PATTERN saves it as a page"
            )
        out().print(_candidates_table(candidates))
    else:
        from streams.sources.watch.discovery import Candidate

        candidates = [Candidate(Kind(kind), url, None, 0, None, None, False, urlsplit(url).hostname or url)]
    chosen = candidates if everything else candidates[:1]
    if name is not None and len(chosen) > 1:
        raise OperatorError("--name fits one source only; leave out --all", status=2)
    made = [
        _checked(
            WatchedSource,
            name=name or name_of(candidate.url),
            url=candidate.url,
            kind=candidate.kind,
            outlet=outlet or candidate.outlet,
            text=Text.FEED if feed_text else Text.PAGE,
            collections=tuple(collection),
            country=country,
            language=language or candidate.language,
            links=links,
            interval=interval,
        )
        for candidate in chosen
    ]
    if dry_run:
        return
    existing = asyncio.run(read_directory(settings)).sources
    for source in made:
        if source.name in existing and existing[source.name].url != source.url:
            raise OperatorError(
                f"there is a source {source.name} already, with another address", hint="choose another --name", status=2
            )
    asyncio.run(save_sources(settings, made))
    for source in made:
        typer.echo(f"saved {source.name} ({source.kind}, {source.outlet}); rasd watch visits it")


@app.command(name="list")
def show_all(
    collection: str = typer.Option(None, "--collection", help="Only sources of this collection."),
) -> None:
    """List the sources.

    Example: `rasd sources list --collection gulf`
    """
    from rich.table import Table

    from streams.cli.console import out

    directory = _read()
    table = Table("name", "kind", "outlet", "collections", "items", "last new", "url", box=None, pad_edge=False)
    for source in _sorted(directory, collection):
        state = directory.state(source.name)
        collections = ", ".join(source.collections) or "-"
        kind = f"{source.kind} (paused)" if source.paused else source.kind.value
        table.add_row(
            source.name, kind, source.outlet, collections, f"{state.items:,}", _moment(state.last_new), source.url
        )
    if not table.row_count:
        raise OperatorError("there are no sources yet", hint="rasd sources add URL")
    out().print(table)


@app.command()
def show(name: str = _NAME) -> None:
    """Show one source: its settings, the state of its watching, its health, and its last backfill.

    Example: `rasd sources show example.com-rss`
    """
    import json

    from streams.sources.watch.health import judge
    from streams.sources.watch.store import BACKFILL

    directory = _read()
    source = _one(directory, name)
    state = directory.state(name)
    health = judge(source, state, datetime.now(UTC))
    hidden = {"seen", "tries", "hourly", "hourly_weight"}
    shown = {
        "source": source.model_dump(mode="json", exclude_none=True),
        "health": {"verdict": health.verdict, "advice": health.advice, "expected": health.expected},
        "state": state.model_dump(mode="json", exclude_none=True, exclude=hidden) | {"seen": len(state.seen)},
    }
    if (backfill := directory.backfills.get(f"{name}{BACKFILL}")) is not None:
        shown["backfill"] = backfill.model_dump(mode="json", exclude={"finished"}) | {
            "finished": len(backfill.finished)
        }
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@app.command()
def health(
    abnormal: bool = typer.Option(False, "--abnormal", help="Only sources that somebody should look after."),
    collection: str = typer.Option(None, "--collection", help="Only sources of this collection."),
) -> None:
    """Show a verdict on each source and what to do about it. The exit status is 1 if one needs attention.

    Verdicts: healthy, new, quiet (as usual at this hour), silent, failing, blocked, moved, gone, template (cleaning
    refuses its pages), language (other letters than usual), clock (dates in the future), overdue (not visited), paused.

    Example: `rasd sources health --abnormal`
    """
    from rich.table import Table

    from streams.cli.console import out
    from streams.sources.watch.health import ABNORMAL, judge

    directory = _read()
    now = datetime.now(UTC)
    table = Table("name", "verdict", "last success", "last new", "advice", box=None, pad_edge=False)
    counted = 0
    for source in _sorted(directory, collection):
        state = directory.state(source.name)
        found = judge(source, state, now)
        bad = found.verdict in ABNORMAL
        counted += bad
        if bad or not abnormal:
            times = (_moment(state.last_success), _moment(state.last_new))
            table.add_row(source.name, found.verdict.value, *times, found.advice)
    if table.row_count:
        out().print(table)
    if counted:
        raise OperatorError(f"{counted} of {len(directory.sources)} sources need attention")


@app.command()
def pause(name: str = _NAME) -> None:
    """Suspend the visits to a source; its state is kept.

    Example: `rasd sources pause example.com-rss`
    """
    _change(name, paused=True)
    typer.echo(f"paused {name}")


@app.command()
def resume(name: str = _NAME) -> None:
    """Continue the visits to a source.

    Example: `rasd sources resume example.com-rss`
    """
    _change(name, paused=False)
    typer.echo(f"resumed {name}")


@app.command()
def update(
    name: str = _NAME,
    url: str = typer.Option(None, "--url", help="New address; what was read under the old one is forgotten."),
    outlet: str = typer.Option(None, "--outlet", help="New `source` of its articles from now on."),
    collection: list[str] = typer.Option(None, "--collection", help="Collections, instead of the present ones."),
    links: str = typer.Option(None, "--links", help="For a page: regular expression that article addresses match."),
    interval: float = typer.Option(None, "--interval", min=1, help="Shortest time between two visits, in seconds."),
) -> None:
    """Change the settings of a source.

    Example: `rasd sources update example.com-rss --interval 300`
    """
    given = {"url": url, "outlet": outlet, "links": links, "interval": interval}
    changes = {key: value for key, value in given.items() if value is not None}
    if collection:
        changes["collections"] = tuple(collection)
    if not changes:
        raise OperatorError("nothing to change", hint="rasd sources update --help", status=2)
    _change(name, **changes)
    typer.echo(f"updated {name}")


@app.command()
def remove(name: str = _NAME) -> None:
    """Remove a source and the state of its watching. Its articles stay.

    Example: `rasd sources remove example.com-rss`
    """
    from streams.sources.watch.store import save_sources

    _one(_read(), name)
    asyncio.run(save_sources(get_settings(), [], removed=[name]))
    typer.echo(f"removed {name}")


@app.command(name="import")
def import_list(
    file: Path = typer.Argument(..., metavar="FILE", help="A .toml, .json or .opml file."),
    replace: bool = typer.Option(False, "--replace", help="Remove the sources that the file does not have."),
) -> None:
    """Add or update the sources of a file.

    Example: `rasd sources import sources.toml`
    """
    from streams.sources.watch.lists import read_list
    from streams.sources.watch.store import save_sources

    made = {source.name: source for source in read_list(file)}
    existing = _read().sources
    gone = sorted(set(existing) - set(made)) if replace else []
    changed = [source for name, source in made.items() if existing.get(name) != source]
    asyncio.run(save_sources(get_settings(), changed, removed=gone))
    new = sum(1 for source in changed if source.name not in existing)
    typer.echo(f"{new} added, {len(changed) - new} updated, {len(gone)} removed, {len(made) - len(changed)} unchanged")


@app.command(name="export")
def export_list(
    opml: bool = typer.Option(False, "--opml", help="Write OPML, which has the feeds only, instead of TOML."),
    collection: str = typer.Option(None, "--collection", help="Only sources of this collection."),
) -> None:
    """Write the sources to standard output.

    Example: `rasd sources export > sources.toml`
    """
    from streams.sources.watch.lists import write_opml, write_toml

    sources = _sorted(_read(), collection)
    typer.echo(write_opml(sources).decode() if opml else write_toml(sources), nl=False)


async def _find(url: str) -> list[Candidate]:
    """Discover the lists of a site.

    Raises:
        OperatorError: the address cannot be fetched.
    """
    from streams.sources.watch.discovery import discover
    from streams.sources.watch.web import FetchError, open_web

    async with open_web(get_settings()) as web:
        try:
            return await discover(web, url if "://" in url else f"https://{url}")
        except FetchError as fault:
            raise OperatorError(str(fault), hint="--kind saves an address without a visit") from fault


def _candidates_table(candidates: list[Candidate]) -> object:
    from rich.table import Table

    table = Table("kind", "items", "newest", "whole texts", "title", "url", box=None, pad_edge=False)
    for found in candidates:
        whole = "yes" if found.has_text else "no"
        table.add_row(found.kind.value, str(found.entries), _moment(found.newest), whole, found.title or "-", found.url)
    return table


def _checked(model: type[WatchedSource], **fields: object) -> WatchedSource:
    """Make a source.

    Raises:
        OperatorError: a field is invalid.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise OperatorError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", status=2) from error


def _read() -> Directory:
    from streams.sources.watch.store import read_directory

    return asyncio.run(read_directory(get_settings()))


def _one(directory: Directory, name: str) -> WatchedSource:
    """Return a source by its name.

    Raises:
        OperatorError: there is none.
    """
    if name not in directory.sources:
        raise OperatorError(f"there is no source {name}", hint="rasd sources list", status=2)
    return directory.sources[name]


def _sorted(directory: Directory, collection: str | None) -> list[WatchedSource]:
    found = [s for s in directory.sources.values() if collection is None or collection in s.collections]
    return sorted(found, key=lambda source: source.name)


def _change(name: str, **changes: object) -> None:
    from streams.sources.watch.store import save_sources

    source = _one(_read(), name)
    changed = _checked(type(source), **source.model_dump() | changes)
    asyncio.run(save_sources(get_settings(), [changed]))


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "-"
