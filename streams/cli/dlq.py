"""rasd dlq: the dead letters."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

import typer
from rich.table import Table

from streams.cli.console import out
from streams.errors import OperatorError
from streams.kafka.clients import create_topics, open_producer
from streams.kafka.dead_letters import DeadLetter, read_all
from streams.kafka.dead_letters import replay as send_back
from streams.settings import Settings, get_settings

app = typer.Typer(help="The dead letters: list, show, replay.", no_args_is_help=True, rich_markup_mode="markdown")

REASON = typer.Option(None, "--reason", help="Only those of this reason.")
STAGE = typer.Option(None, "--stage", help="Only those of this stage.")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="dlq", rich_help_panel="Running system")


async def _collect(settings: Settings, reason: str | None, stage: str | None) -> list[DeadLetter]:
    await create_topics(settings)
    return [
        letter
        async for letter in read_all(settings)
        if reason in {None, letter.reason} and stage in {None, letter.stage}
    ]


@app.command("list")
def list_(
    reason: str = REASON, stage: str = STAGE, limit: int = typer.Option(50, "--limit", help="Show the newest so many.")
) -> None:
    """List the dead letters, newest last.

    Example: `rasd dlq list --reason empty_body`
    """
    letters = asyncio.run(_collect(get_settings(), reason, stage))
    letters.sort(key=lambda letter: (letter.timestamp, letter.partition, letter.offset))
    table = Table("position", "time", "stage", "reason", "bytes", "origin", "what", box=None, pad_edge=False)
    for letter in letters[-limit:]:
        origin = letter.origin
        table.add_row(
            letter.position,
            letter.timestamp.strftime("%Y-%m-%d %H:%M:%S"),
            letter.stage,
            letter.reason,
            str(len(letter.value)),
            origin.location or f"{origin.topic} {origin.partition}:{origin.offset}",
            letter.message,
        )
    console = out()
    console.print(table)
    counts = Counter(letter.reason for letter in letters)
    console.print(f"{len(letters)} dead letters" + "".join(f", {n} {name}" for name, n in counts.most_common()))


@app.command()
def show(position: str = typer.Argument(..., help="partition:offset, as `rasd dlq list` prints it.")) -> None:
    """Print the original bytes of one dead letter.

    Example: `rasd dlq show 0:17 > record.json`
    """
    letter = _find(asyncio.run(_collect(get_settings(), None, None)), position)
    sys.stderr.write(f"{letter.stage}: {letter.reason}: {letter.message}\n")
    sys.stdout.buffer.write(letter.value)
    sys.stdout.buffer.flush()


@app.command()
def replay(
    positions: list[str] = typer.Argument(None, metavar="[POSITION…]", help="partition:offset of each letter."),
    reason: str = REASON,
    stage: str = STAGE,
    everything: bool = typer.Option(False, "--all", help="All of them."),
) -> None:
    """Send dead letters back to the topic that they came from. They stay listed; what fails again is listed anew.

    Example: `rasd dlq replay --reason poison`
    """
    if not (positions or reason or stage or everything):
        raise OperatorError("which dead letters?", hint="name positions, --reason, --stage or --all", status=2)
    settings = get_settings()

    async def run() -> int:
        letters = await _collect(settings, reason, stage)
        if positions:
            letters = [_find(letters, position) for position in positions]
        async with open_producer(settings) as producer:
            return await send_back(producer, letters)

    typer.echo(f"{asyncio.run(run())} records sent back")


def _find(letters: list[DeadLetter], position: str) -> DeadLetter:
    for letter in letters:
        if letter.position == position:
            return letter
    raise OperatorError(f"no dead letter at {position}", hint="rasd dlq list")
