"""Find taggers by name among the installed distributions; the built-in ones come through the same door."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from agents.entities.taggers.base import Tagger
from streams.errors import OperatorError

# The value of an entry point is a function that takes nothing and returns a `Tagger`. It may raise `OperatorError` when
# something that the tagger needs is not installed.
GROUP = "rasd.taggers"
_BUILT_IN = "fast"


def load_tagger(name: str = _BUILT_IN) -> Tagger:
    """Load the tagger of this name. A worker calls this once, while it starts.

    Raises:
        OperatorError: no distribution offers the name, two offer the same one, or what is offered cannot be loaded.
    """
    offered = _offered()
    if name not in offered:
        hint = (
            None
            if _BUILT_IN in offered
            else "rasd's entry points are not installed: pip install --no-deps -e . does it"
        )
        known = ", ".join(sorted(offered)) or "none, as no tagger is installed"
        raise OperatorError(f"unknown entities backend {name!r}; choose from {known}", hint=hint)
    entry = offered[name]
    source = f"the entities backend {name} ({entry.value} of {_distribution(entry)})"
    try:
        factory = entry.load()
    except (ImportError, AttributeError) as error:
        raise OperatorError(f"{source} cannot be imported: {error}") from error
    if not callable(factory):
        raise OperatorError(f"{source} is not a function")
    tagger = factory()
    if not isinstance(tagger, Tagger):
        raise OperatorError(f"{source} returned {type(tagger).__name__}, which lacks parts of the Tagger protocol")
    return tagger


def _offered() -> dict[str, EntryPoint]:
    """List the entry points of the group by name.

    Raises:
        OperatorError: two distributions offer the same name.
    """
    offered: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        other = offered.setdefault(entry.name, entry)
        if other is not entry:
            both = " and ".join(sorted(map(_distribution, (other, entry))))
            raise OperatorError(f"the entities backend {entry.name} is offered by {both}", hint="uninstall one of them")
    return offered


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown distribution"
