"""Find what installed distributions add to Rasd, by entry points. Built-in parts are found in the same way.

| group            | an entry point names                                         | loaded by                  |
|---|---|---|
| `rasd.stages`    | a `streams.stage.MapStage`; a built-in one may be a sink     | `streams.pipeline`         |
| `rasd.taps`      | a `streams.stage.Tap`                                        | `streams.pipeline`         |
| `rasd.sources`   | a `streams.sources.base.Source`                              | `streams.sources.base`     |
| `rasd.formats`   | a `streams.sources.readers.base.Format`                      | `streams.sources.readers.registry` |
| `rasd.taggers`   | a function that makes a `agents.entities.taggers.base.Tagger` | `agents.entities.taggers` |
| `rasd.notifiers` | a `streams.notify.Notifier`                                  | `streams.notify`           |
| `rasd.commands`  | a function that adds commands to the typer app of `rasd`     | `streams.cli.main`         |

An entry point's name is the name by which settings and commands ask for the plugin. Stages of plugins are imported by
every process, since they say where they belong; other plugins only by the process that uses them.
docs/guides/add-a-stage.md begins with the package that a plugin needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points

from streams.errors import OperatorError

REINSTALL = "install Rasd's own distribution again: make setup, or pip install --no-deps ."
"""What helps when a built-in plugin is not found: its entry point comes with the distribution."""


class Group(StrEnum):
    """The entry point groups that Rasd reads."""

    STAGES = "rasd.stages"
    TAPS = "rasd.taps"
    SOURCES = "rasd.sources"
    TAGGERS = "rasd.taggers"
    NOTIFIERS = "rasd.notifiers"
    FORMATS = "rasd.formats"
    COMMANDS = "rasd.commands"

    @property
    def kind(self) -> str:
        """What one plugin of the group is called in messages: `stage`, `tap`, `source`."""
        return self.value.removeprefix("rasd.").removesuffix("s")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin that an installed distribution provides.

    Attributes:
        group: entry point group.
        name: name of the entry point.
        distribution, version: which package provides it; `unknown` and an empty version when the metadata does not say.
        entry_point: what `load` imports.
    """

    group: Group
    name: str
    distribution: str
    version: str
    entry_point: EntryPoint

    def __str__(self) -> str:
        """Name the plugin in a message: `rasd.stages mood of rasd-mood (rasd_mood.stage:STAGE)`."""
        return f"{self.group} {self.name} of {self.distribution} ({self.entry_point.value})"

    def load(self, kind: type | None = None) -> object:
        """Import what the plugin names.

        Args:
            kind: the class that it must be an instance of; any when None.

        Raises:
            OperatorError: it cannot be imported, or is of another kind.
        """
        try:
            part: object = self.entry_point.load()
        except Exception as error:  # a plugin's import may fail in any way, and the user needs to know which plugin
            raise OperatorError(f"{self} cannot be loaded: {error!r}") from error
        if kind is not None and not isinstance(part, kind):
            raise OperatorError(f"{self} is of the class {type(part).__name__}, not {kind.__name__}")
        return part


def installed(group: Group) -> Mapping[str, Plugin]:
    """List the plugins of a group by name. Imports none of them.

    Raises:
        OperatorError: two distributions provide a plugin of the same name.
    """
    found: dict[str, Plugin] = {}
    for entry in entry_points(group=group.value):
        distribution = entry.dist.name if entry.dist is not None else "unknown"
        version = entry.dist.version if entry.dist is not None else ""
        plugin = Plugin(group, entry.name, distribution, version, entry)
        if (other := found.setdefault(entry.name, plugin)) is not plugin:
            both = " and ".join(sorted((other.distribution, distribution)))
            raise OperatorError(
                f"{group} {entry.name} is in both {both}",
                hint="uninstall one of them",
            )
    return found


def find(group: Group, name: str, *, hint: str = "rasd plugins") -> Plugin:
    """Return one plugin of a group. Does not import it.

    Args:
        group: entry point group.
        name: name of the entry point.
        hint: where the name comes from, or where the known ones are listed; for the message.

    Raises:
        OperatorError: no distribution provides it, or two provide a plugin of the same name.
    """
    plugins = installed(group)
    if name in plugins:
        return plugins[name]
    if not plugins:  # each group has a built-in plugin
        hint = REINSTALL
    known = ", ".join(sorted(plugins)) or f"none, as no {group.kind} is installed"
    raise OperatorError(f"unknown {group.kind} {name}; choose from {known}", hint=hint, status=2)
