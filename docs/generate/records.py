"""docs/reference/records.md: the records on the wire, from the models of `streams.records`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo

from docs.generate.markdown import code, document, escaped, sentence, table
from streams.pipeline import RECORDS
from streams.records import Article, StageTrace

INTRODUCTION = """
One JSON object a Kafka message, in UTF-8. A field that is not listed comes from a newer release and is passed on
unchanged. The first group below are whole records, with the topics that hold them; the second are the objects inside
them. Offsets (`start`, `end`) count Unicode code points of `body` and are half-open: `body[start:end]` is the text.
Times are ISO 8601 in UTC. JSON Schemas for other languages:
[raw-article.schema.json](../schemas/raw-article.schema.json), [article.schema.json](../schemas/article.schema.json).
"""


def page() -> str:
    """Return the page."""
    whole = topics()
    nested = list(dict.fromkeys(inner for model in whole for inner in _inside(model)))
    return document(
        "Records",
        INTRODUCTION,
        [
            "## Records",
            *(_section(model, whole[model]) for model in whole),
            "## Objects inside records",
            *(_section(model, []) for model in nested if model not in whole),
        ],
    )


def topics() -> dict[type[BaseModel], list[str]]:
    """Return the topics of each record class, in the order in which an article passes them."""
    found: dict[type[BaseModel], list[str]] = {}
    for topic, model in RECORDS.items():
        found.setdefault(model, []).append(str(topic))
    return found


def _section(model: type[BaseModel], names: list[str]) -> str:
    parts = [f"### {model.__name__}", escaped(inspect.getdoc(model) or "")]
    if names:
        label = "Topic" if len(names) == 1 else "Topics"
        parts.append(f"{label}: {', '.join(map(code, names))}.")
    parents = [parent for parent in model.__mro__[1:] if issubclass(parent, BaseModel) and parent in topics()]
    own = dict(model.model_fields)
    if parents:
        parent = parents[0]
        parts.append(f"All fields of [{parent.__name__}](#{parent.__name__.lower()}), and:")
        own = {name: field for name, field in own.items() if name not in parent.model_fields}
    rows = ((code(name), type_name(hint(model, name)), _default(field), _meaning(field)) for name, field in own.items())
    return "\n\n".join([*parts, table(("Field", "Type", "Default", "Meaning"), rows)])


def hint(model: type[BaseModel], name: str) -> Any:
    """Return the annotation of a model's field, resolved and without what `Annotated` adds."""
    return typing.get_type_hints(model)[name]


def _inside(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield the models that a model's fields hold, at any depth, each after the one that holds it."""
    for name in model.model_fields:
        for inner in _models(hint(model, name)):
            yield inner
            yield from _inside(inner)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def type_name(annotation: Any) -> str:
    """Return an annotation as a reader of JSON says it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(code(value) for value in arguments)
    if origin is list:
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"object of {type_name(arguments[1])}, by {'stage' if _by_stage(arguments[1]) else 'name'}"
    if arguments:
        return " or ".join(type_name(argument) for argument in arguments)
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {"str": "text", "int": "integer", "float": "number", "bool": "true or false", "datetime": "time"}
    names |= {"NoneType": "null", "Any": "any value", "JsonValue": "any value"}
    return names.get(getattr(annotation, "__name__", ""), str(annotation))


def _by_stage(value: Any) -> bool:
    return value in (StageTrace, JsonValue)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    shown = {"None": "null", "False": "false", "True": "true"}.get(str(value), str(value))
    return code(shown or '""')


def _meaning(field: FieldInfo) -> str:
    aliases = [choice for choice in getattr(field.validation_alias, "choices", ()) if isinstance(choice, str)][1:]
    also = f" Also read as {', '.join(map(code, aliases))}." if aliases else ""
    return sentence(field.description) + also


def article_description(path: str) -> str:
    """Return the description of an article's field, `places.kind` say; empty for a field that has none."""
    model: type[BaseModel] = Article
    *outer, last = path.split(".")
    for name in outer:
        inner = list(_models(hint(model, name))) if name in model.model_fields else []
        if not inner:
            return ""
        model = inner[0]
    field = model.model_fields.get(last)
    return sentence(field.description) if field else ""
