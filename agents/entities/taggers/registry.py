"""Load taggers by name from installed distributions. The built-in ones are found in the same way."""

from __future__ import annotations

from agents.entities.taggers.base import Tagger
from streams.errors import OperatorError
from streams.plugins import Group, find

_BUILT_IN = "fast"


def load_tagger(name: str = _BUILT_IN) -> Tagger:
    """Load the tagger of this name. A worker calls this once, while it starts.

    The entry point of the group `rasd.taggers` is a function without parameters that returns a `Tagger`. It may raise
    `OperatorError` when something that the tagger needs is not installed.

    Raises:
        OperatorError: no distribution offers the name, two offer the same one, or what is offered cannot be loaded.
    """
    plugin = find(Group.TAGGERS, name, hint="RASD_ENTITIES_BACKEND; `rasd plugins` lists what is installed")
    factory = plugin.load()
    if not callable(factory):
        raise OperatorError(f"{plugin} is not a function")
    tagger = factory()
    if not isinstance(tagger, Tagger):
        raise OperatorError(f"{plugin} returned {type(tagger).__name__}, which lacks parts of the Tagger protocol")
    return tagger
