"""docs/reference/public-api.md: what plugins may import, from the `__all__` of the public modules."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from types import ModuleType

from docs.generate.markdown import code, document, sentence, table

MODULES = (
    "streams.stage",
    "streams.records",
    "streams.errors",
    "streams.topics",
    "streams.settings",
    "streams.sources.base",
    "streams.sources.readers.base",
    "streams.notify",
    "agents.entities.taggers.base",
)
INTRODUCTION = """
What a plugin may import: the names in the `__all__` of these modules. They keep their meaning until a release whose
notes in [CHANGELOG.md](../../CHANGELOG.md) say otherwise. Everything else is internal and may change at any time.
"""


def page() -> str:
    """Return the page."""
    return document("Public API", INTRODUCTION, map(_section, map(import_module, MODULES)))


def _section(module: ModuleType) -> str:
    rows = ((code(name), _kind(getattr(module, name)), sentence(described(module, name))) for name in module.__all__)
    summary = sentence(_first_line(inspect.getdoc(module)))
    return f"## {module.__name__}\n\n{summary}\n\n" + table(("Name", "Is", "Meaning"), rows)


def _kind(thing: object) -> str:
    if inspect.isclass(thing):
        if issubclass(thing, BaseException):
            return "exception"
        return "protocol" if getattr(thing, "_is_protocol", False) else "class"
    if _is_function(thing):
        return "function"
    return "constant" if isinstance(thing, int | str) else "type"


def described(module: ModuleType, name: str) -> str:
    """Return the first line of what is said of a public name: by its docstring, or by the string after it."""
    thing = getattr(module, name)
    if inspect.isclass(thing) or _is_function(thing):
        return _first_line(inspect.getdoc(thing))
    inner = f"{module.__name__}."
    sources = [module, *(part for path, part in sorted(sys.modules.items()) if path.startswith(inner))]
    return next((_first_line(text) for source in sources for text in _strings_after(source, name)), "")


def _is_function(thing: object) -> bool:
    return inspect.isfunction(inspect.unwrap(thing) if callable(thing) else thing)


def _strings_after(module: ModuleType, name: str) -> Iterator[str]:
    """Yield the string that follows the assignment of a name in a module."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, following in pairwise(body):
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if (
            any(isinstance(target, ast.Name) and target.id == name for target in targets)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            yield following.value.value


def _first_line(text: str | None) -> str:
    return inspect.cleandoc(text or "").split("\n\n")[0].strip()
