"""The typer app of `rasd`: all commands, or those of one module."""

from __future__ import annotations

import logging
from importlib import import_module

import typer

from streams.cli.commands import DESCRIPTION, MODULES
from streams.cli.environment import get_settings


def all_commands() -> typer.Typer:
    """Return the app with every command, those of plugins included."""
    from streams.cli import evaluate
    from streams.cli.plugins import add_commands

    app = _empty()
    for module in dict.fromkeys(MODULES.values()):
        import_module(f"streams.cli.{module}").register(app)
    evaluate.register(app)
    add_commands(app)
    return app


def commands_of(module: str) -> typer.Typer:
    """Return the app with the commands of one module of `streams.cli` only, as none of them needs the others."""
    app = _empty()
    import_module(f"streams.cli.{module}").register(app)
    return app


def _empty() -> typer.Typer:
    app = typer.Typer(
        name="rasd",
        help=DESCRIPTION,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_options)
    return app


def _options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from streams import __version__

        typer.echo(f"rasd {__version__}")
        raise typer.Exit
    from streams.observability.logs import configure_logging

    configure_logging(get_settings(), clients=logging.CRITICAL)
