"""rasd evaluate: how right a stage is. Each stage adds a command of its own to `app`."""

from __future__ import annotations

import typer

app = typer.Typer(help="How right a stage is, against a gold file.", no_args_is_help=True, rich_markup_mode="markdown")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="evaluate", rich_help_panel="Articles")
