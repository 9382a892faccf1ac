"""rasd dlq: list, show and replay dead letters."""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from streams.cli.console import out
from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.kafka.dead_letters import DeadLetter, DeadLetters

app = typer.Typer(
    help="Inspect dead letters and send them back: list, show, replay.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

REASON = typer.Option(None, "--reason", help="Only dead letters with this reason.")
STAGE = typer.Option(None, "--stage", help="Only dead letters of this stage or tap, or of ingest.")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="dlq", rich_help_panel="Operations")


@dataclass(slots=True)
class Listing:
    """The newest dead letters, and how many there are.

    Attributes:
        newest: rows of the table with their time, partition and offset: a heap, oldest first. No values of letters.
        counts: letters by reason, those that are not listed included.
        exists: there is a topic of dead letters.
    """

    newest: list[tuple[datetime, int, int, tuple[str, ...]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    exists: bool = True

    async def fill(self, letters: AsyncIterable[DeadLetter], limit: int) -> None:
        """Count the letters, and keep rows of the `limit` newest."""
        async for letter in letters:
            self.counts[letter.reason] += 1
            if limit:
                entry = (letter.timestamp, letter.partition, letter.offset, _row(letter))
                if len(self.newest) < limit:
                    heapq.heappush(self.newest, entry)
                else:
                    heapq.heappushpop(self.newest, entry)


def _row(letter: DeadLetter) -> tuple[str, ...]:
    origin = letter.origin
    return (
        letter.position,
        letter.timestamp.strftime("%Y-%m-%d %H:%M:%S"),
        letter.stage,
        letter.reason,
        str(len(letter.value)),
        origin.location or f"{origin.topic} {origin.partition}:{origin.offset}",
        letter.message,
    )


async def _selected(
    letters: AsyncIterable[DeadLetter], reason: str | None, stage: str | None
) -> AsyncIterator[DeadLetter]:
    async for letter in letters:
        if _is_of(letter, reason, stage):
            yield letter


def _is_of(letter: DeadLetter, reason: str | None, stage: str | None) -> bool:
    return reason in {None, letter.reason} and stage in {None, letter.stage}


@app.command("list")
def list_(
    reason: str = REASON,
    stage: str = STAGE,
    limit: int = typer.Option(50, "--limit", min=0, help="Maximum number to show, the newest."),
) -> None:
    """List the dead letters, newest last.

    Example: `rasd dlq list --reason empty_body`
    """
    from streams.kafka.dead_letters import open_dead_letters

    settings = get_settings()

    async def run() -> Listing:
        async with open_dead_letters(settings) as letters:
            listing = Listing(exists=letters.exist)
            await listing.fill(_selected(letters.read(), reason, stage), limit)
        return listing

    listing = asyncio.run(run())
    console = out()
    if not listing.exists:
        console.print("no dead letters yet")
        return
    table = Table("position", "time", "stage", "reason", "bytes", "origin", "what", box=None, pad_edge=False)
    for *_, row in sorted(listing.newest):
        table.add_row(*row)
    console.print(table)
    counts = "".join(f", {n} {name}" for name, n in listing.counts.most_common())
    console.print(f"{listing.counts.total()} dead letters{counts}")


@app.command()
def show(position: str = typer.Argument(..., help="partition:offset, as printed by `rasd dlq list`.")) -> None:
    """Print the original bytes of one dead letter.

    Example: `rasd dlq show 0:17 > record.json`
    """
    from streams.kafka.dead_letters import open_dead_letters

    async def run() -> DeadLetter:
        async with open_dead_letters(get_settings()) as letters:
            return await letters.find(position)

    letter = asyncio.run(run())
    sys.stderr.write(f"{letter.stage}: {letter.reason}: {letter.message}\n")
    sys.stdout.buffer.write(letter.value)
    sys.stdout.buffer.flush()


@app.command()
def replay(
    positions: list[str] = typer.Argument(None, metavar="[POSITION…]", help="partition:offset of each dead letter."),
    reason: str = REASON,
    stage: str = STAGE,
    everything: bool = typer.Option(False, "--all", help="Replay all dead letters."),
) -> None:
    """Send dead letters back to the topics that they came from.

    They stay in the list; one that fails again is listed once more.

    Example: `rasd dlq replay --reason poison`
    """
    from streams.kafka.clients import open_producer
    from streams.kafka.dead_letters import open_dead_letters
    from streams.kafka.dead_letters import replay as send_back

    if not (positions or reason or stage or everything):
        raise OperatorError("which dead letters?", hint="name positions, --reason, --stage or --all", status=2)
    settings = get_settings()

    async def run() -> int:
        async with open_dead_letters(settings) as letters:
            if positions:
                # All are looked up before the first is sent: a mistyped one leaves nothing half done.
                async for letter in _named(letters, positions):
                    if not _is_of(letter, reason, stage):
                        found = f"the dead letter at {letter.position} is one of {letter.stage}, {letter.reason}"
                        raise OperatorError(found, hint="name positions, or --reason and --stage", status=2)
            chosen = _named(letters, positions) if positions else _selected(letters.read(), reason, stage)
            async with open_producer(settings) as producer:
                return await send_back(producer, chosen)

    typer.echo(f"{asyncio.run(run())} records sent back")


async def _named(letters: DeadLetters, positions: list[str]) -> AsyncIterator[DeadLetter]:
    for position in positions:
        yield await letters.find(position)
