"""The `rasd` command: runs a command and reports its errors.

Exit status: 0 success, 1 failure, 2 invalid usage. An error is one line on standard error, and a second one with a
hint; a traceback is printed only with RASD_LOG_LEVEL=debug.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, TypeGuard

from streams.cli.commands import MODULES, PANELS, Command, plugins_add_commands, print_help
from streams.errors import OperatorError, QueryRefused, Retryable
from streams.installation import missing_extra

if TYPE_CHECKING:
    import typer
    from pydantic import ValidationError


def _say(message: str, hint: str | None = None) -> None:
    from streams.cli.console import err

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
    from streams.settings import Settings

    name = "_".join(str(part) for part in first["loc"]).upper()
    field = Settings.model_fields.get(str(first["loc"][0]))
    meaning = f"; its meaning: {field.description}" if field is not None and field.description else ""
    secret = field is not None and "Secret" in str(field.annotation)
    value = "" if secret else f" (value: {first.get('input')!r})"
    return f"setting RASD_{name}: {first['msg']}{value}{meaning}"


def main() -> None:
    """Entry point of the `rasd` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        _help()
        return 0 if arguments else 2
    return _run(arguments)


def _run(arguments: list[str]) -> int:  # noqa: PLR0911  (one line for each way to end)
    from typer.exceptions import Abort, TyperException

    try:
        result = _app(arguments[0])(arguments, prog_name="rasd", standalone_mode=False)
    except TyperException as error:
        # The message is empty if the help was printed instead: `rasd topics`.
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


def _app(command: str) -> typer.Typer:
    """Return an app that has the command, if there is one of this name. A plugin's does not replace one of ours."""
    from streams.cli import app

    module = MODULES.get(command)
    return app.all_commands() if module is None else app.commands_of(module)


def _help() -> None:
    if plugins_add_commands():
        print_help(_with_plugins())
    else:
        print_help()


def _with_plugins() -> dict[str, list[Command]]:
    """Return the commands of each heading, those of plugins included."""
    from typer.core import TyperCommand, TyperGroup
    from typer.main import get_command

    from streams.cli.app import all_commands

    panels: dict[str, list[Command]] = {panel: [] for panel in PANELS}
    root = get_command(all_commands())
    assert isinstance(root, TyperGroup)  # noqa: S101  (an app with several commands)
    for name, command in root.commands.items():
        panel = command.rich_help_panel if isinstance(command, TyperCommand | TyperGroup) else None
        summary = command.get_short_help_str(200)
        panels.setdefault(panel or "Other", []).append(Command(name, MODULES.get(name), summary))
    return panels
