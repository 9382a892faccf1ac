"""docs/reference/settings.md: every setting, from `streams.settings.Settings`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from docs.generate.markdown import code, document, sentence, table
from streams.settings import Settings

INTRODUCTION = """
Every process of Rasd reads the same settings: from environment variables, else from a file `.env` in its working
directory. [`.env.example`](../../.env.example) lists them all with their defaults. An empty variable counts as not set.
A wrong value ends the process at its start, with exit status 2 and the name of the setting.
"""
_HEADING = re.compile(r"^    # (?P<heading>.+)$")
_FIELD = re.compile(r"^    (?P<field>[a-z]\w*): ")
_LIMITS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}


def page() -> str:
    """Return the page."""
    schemas = Settings.model_json_schema()["properties"]
    return document(
        "Settings",
        INTRODUCTION,
        (
            f"## {heading}\n\n"
            + table(
                ("Setting", "Type", "Default", "Meaning"),
                ((code(variable(name)), _type(schemas[name]), _default(name), _meaning(name)) for name in names),
            )
            for heading, names in groups().items()
        ),
    )


def variable(name: str) -> str:
    """Return the environment variable of a field."""
    return f"{Settings.model_config['env_prefix']}{name}".upper()


def groups() -> dict[str, list[str]]:
    """Return the fields below each heading: the comments that part the class into groups.

    Raises:
        ValueError: a field stands above the first heading, or is found neither in the class nor in its source.
    """
    found: dict[str, list[str]] = {}
    for heading, field in _fields_in_source():
        found.setdefault(heading, []).append(field)
    listed = [field for fields in found.values() for field in fields]
    if sorted(listed) != sorted(Settings.model_fields):
        raise ValueError(f"not grouped: {sorted(set(listed) ^ set(Settings.model_fields))}")
    return found


def _fields_in_source() -> Iterator[tuple[str, str]]:
    heading, before = "", ""
    for line in inspect.getsource(Settings).splitlines():
        if not before.strip() and (match := _HEADING.match(line)):
            heading = match["heading"]
        elif (match := _FIELD.match(line)) and match["field"] in Settings.model_fields:
            yield heading, match["field"]
        before = line


def _meaning(name: str) -> str:
    return sentence(Settings.model_fields[name].description)


def _default(name: str) -> str:
    value = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined or value == ():
        return ""
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, tuple):
        return code(",".join(value))
    if isinstance(value, Path) and value.is_relative_to(Path.home()):
        return code(f"~/{value.relative_to(Path.home()).as_posix()}")
    return code(value)


def _type(schema: Mapping[str, Any]) -> str:
    """Return a setting's type and limits in words."""
    chosen = _not_null(schema)
    if "enum" in chosen:
        return " or ".join(code(value) for value in chosen["enum"])
    limits = [form.format(chosen[key]) for key, form in _LIMITS.items() if key in chosen]
    if "pattern" in chosen:
        limits.append(code(chosen["pattern"]))
    kind = {"array": "list, comma separated", "number": "number", "integer": "integer", "boolean": "true or false"}.get(
        chosen["type"], {"path": "path", "uri": "URL", "password": "secret"}.get(chosen.get("format", ""), "text")
    )
    return ", ".join([kind, *limits])


def _not_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((option for option in schema.get("anyOf", ()) if option.get("type") != "null"), schema)
