"""rasd watch: visit the sources of the directory."""

from __future__ import annotations

import asyncio

import typer

from streams.cli.environment import get_settings


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(watch)


def watch(
    port: int = typer.Option(None, "--port", help="Port for /metrics, /livez and /readyz; 0 for any free port."),
) -> None:
    """Visit the sources of the directory when they are due, and send what is new to articles.raw, until stopped.

    Any number of processes share the sources. It observes robots.txt, what HTTP and the feeds say about when to come
    back, and a pace for each host; it reaches public addresses only (RASD_WATCH_ALLOW). Set RASD_WATCH_CONTACT, so that
    publishers know whom to ask.

    Example: `RASD_WATCH_CONTACT=https://example.com/bot rasd watch`
    """
    from streams.observability.logs import configure_logging
    from streams.settings import Settings
    from streams.sources.watch.service import run_watch

    given = {} if port is None else {"watch_port": port}
    settings = Settings.model_validate(get_settings().model_dump() | given)
    configure_logging(settings)
    asyncio.run(run_watch(settings))
