"""The filters in the address of a view: read, named as a reader names them, and taken away by click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import HTTPException
from markupsafe import escape
from pydantic import BaseModel, ValidationError

from streams.api.desk.addresses import Address
from streams.api.desk.display import Display
from streams.api.desk.rendering import Visit
from streams.search.request import Filters
from streams.words.names import NameKind, name_key

M = TypeVar("M", bound=Filters)
B = TypeVar("B", bound=BaseModel)

# Facets of the API, in the order shown, and the filters that their values are for.
FACET_FILTERS = {
    "sources": "source",
    "places": "place",
    "countries": "country",
    "persons": "person",
    "organisations": "organisation",
    "languages": "language",
}
# Kinds of names in a body, and the filters that find others with them.
NAME_FILTERS = {"per": "person", "org": "organisation", "loc": "place", "place": "place"}
# Filters whose values are names that may be spelt in several ways.
NAME_KINDS: Mapping[str, NameKind] = {"person": "PER", "organisation": "ORG"}
# How an address may say no.
FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that is in force: parameter, its name as shown, value as shown, and the address without it."""

    name: str
    label: str
    shown: str
    address: Address


def read_request(model: type[M], visit: Visit, **defaults: Any) -> M:
    """Read the filters of an address.

    Args:
        model: `Filters` or one of its kind.
        visit: its address; parameters that the model does not know are the desk's own. Days begin in its zone.
        **defaults: for what the address does not say.

    Raises:
        HTTPException: a filter is not valid.
    """
    given: dict[str, Any] = {"zone": visit.display.preferences["zone"], **defaults}
    for name, field in model.model_fields.items():
        spelt = field.alias or name
        if values := visit.here.values(spelt):
            given[spelt] = values if field.default == () else values[-1]
    return validated(model, given)


def validated(model: type[B], given: Mapping[str, Any]) -> B:
    """Read what a reader asked for.

    Raises:
        HTTPException: it is not valid. A `ValidationError` of anything else is a defect, and is answered as one.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
        raise HTTPException(422, "; ".join(faults)) from error


def shown_value(display: Display, name: str, value: str) -> str:
    """Return a filter's value as a reader reads it."""
    if name == "language":
        return display.language_name(value)
    if name == "country":
        return display.country_name(value)
    if name == "cross_script":
        return display.plain(f"cross_script_{'false' if value.lower() in FALSE else 'true'}")
    return value


def same_name(name: str, one: str, other: str) -> bool:
    """Return whether two values of a filter are the same, or spellings of one name, which facets count together."""
    kind = NAME_KINDS.get(name)
    return one == other or (kind is not None and name_key(one, kind) == name_key(other, kind))


def chosen_filters(here: Address, display: Display) -> list[Chosen]:
    """Return the filters that an address has, other than its text query."""
    found = []
    for name, value in here.parameters:
        field = next((key for key, one in Filters.model_fields.items() if name in {key, one.alias}), None)
        if field is not None and field not in {"q", "radius", "zone"}:
            label = display.text(name) if display.has(name) else escape(name)
            found.append(Chosen(name, label, shown_value(display, name, value), here.lacking(name, value)))
    return found
