"""rasd tag: the tagger on files of tokens."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import typer

from streams.errors import CommandError
from streams.settings import get_settings


def register(app: typer.Typer) -> None:
    """Add this stage's commands."""
    app.command(rich_help_panel="Articles")(tag)


def tag(
    file: Path = typer.Argument(..., help="One token a line, a blank line between sentences; - is standard input."),
) -> None:
    """Tag tokens with persons, places and organisations: each line again, with a tab and its BIO tag.

    Example: `rasd tag tokens.txt > tagged.txt`
    """
    from agents.entities.columns import tag_lines
    from agents.entities.tagger import load_tagger

    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", status=2) from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CommandError(f"{file}:{line}: byte {error.start} is not UTF-8") from error
    out = sys.stdout.buffer
    for line in tag_lines(io.StringIO(text, newline="\n"), load_tagger(get_settings().entities_backend)):
        out.write(line.encode())
    out.flush()
