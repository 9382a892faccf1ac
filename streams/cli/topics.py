"""rasd topics: create, inspect and grow the topics, and rewind consumers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.kafka.topic_offsets import TopicState

# A record that waits for less is at work.
STANDS_SECONDS = 60.0

app = typer.Typer(
    help="Manage Kafka topics: create, status, grow, rewind.", no_args_is_help=True, rich_markup_mode="markdown"
)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="topics", rich_help_panel="Operations")


@app.command()
def create() -> None:
    """Create the missing topics.

    Example: `rasd topics create`
    """
    from streams.kafka.clients import create_topics
    from streams.pipeline import load_pipeline
    from streams.topics import topic_specs

    settings = get_settings()
    added = load_pipeline().added_topics(settings)
    made = asyncio.run(create_topics(settings, added))
    for spec in (*topic_specs(settings), *added):
        typer.echo(f"{spec.name}\t{spec.partitions} partitions\t{'created' if spec.name in made else 'exists'}")


@app.command()
def status(
    first: bool = typer.Option(
        False,
        "--first",
        help="Name the first waiting record of every partition, not only of those where it has waited for a minute.",
    ),
) -> None:
    """Show the records in each topic, and those that the workers (RASD_APP_ID) have not processed.

    For the latter also the age of the oldest one, the hours until retention may delete it, and how many were deleted
    unread. Below the table: the record that stands first in each partition, with its offset, its article (in
    articles.raw the page's URL) and the time since which it waits. Works whether or not a worker is running.

    Example: `rasd topics status`
    """
    import time

    from rich.table import Table

    from streams.cli.console import err, out
    from streams.kafka.topic_offsets import topic_states
    from streams.pipeline import load_pipeline

    states = asyncio.run(topic_states(get_settings(), load_pipeline().topics))
    if not states:
        raise OperatorError("there are no topics yet", hint="rasd topics create")
    now = time.time()
    names = ("topic", "partitions", "records", "waiting", "under-replicated", "retention", "oldest", "hours left")
    table = Table(*names, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for topic, state in states.items():
        numbers = (len(state.ends), state.kept, state.waiting, state.lacking)
        table.add_row(topic, *(f"{number:,}" for number in numbers), *_retention(state, now))
    out().print(table)
    for line in _deleted(states):
        err().print(line, markup=False)
    for line in _standing(states, now, 0.0 if first else STANDS_SECONDS):
        typer.echo(line)


def _deleted(states: Mapping[str, TopicState]) -> list[str]:
    """A line for each partition of which Kafka deleted records that the workers had not read."""
    return [
        f"{topic} {partition}: Kafka deleted {number:,} records before they were read"
        f" ({state.begins[partition] - number} to {state.begins[partition] - 1})"
        for topic, state in states.items()
        for partition, number in sorted(state.deleted_unread.items())
    ]


def _standing(states: Mapping[str, TopicState], now: float, least: float) -> list[str]:
    """A line for each first waiting record that has waited for so many seconds, or that cannot be read."""
    from datetime import UTC, datetime

    lines = []
    for topic, state in states.items():
        for partition, offset in sorted(state.first_waiting.items()):
            record = state.firsts[partition]
            if record.time is None:
                lines.append(f"first waiting: {topic} {partition}:{offset}, cannot be read")
            elif now - record.time >= least:
                since = f"{datetime.fromtimestamp(record.time, UTC):%Y-%m-%d %H:%M:%S} UTC ({_span(now - record.time)})"
                article = record.article or "without a key"
                lines.append(f"first waiting: {topic} {partition}:{record.offset} since {since}, {article}")
    return lines


def _retention(state: TopicState, now: float) -> tuple[str, str, str]:
    """The columns about retention: how long records are kept, the age of the oldest that waits, what it has left."""
    kept = "unknown" if state.retention is None else _span(state.retention)
    if not state.waiting:
        return kept, "-", "-"
    left = state.retention_left(now)
    hours = "unknown" if left is None else "no limit" if math.isinf(left) else f"{left / 3600:,.1f}"
    return kept, "unknown" if state.oldest is None else _span(now - state.oldest), hours


def _span(seconds: float) -> str:
    """A time in its largest unit of which it has at least two."""
    if math.isinf(seconds):
        return "no limit"
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"


@app.command()
def grow(
    partitions: int = typer.Argument(..., min=1, help="New number of partitions of each topic that workers share."),
) -> None:
    """Add partitions to the topics, so that more workers can share them. This cannot be undone.

    Stop the workers first, and restart them with RASD_PARTITIONS set to the new number. The procedure is described in
    docs/guides/production.md.

    Example: `rasd topics grow 8`
    """
    from streams.kafka.topic_offsets import grow as do_grow
    from streams.pipeline import load_pipeline

    settings = get_settings()
    shared = load_pipeline().shared_topics(settings)
    grown = asyncio.run(do_grow(settings, partitions, shared))
    for name, had in grown.items():
        typer.echo(f"{name}\t{had} → {partitions} partitions")
    typer.echo(f"set RASD_PARTITIONS={partitions} for every process" if grown else "nothing to do")


@app.command()
def rewind(
    since: str = typer.Option(
        ..., "--since", help="Reprocess records since this date or time (ISO 8601; UTC if it has no offset)."
    ),
    stages: str = typer.Option(
        None,
        "--stages",
        help="Stages to rewind, comma-separated; those whose input another of them rewrites are not rewound.",
    ),
) -> None:
    """Make stages reprocess records since a given time, for example after one of them changed.

    The workers of this application (RASD_APP_ID) must be stopped. Articles in the index are replaced only under a
    higher RASD_PIPELINE_REVISION. The procedure is described in docs/guides/re-process.md.

    Example: `RASD_APP_ID=again rasd topics rewind --since 2026-11-20 --stages entities,geotag,index,moves`
    """
    from datetime import UTC, datetime

    from streams.kafka.rewind import rewind as do_rewind
    from streams.pipeline import load_pipeline
    from streams.settings import Settings

    try:
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise OperatorError(
            f"--since {since} is not a date or time", hint="for example --since 2026-11-20T06:00", status=2
        ) from error
    given = {"stages": stages} if stages else {}
    settings = Settings.model_validate(get_settings().model_dump() | given)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    links = load_pipeline().select(settings.stages)
    reads, rewritten = [link.reads for link in links], {topic for link in links for topic in link.outputs}
    for topic, number in asyncio.run(do_rewind(settings, reads, rewritten, moment)).items():
        typer.echo(f"{topic}\t{number} records to reprocess")
