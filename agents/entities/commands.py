"""Run the tagger on files of token columns: `rasd tag`, `rasd evaluate entities`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import typer

from agents.text.utf8 import decode_utf8
from streams.cli.console import out
from streams.cli.environment import get_settings
from streams.cli.evaluate import app as evaluations
from streams.errors import OperatorError


def register(app: typer.Typer) -> None:
    """Add the commands of this stage to the `rasd` command."""
    app.command(rich_help_panel="Articles")(tag)
    evaluations.command("entities")(evaluate_entities)


def tag(
    file: Path = typer.Argument(..., help="One token a line, a blank line between sentences; - is standard input."),
) -> None:
    """Tag tokens as persons, locations and organisations: print each line with a tab and its BIO tag appended.

    Example: `rasd tag tokens.txt > tagged.txt`
    """
    from agents.entities.columns import tag_lines
    from agents.entities.taggers.registry import load_tagger

    stream = sys.stdout.buffer
    for line in tag_lines(_lines(file), load_tagger(get_settings().entities_backend)):
        stream.write(line.encode())
    stream.flush()


def evaluate_entities(
    gold: Path = typer.Argument(
        ..., metavar="GOLD", help="A token and its BIO tag a line, a blank line between sentences; - is standard input."
    ),
) -> None:
    """Tag the tokens of a gold file and print strict-span precision, recall and F1 of each class and of all.

    The tag is the last column. PERS is read as PER, and any class other than PER, LOC and ORG as O. A span is right
    only if both its borders and its class are.

    Example: `rasd evaluate entities gold.txt`
    """
    from rich.table import Table

    from agents.entities.evaluation import score_tagger
    from agents.entities.taggers.registry import load_tagger

    backend = get_settings().entities_backend
    lines, tagger = _lines(gold), load_tagger(backend)
    try:
        scores = score_tagger(lines, tagger)
    except ValueError as error:
        raise OperatorError(
            f"{gold}:{error}", hint="a line is a token, white space, and its tag: بيروت B-LOC"
        ) from error
    if not scores["micro"].gold:
        raise OperatorError(f"{gold}: no person, place or organisation is tagged", hint="the tag is the last column")
    table = Table(title=f"strict spans, backend {backend}", box=None, title_justify="left")
    table.add_column("class")
    for name in ("precision", "recall", "F1", "right", "found", "gold"):
        table.add_column(name, justify="right")
    for kind, s in scores.items():
        figures = (f"{value:.3f}" for value in (s.precision, s.recall, s.f1))
        table.add_row(kind, *figures, *map(str, (s.right, s.found, s.gold)))
    out().print(table)


def _lines(file: Path) -> io.StringIO:
    """Read the lines of a UTF-8 file, split at newlines alone; - is standard input."""
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise OperatorError(f"{file}: {error.strerror}", status=2) from error
    return io.StringIO(decode_utf8(data, file), newline="\n")
