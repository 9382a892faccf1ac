"""What commands print to: consoles as wide as the terminal, and wide enough for tables in a pipe; lines of JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from pydantic import BaseModel

PIPE_WIDTH = 240


def out(pipe_width: int = PIPE_WIDTH) -> Console:
    """Return a console on standard output.

    Args:
        pipe_width: columns if it is not a terminal. Tables need many; prose is wrapped there.
    """
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=pipe_width)


def err() -> Console:
    """Return a console on standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(record: BaseModel, *, exclude_none: bool = False) -> None:
    """Write a record to standard output as one line of JSON, at once."""
    sys.stdout.buffer.write(record.model_dump_json(exclude_none=exclude_none).encode() + b"\n")
    sys.stdout.buffer.flush()
