"""The consoles that commands print to: as wide as the terminal, and wide enough for tables in a pipe."""

from rich.console import Console

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
