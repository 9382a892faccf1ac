"""rasd schema: write the JSON Schemas of the records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from streams.errors import OperatorError

if TYPE_CHECKING:
    from pydantic import BaseModel


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(schema)


def schema(
    folder: Path = typer.Argument(Path("docs/schemas"), help="Folder to write them to."),
    check: bool = typer.Option(False, "--check", help="Write nothing; exit with status 1 if a file is out of date."),
) -> None:
    """Write the JSON Schemas of raw and enriched articles, standing searches and alerts to a folder.

    Example: `rasd schema docs/schemas`
    """
    from streams.alerts.records import Alert, Delivery
    from streams.alerts.standing_search import StandingSearch
    from streams.formats.json_schema import schema_files

    alerts: dict[str, tuple[type[BaseModel], str]] = {
        "standing-search.schema.json": (StandingSearch, "A record of alerts.searches"),
        "alert.schema.json": (Alert, "A record of alerts, and `data` of a webhook's request"),
        "delivery.schema.json": (Delivery, "A record of alerts.deliveries"),
    }
    for name, text in schema_files(alerts).items():
        path = folder / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                raise OperatorError(f"{path} is out of date", hint=f"rasd schema {folder}")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            typer.echo(path)
