"""rasd evaluate: measure a stage against a gold file. Stages add their commands to `app`."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Measure the quality of a stage against a gold file: entities, places.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="evaluate", rich_help_panel="Articles")
