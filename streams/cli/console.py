"""How commands print: people's width on a terminal, no cut-off columns in a pipe."""

from rich.console import Console

PIPE_WIDTH = 240


def out() -> Console:
    """Standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)
