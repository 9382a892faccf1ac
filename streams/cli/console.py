"""How commands print: people's width on a terminal, no cut-off columns in a pipe."""

from rich.console import Console

PIPE_WIDTH = 240


def out(pipe_width: int = PIPE_WIDTH) -> Console:
    """Standard output.

    Args:
        pipe_width: columns when it is no terminal; text for readers is wrapped there, tables need many.
    """
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=pipe_width)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)
