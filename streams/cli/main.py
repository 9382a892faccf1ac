"""The `rasd` command: registers the subcommands and reports their errors.

Exit status: 0 success, 1 failure, 2 invalid usage. An error is one line on standard error, and a second one with a
hint; a traceback is printed only with RASD_LOG_LEVEL=debug.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, TypeGuard

import typer
from typer.exceptions import Abort, TyperException

from streams.cli import (
    alerts,
    api_key,
    backfill,
    demo,
    dlq,
    enrich,
    evaluate,
    explain,
    export,
    facets,
    index,
    ingest,
    notify,
    plugins,
    schema,
    search,
    sources,
    stack,
    tap,
    timeline,
    top,
    topics,
    watch,
)
from streams.cli import run as running
from streams.cli.console import err
from streams.cli.environment import get_settings
from streams.cli.plugins import add_commands
from streams.errors import OperatorError, QueryRefused, Retryable
from streams.installation import missing_extra

if TYPE_CHECKING:
    from pydantic import ValidationError

app = typer.Typer(
    name="rasd",
    help="Rasd (رصد) turns raw Arabic news pages into searchable, deduplicated, tagged articles.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_RUNNING = (stack, demo, running, watch, topics, top, tap, index, dlq, api_key, plugins, notify, schema)
_ARTICLES = (sources, backfill, alerts, ingest, enrich, search, facets, timeline, export, explain, evaluate)
for module in (*_RUNNING, *_ARTICLES):
    module.register(app)
add_commands(app)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from streams import __version__

        typer.echo(f"rasd {__version__}")
        raise typer.Exit
    from streams.observability.logs import configure_logging

    configure_logging(get_settings(), clients=logging.CRITICAL)


def _say(message: str, hint: str | None = None) -> None:
    console = err()
    console.print(f"[bold red]rasd:[/] {_one_line(message)}", markup=True)
    if hint:
        console.print(f"  [dim]→[/] {_one_line(hint)}")


def _one_line(text: str) -> str:
    return " ".join(text.replace("[", "\\[").split())


def _of_settings(error: Exception) -> TypeGuard[ValidationError]:
    from pydantic import ValidationError

    from streams.settings import Settings

    return isinstance(error, ValidationError) and error.title == Settings.__name__


def _settings_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        # Settings that contradict each other: the message names them. The input is omitted, as it contains secrets.
        return first["msg"].removeprefix("Value error, ")
    name = "_".join(str(part) for part in first["loc"]).upper()
    return f"setting RASD_{name}: {first['msg']} (value: {first.get('input')!r})"


def main() -> None:
    """Entry point of the `rasd` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:  # noqa: PLR0911  (one line for each way to end)
    """Run one command and return its exit status."""
    try:
        result = app(arguments, prog_name="rasd", standalone_mode=False)
    except TyperException as error:
        # The message is empty if the help was printed instead: `rasd`, `rasd topics`.
        if message := error.format_message():
            _say(message, "see rasd --help, or --help after the command")
        return error.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except (Abort, KeyboardInterrupt):
        return 130
    except OperatorError as error:
        _say(error.message, error.hint)
        return error.status
    except QueryRefused as error:
        _say(str(error))
        return 2
    except Retryable as error:
        _say(str(error), "rasd status shows what is running; rasd up starts a local Kafka and Elasticsearch")
        return 1
    except BrokenPipeError:
        # The reader of our output has closed the pipe (`rasd enrich … | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if _of_settings(error):
            _say(_settings_fault(error), "see .env.example for all settings")
            return 2
        if os.environ.get("RASD_LOG_LEVEL") == "debug":
            traceback.print_exc()
        if isinstance(error, ModuleNotFoundError) and (missing := missing_extra(error)):
            _say(missing.message, missing.hint)
            return missing.status
        _say(f"unexpected {type(error).__name__}: {error}", "set RASD_LOG_LEVEL=debug for a traceback")
        return 1
    return result if isinstance(result, int) else 0
