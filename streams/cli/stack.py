"""rasd up, down, status: a local Kafka and Elasticsearch (the native stack)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from streams.cli.console import err, out
from streams.cli.environment import get_settings

if TYPE_CHECKING:
    from deploy.local.stack import StackStatus


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Local servers")(up)
    app.command(rich_help_panel="Local servers")(down)
    app.command(rich_help_panel="Local servers")(status)


def up() -> None:
    """Start a local Kafka and Elasticsearch in the background.

    On first use, they are downloaded and their SHA-256 is verified. Servers that already run are left alone.

    Example: `rasd up && rasd status`
    """
    from deploy.local import stack

    report = stack.up(get_settings(), console=err())
    out().print(_table(report))


def down(wipe: bool = typer.Option(False, "--wipe", help="Also delete their data.")) -> None:
    """Stop the servers that `rasd up` started; keep their data.

    Example: `rasd down`
    """
    from deploy.local import stack

    stopped = stack.down(get_settings(), wipe=wipe)
    typer.echo(f"stopped {' and '.join(stopped)}" if stopped else "no server was running")


def status() -> None:
    """Show the local servers' state, addresses and logs; exit with status 1 unless all are ready.

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
