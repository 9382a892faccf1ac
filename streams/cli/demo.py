"""rasd demo: the whole system on sample articles."""

from __future__ import annotations

import os

import typer
from rich.console import Console

from streams.cli.environment import get_settings


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Local servers")(demo)


def demo(
    web: bool = typer.Option(
        False, "--web", help="Only serve the invented outlets, to try `rasd sources add` and `rasd watch` on."
    ),
) -> None:
    """Start all servers, process the sample articles, watch invented outlets, and serve until Ctrl-C.

    With DEMO_EXIT=1 it stops by itself; the exit status is then 0 only if a search found every sample article and every
    story of the outlets.

    Example: `DEMO_EXIT=1 rasd demo`
    """
    from deploy.demo.run import run, serve_outlets
    from deploy.local.process import interrupted_by_signals

    settings = get_settings()
    with interrupted_by_signals():  # the servers would outlive this process
        if web:
            serve_outlets(settings, Console(highlight=False))
        else:
            run(settings, Console(highlight=False), leave=os.environ.get("DEMO_EXIT") == "1")
