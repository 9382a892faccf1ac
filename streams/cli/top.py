"""rasd top: the pipeline as it runs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from streams.cli.console import out
from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from rich.table import Table

    from streams.kafka.dead_letters import RecentLetters
    from streams.kafka.flow import TopicFlow

# Dead letters are read, unlike offsets; so less often.
LETTER_SECONDS = 15.0


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(top)


def top(
    seconds: float = typer.Option(2.0, "--seconds", "-s", min=0.2, help="Time between two looks."),
    once: bool = typer.Option(False, "--once", help="Look twice, print one table, and end; so it is in a pipe."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object for each look."),
) -> None:
    """Show what flows through each stage: records a second, what waits before it, dead letters of 24 hours.

    Ends with Ctrl-C. Works whether or not workers are running.

    Example: `rasd top --seconds 5`
    """
    console = out()
    asyncio.run(_run(seconds, once=once or not (console.is_terminal or as_json), as_json=as_json))


async def _run(seconds: float, *, once: bool, as_json: bool) -> None:
    from rich.live import Live

    console = out()
    live = nullcontext() if once or as_json else Live(console=console, auto_refresh=False)
    with live as screen:
        async for found, letters in _looks(seconds):
            if as_json:
                sys.stdout.write(json.dumps(_facts(found, letters), ensure_ascii=False) + "\n")
                sys.stdout.flush()
            elif screen is not None:
                screen.update(_table(found, letters), refresh=True)
            else:
                console.print(_table(found, letters))
            if once:
                return


async def _looks(seconds: float) -> AsyncIterator[tuple[Mapping[str, TopicFlow], RecentLetters]]:
    """Yield what flowed between each two looks."""
    from streams.api.dead_letters import RecentDeadLetters
    from streams.kafka.clients import open_admin, open_reader, retry_until_visible, translate_errors
    from streams.kafka.first_records import FIRST_BYTES, FirstRecords
    from streams.kafka.flow import Look, flows
    from streams.kafka.topic_offsets import read_topics
    from streams.pipeline import load_pipeline

    settings = get_settings()
    topics = load_pipeline().topics
    known: FirstRecords = {}
    letters = RecentDeadLetters(settings, LETTER_SECONDS)
    async with open_admin(settings) as admin, open_reader(settings, fetch_bytes=FIRST_BYTES) as reader:
        before: Look | None = None
        while True:
            with translate_errors(settings):
                states = await retry_until_visible(lambda: read_topics(settings, topics, admin, reader, known))
            if not states:
                raise OperatorError("there are no topics yet", hint="rasd topics create")
            now = Look(time.monotonic(), states)
            counted = await letters.count()
            if before is not None:
                yield flows(before, now), counted
            before = now
            await asyncio.sleep(seconds)


def _table(found: Mapping[str, TopicFlow], letters: RecentLetters) -> Table:
    from rich.table import Table

    from streams.pipeline import load_pipeline

    table = Table("stage", "reads", "in/s", "done/s", "waiting", "clear in", "dead letters", box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for link in load_pipeline().links:
        if (flow := found.get(link.reads)) is None:
            continue
        dead = letters.stages.get(link.stage, 0)
        table.add_row(
            link.stage,
            link.reads,
            _rate(flow.written),
            _rate(flow.read),
            f"{flow.state.waiting:,}",
            _left(flow),
            f"{dead:,}{'' if letters.complete else '+'}",
            style="yellow" if dead else None,
        )
    return table


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _left(flow: TopicFlow) -> str:
    left = flow.seconds_left
    if left is None:
        return "never" if flow.read is not None else "-"
    return f"{left / 60:,.0f} min" if left >= 120 else f"{left:.0f} s"


def _facts(found: Mapping[str, TopicFlow], letters: RecentLetters) -> dict[str, object]:
    from streams.pipeline import load_pipeline

    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "stages": [
            {
                "stage": link.stage,
                "reads": link.reads,
                "written_per_second": found[link.reads].written,
                "read_per_second": found[link.reads].read,
                "waiting": found[link.reads].state.waiting,
                "dead_letters": letters.stages.get(link.stage, 0),
            }
            for link in load_pipeline().links
            if link.reads in found
        ],
    }
