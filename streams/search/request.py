"""What may be asked of the search: one model for the command, the API, the live feed and exports."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from streams.records import OptionalTimestamp
from streams.search.analysis import analyzer
from streams.search.syntax import Operand, ParsedQuery, parse

MAX_SIZE = 100
MAX_FOLDED = 1000
MAX_RADIUS_KM = 5000.0


def _numbers(count: int) -> BeforeValidator:
    def read(value: object) -> object:
        if isinstance(value, list | tuple) and len(value) == 1:  # a query string's parameter, as a list of one
            value = value[0]
        if isinstance(value, str):
            parts = value.split(",")
            if len(parts) != count:
                raise ValueError(f"needs {count} numbers parted by commas")
            return tuple(part.strip() for part in parts)
        return value

    return BeforeValidator(read)


Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(default=(), max_length=20)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class Filters(BaseModel):
    """Which articles. Different filters narrow each other; several values of one filter widen it."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")

    q: str = Field(
        "",
        max_length=500,
        description="Words, «phrases», -excluded words, أو (OR).",
        examples=['"مجلس الأمن" اليمن أو ليبيا -رياضة'],
    )
    place: Names = Field(
        (), description="A place's name in Arabic or English, its geonameid, or a path like EG/القاهرة."
    )
    country: Names = Field((), description="ISO 3166-1 alpha-2 codes of countries that the article names.")
    bbox: Annotated[tuple[Longitude, Latitude, Longitude, Latitude] | None, _numbers(4)] = Field(
        None, description="west,south,east,north in degrees; west may exceed east across the date line."
    )
    near: Annotated[tuple[Latitude, Longitude] | None, _numbers(2)] = Field(None, description="lat,lon in degrees.")
    radius: float = Field(50.0, gt=0, le=MAX_RADIUS_KM, description="Kilometres around `near`.")
    person: Names = Field((), description="A person, by full name or by words of it in order.")
    organisation: Names = Field((), description="An organisation, likewise.")
    source: Names = Field((), description="The outlet's short name.")
    language: Names = Field((), description="BCP 47 tags.")
    since: OptionalTimestamp = Field(None, alias="from", description="Earliest time (ISO 8601), inclusive.")
    until: OptionalTimestamp = Field(None, alias="to", description="Latest time, exclusive.")
    cluster: Annotated[str, Field(max_length=200)] | None = Field(None, description="Id of a cluster of copies.")

    @field_validator("country")
    @classmethod
    def _upper(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(code.upper() for code in value)

    @field_validator("q")
    @classmethod
    def _readable(cls, value: str) -> str:
        parse(value)
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        if self.bbox is not None and self.bbox[1] > self.bbox[3]:
            raise ValueError("bbox: south lies north of north")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("from is not before to")
        return self

    def parsed(self) -> ParsedQuery:
        """The text query taken apart; words that are in every article are left out unless there are no others."""
        return _telling(parse(self.q))


def _telling(parsed: ParsedQuery) -> ParsedQuery:
    """Without stop words: the index has none, so what requires one («و في عدن») would never be found."""

    def tells(operand: Operand) -> bool:
        return bool(analyzer("ar_exact").terms(operand.text))

    words = parsed.words if any(tells(Operand(word, phrase=False)) for word in parsed.words) else ()
    choices = (tuple(filter(tells, choice)) for choice in parsed.required)
    required = tuple(choice for choice in choices if choice)
    asked = parsed.words or parsed.required
    return parsed if asked and not (words or required) else ParsedQuery(words, required, parsed.excluded)


class SearchRequest(Filters):
    """One page of hits."""

    sort: Literal["relevance", "time"] = Field("relevance", description="Best first, or newest first.")
    size: int = Field(10, ge=1, le=MAX_SIZE, description="Hits on a page.")
    fold: bool = Field(True, description="Show each story once: of its copies, the one that sorts first.")
    copies: int = Field(0, ge=0, le=20, description="With fold: how many copies to list beneath each hit.")
    cursor: Annotated[str, Field(max_length=2000)] | None = Field(None, description="`next` of the former page.")

    @model_validator(mode="after")
    def _sound_cursor(self) -> SearchRequest:
        position = self.position()
        if position is None:
            return self
        fits = isinstance(position, int) if self.fold else isinstance(position, list)
        if not fits or (isinstance(position, list) and len(position) != (3 if self.scored() else 2)):
            raise ValueError("cursor: belongs to a search with other options")
        return self

    def position(self) -> int | list[Any] | None:
        """Where this page begins: after so many hits (folded), or after the hit with these sort values."""
        return None if self.cursor is None else read_cursor(self.cursor)

    def scored(self) -> bool:
        """Whether hits are sorted by score: without a text query all score the same."""
        return self.sort == "relevance" and not self.parsed().empty


def write_cursor(position: int | list[Any]) -> str:
    """An opaque mark of where a page ended: a count of hits, or the sort values of the last one."""
    data = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_cursor(cursor: str) -> int | list[Any]:
    """Undo `write_cursor`.

    Raises:
        ValueError: it was not made by it.
    """
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise ValueError("cursor: was not made by an earlier answer") from error
    if type(position) is int and 0 <= position <= MAX_FOLDED:
        return position
    if isinstance(position, list) and len(position) in {2, 3} and _are_sort_values(position):
        return position
    raise ValueError("cursor: was not made by an earlier answer")


def _are_sort_values(values: list[Any]) -> bool:
    """Whether they are numbers and at last an id, as `sort_order` has them; NaN is within no bounds."""
    *numbers, name = values
    return isinstance(name, str) and all(type(v) in {int, float} and -(2**63) <= v < 2**63 for v in numbers)
