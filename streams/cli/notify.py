"""rasd notify: send one message, to try a channel."""

from __future__ import annotations

import asyncio
import uuid

import typer

from streams.cli.environment import get_settings


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(notify)


def notify(
    notifier: str = typer.Argument(..., help="The channel; `rasd plugins` lists them."),
    target: str = typer.Argument(..., help="The receiver, as the channel names it."),
    title: str = typer.Argument(..., help="The message's title."),
    text: str = typer.Option("", "--text", help="Its text."),
) -> None:
    """Send one message through a notifier, to check that it arrives.

    Example: `rasd notify log desk 'A test'`
    """
    from streams.notify import Notification, load_notifier
    from streams.observability.logs import configure_logging

    configure_logging(get_settings())
    message = Notification(id=uuid.uuid4().hex, title=title, text=text)
    asyncio.run(load_notifier(notifier).send(message, target))
