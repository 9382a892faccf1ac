"""docs/reference/commands.md: every command of `rasd`, from the typer app."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import groupby

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from docs.generate.markdown import code, document, escaped, table
from streams.cli.app import all_commands

INTRODUCTION = """
What `rasd COMMAND --help` prints. Every command ends with status 0 when it did what it was asked, 1 when it failed and
2 when it was called wrongly or a setting is wrong; a failure is one line on standard error. `RASD_LOG_LEVEL=debug` adds
the traceback. Settings: [settings.md](settings.md).
"""
OTHER = "Other"


def page() -> str:
    """Return the page."""
    parts = []
    for panel, commands in groupby(sorted(_top_level(), key=_panel_order), key=_panel):
        parts.append(f"## {panel}")
        parts += [part for context in commands for part in _described(context)]
    return document("Commands", INTRODUCTION, parts)


def contexts() -> Iterator[typer.Context]:
    """Yield every command that does something, with the words that call it (`command_path`)."""
    for context in _top_level():
        yield from _leaves(context)


def _top_level() -> list[typer.Context]:
    root = typer.main.get_command(all_commands())
    assert isinstance(root, TyperGroup)
    return _children(typer.Context(root, info_name="rasd"))


def _children(parent: typer.Context) -> list[typer.Context]:
    commands = parent.command.commands if isinstance(parent.command, TyperGroup) else {}
    return [typer.Context(command, info_name=name, parent=parent) for name, command in commands.items()]


def _leaves(context: typer.Context) -> Iterator[typer.Context]:
    if children := _children(context):
        for child in children:
            yield from _leaves(child)
    else:
        yield context


def _panel(context: typer.Context) -> str:
    command = context.command
    panel = command.rich_help_panel if isinstance(command, TyperCommand | TyperGroup) else None
    return panel if isinstance(panel, str) else OTHER


def _panel_order(context: typer.Context) -> int:
    panels = list(dict.fromkeys(map(_panel, _top_level())))
    return panels.index(_panel(context))


def _described(context: typer.Context) -> Iterator[str]:
    """Yield a command's heading, usage, help, arguments and options; a group's, and those of its commands."""
    yield f"### {context.command_path}"
    if isinstance(context.command, TyperGroup):
        yield _help(context)
        for child in _children(context):
            yield from _described(child)
        return
    yield "```\n" + " ".join([context.command_path, *context.command.collect_usage_pieces(context)]) + "\n```"
    yield _help(context)
    records = [record for parameter in context.command.params if (record := parameter.get_help_record(context))]
    if records:
        yield table(("Argument or option", "Meaning"), ((code(names), escaped(text)) for names, text in records))


def _help(context: typer.Context) -> str:
    return inspect.cleandoc(context.command.help or "").replace("\b\n", "")
