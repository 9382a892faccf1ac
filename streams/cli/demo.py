"""rasd demo: everything at once, for a first look."""

from __future__ import annotations

import os

import typer
from rich.console import Console

from streams.settings import get_settings


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Servers")(demo)


def demo() -> None:
    """Start everything, send the sample articles through, show what came out, serve until Ctrl-C.

    With DEMO_EXIT=1 it stops by itself; the exit status is then 0 only if every sample was found by a search.

    Example: `DEMO_EXIT=1 rasd demo`
    """
    from deploy.demo.run import run

    settings = get_settings()
    run(settings, Console(highlight=False), leave=os.environ.get("DEMO_EXIT") == "1")
