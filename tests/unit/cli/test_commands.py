"""`rasd --help` says of each command what the command says of itself."""

from __future__ import annotations

import io

import typer.main
from typer.core import TyperCommand, TyperGroup

from streams.cli.app import all_commands, commands_of
from streams.cli.commands import MODULES, PANELS, Command, print_help


def test_the_commands_listed_are_those_that_there_are() -> None:
    root = typer.main.get_command(all_commands())
    assert isinstance(root, TyperGroup)
    found = {
        (command.rich_help_panel, name, command.get_short_help_str(1000))
        for name, command in root.commands.items()
        if isinstance(command, TyperCommand | TyperGroup)
    }
    assert {(panel, each.name, each.summary) for panel, commands in PANELS.items() for each in commands} == found


def test_each_module_registers_its_commands_alone() -> None:
    for name, module in MODULES.items():
        root = typer.main.get_command(commands_of(module))
        assert isinstance(root, TyperGroup)
        assert name in root.commands


def test_a_long_summary_stays_beside_its_command() -> None:
    printed = io.StringIO()
    print_help({"Words": [Command("say", None, "word " * 40), Command("be", None, "short.")]}, printed)
    lines = printed.getvalue().splitlines()
    assert lines[0] == "Usage: rasd [OPTIONS] COMMAND [ARGS]..."
    start = next(number for number, line in enumerate(lines) if line.startswith("  say "))
    column = lines[start].index("word")
    assert lines[start + 1] == " " * column + lines[start + 1].strip()
    assert max(map(len, lines)) <= 100
    assert f"  be{' ' * (column - 4)}short." in lines
