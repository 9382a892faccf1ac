"""rasd up, down, status: the native Kafka and Elasticsearch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from streams.cli.console import err, out
from streams.settings import get_settings

if TYPE_CHECKING:
    from deploy.local.stack import StackStatus


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Servers")(up)
    app.command(rich_help_panel="Servers")(down)
    app.command(rich_help_panel="Servers")(status)


def up() -> None:
    """Start Kafka and Elasticsearch on this machine, in the background.

    The first time they are fetched and checked against their SHA-256. A second call is harmless.

    Example: `rasd up && rasd status`
    """
    from deploy.local import stack

    report = stack.up(get_settings(), console=err())
    out().print(_table(report))


def down(wipe: bool = typer.Option(False, "--wipe", help="Delete their data too.")) -> None:
    """Stop what `rasd up` started, and nothing else. Data stays.

    Example: `rasd down`
    """
    from deploy.local import stack

    stopped = stack.down(get_settings(), wipe=wipe)
    typer.echo(f"stopped {' and '.join(stopped)}" if stopped else "nothing of ours was running")


def status() -> None:
    """Say what runs where. Exit status 1 when something does not answer.

    Example: `rasd status`
    """
    from deploy.local import stack

    report = stack.status(get_settings())
    out().print(_table(report))
    if not report.ready:
        raise typer.Exit(1)


def _table(report: StackStatus) -> Table:
    table = Table("service", "state", "address", "pid", "version", "log", box=None, pad_edge=False)
    for service in report.services:
        state = "[green]ready[/]" if service.ready else f"[yellow]{service.trouble or 'not running'}[/]"
        table.add_row(service.title, state, service.address, str(service.pid or "–"), service.version, str(service.log))
    return table
