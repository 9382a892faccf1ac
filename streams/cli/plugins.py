"""rasd plugins: what is installed. Also lets plugins add commands of their own."""

from __future__ import annotations

from types import FunctionType

import typer

from streams.cli.console import err
from streams.errors import OperatorError
from streams.plugins import Group, Plugin, installed


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(plugins)


def add_commands(app: typer.Typer) -> None:
    """Let plugins add their commands to `app`. One that fails costs its own commands only, with a warning."""
    try:
        found = installed(Group.COMMANDS)
    except OperatorError as error:  # two of one name: none can be preferred
        _warn(error.message)
        return
    for plugin in found.values():
        try:
            add = plugin.load(FunctionType)
            assert isinstance(add, FunctionType)  # noqa: S101  (`load` has checked it)
            add(app)
        except OperatorError as error:
            _warn(error.message)
        except Exception as error:  # a plugin may fail in any way, and the other commands must remain
            _warn(f"the commands {plugin.name} of {plugin.distribution} cannot be added: {error!r}")


def _warn(message: str) -> None:
    err().print(f"rasd: {message}", markup=False, soft_wrap=True)


def plugins(
    check: bool = typer.Option(
        False,
        "--check",
        help="Import every plugin, check its kind, and for stages and taps their topics; exit 1 if one does not fit.",
    ),
) -> None:
    """List the stages, taps, sources, formats, taggers, notifiers and commands, and which package provides them.

    Stages come in pipeline order with the topics that they read and write, taps with the topic that they read, sources
    with their arguments.

    Example: `rasd plugins --check`
    """
    from rich.table import Table

    from streams.cli.console import out
    from streams.notify import load_notifier
    from streams.pipeline import load_pipeline
    from streams.sources.base import load_source
    from streams.sources.readers.registry import formats

    pipeline = load_pipeline()
    found = {group: installed(group) for group in Group}
    table = Table("kind", "name", "reads", "writes", "distribution", box=None, pad_edge=False)
    for link in pipeline.links:
        plugin = found[Group.STAGES].get(link.stage)
        table.add_row("stage", link.stage, link.reads, ", ".join(link.outputs), _owner(plugin))
    for group in (Group.TAPS, Group.SOURCES, Group.FORMATS, Group.TAGGERS, Group.NOTIFIERS, Group.COMMANDS):
        for name, plugin in sorted(found[group].items()):
            table.add_row(group.kind, name, _reads(plugin), "", _owner(plugin))
    out().print(table)
    if check:
        pipeline.load()
        for group, load in (
            (Group.TAPS, pipeline.load_tap),
            (Group.SOURCES, load_source),
            (Group.NOTIFIERS, load_notifier),
        ):
            for name in found[group]:
                load(name)
        formats()
        for group in (Group.TAGGERS, Group.COMMANDS):
            for plugin in found[group].values():
                if not callable(plugin.load()):
                    raise OperatorError(f"{plugin} is not a function")
        typer.echo("every plugin can be loaded")


def _reads(plugin: Plugin) -> str:
    """What a tap or a source reads: a topic, or arguments. Empty for other kinds, and for what cannot be imported."""
    from streams.sources.base import Source
    from streams.stage import Tap

    if plugin.group not in {Group.TAPS, Group.SOURCES}:
        return ""
    try:
        part = plugin.load()
    except OperatorError:  # the list goes on; --check gives the reason
        return "cannot be loaded; see --check"
    return str(part.reads) if isinstance(part, Tap) else part.help if isinstance(part, Source) else ""


def _owner(plugin: Plugin | None) -> str:
    return f"{plugin.distribution} {plugin.version}".strip() if plugin is not None else "missing"
