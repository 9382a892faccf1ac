"""Parameters of a search: one model for the command, the API, the live feed and exports."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from streams.records import Article, OptionalTimestamp
from streams.search.cross_script import read_as
from streams.search.syntax import Note, ParsedQuery, parse
from streams.search.times import read_time, read_zone
from streams.search.wanted import WantedText, has_families, is_question, plain_words, selects, wanted_text
from streams.words.terms import joined

MAX_SIZE = 100
MAX_FOLDED = 1000
MAX_RADIUS_KM = 5000.0
# The URL of a request, at most 64 KiB, holds about that many names.
MAX_OUTLETS = 2000


def _numbers(count: int) -> BeforeValidator:
    def read(value: object) -> object:
        if isinstance(value, list | tuple) and len(value) == 1:  # a query string's parameter, as a list of one
            value = value[0]
        if isinstance(value, str):
            parts = value.split(",")
            if len(parts) != count:
                raise ValueError(f"needs {count} numbers separated by commas")
            return tuple(part.strip() for part in parts)
        return value

    return BeforeValidator(read)


def _full_time(value: object, info: ValidationInfo) -> object:
    # `zone` is missing from the data if it was refused, which is reported by itself.
    return read_time(value, info.data.get("zone", "UTC")) if isinstance(value, str) else value


Moment = Annotated[
    OptionalTimestamp, BeforeValidator(_full_time), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]})
]


ARTICLE_FIELDS = tuple(Article.model_fields)


def read_names(value: tuple[str, ...], known: Sequence[str], what: str) -> tuple[str, ...]:
    """Return names that are comma-separated or repeated, one by one.

    Raises:
        ValueError: one is not in `known`, or is given twice.
    """
    names = tuple(part.strip() for item in value for part in item.split(",") if part.strip())
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"unknown {what} {unknown[0]!r:.60}; known: {', '.join(known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"a {what} is given twice")
    return names


Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(default=(), max_length=20)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class Filters(BaseModel):
    """Selects articles. An article must pass every filter given; of several values of one filter, it needs only one."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid")

    _relaxed: bool = PrivateAttr(default=False)
    _outlets: tuple[str, ...] | None = PrivateAttr(default=None)

    q: str = Field(
        "",
        max_length=500,
        description="Words, «phrases», =exact words, beginnings*, -excluded words, أو (OR), fields (title:word).",
        examples=['"مجلس الأمن" اليمن أو ليبيا -رياضة'],
    )
    cross_script: bool = Field(
        True, description="Whether a name in `q` is searched for in the other script, too: Macron finds ماكرون."
    )
    place: Names = Field(
        (),
        description="Places named in the article, or lying in one of this name: a name in Arabic or Latin letters, a "
        "geonameid, or a path like EG/القاهرة. In double quotes, a name as the facet counts it.",
    )
    country: Names = Field((), description="Countries named in the article, as ISO 3166-1 alpha-2 codes.")
    bbox: Annotated[tuple[Longitude, Latitude, Longitude, Latitude] | None, _numbers(4)] = Field(
        None,
        description="Box around a place named in the article: west,south,east,north in degrees. "
        "West exceeds east across the antimeridian.",
    )
    near: Annotated[tuple[Latitude, Longitude] | None, _numbers(2)] = Field(
        None, description="Point near a place named in the article: lat,lon in degrees. See `radius`."
    )
    radius: float = Field(50.0, gt=0, le=MAX_RADIUS_KM, description="Greatest distance from `near`, in kilometres.")
    person: Names = Field(
        (),
        description="Persons named in the article: consecutive words of a name, or, in double quotes, a whole name as "
        "the facet counts it.",
        examples=[["سلمان بن عبدالعزيز"]],
    )
    organisation: Names = Field((), description="Organisations named in the article, as for `person`.")
    said_by: Names = Field(
        (),
        description="Persons and organisations whose words the article quotes or reports (`quotes`), as for `person`.",
        examples=[["سلمان بن عبدالعزيز"]],
    )
    source: Annotated[tuple[Name, ...], Field(max_length=MAX_OUTLETS)] = Field(
        (), description="Outlets, by their short names."
    )
    collection: Names = Field(
        (), description="Collections of watched sources: articles of the outlets that these have at the time."
    )
    author: Names = Field((), description="Authors in the byline: a full name, or consecutive words of one.")
    language: Names = Field((), description="Languages of the article, as BCP 47 tags.")
    zone: str = Field(
        "UTC",
        max_length=40,
        description="Time zone in which days begin, of times without an offset, and of the intervals of a timeline: a "
        "name in the tz database such as Asia/Riyadh, or an offset such as +03:00.",
    )
    since: Moment = Field(
        None,
        alias="from",
        description="Earliest time of publication (else of fetching), inclusive: ISO 8601 (2024-02-03 is the beginning "
        "of this day in `zone`), or relative to now: -90s, -30m, -1h, -7d, -2w, now, today, yesterday.",
        examples=["-1h"],
    )
    until: Moment = Field(
        None, alias="to", description="Latest time of publication, exclusive; as `from`.", examples=["now"]
    )
    cluster: Annotated[str, Field(max_length=200)] | None = Field(None, description="Id of a cluster of copies.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        read_zone(value)
        return value

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
            raise ValueError("bbox: south exceeds north")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("from must be before to")
        return self

    def parameters(self) -> list[tuple[str, str]]:
        """Return the filters that are set as the parameters of an address, in the order of the fields."""
        pairs: list[tuple[str, str]] = []
        for name, value in self.model_dump(mode="json", by_alias=True, exclude_defaults=True).items():
            if name in {"bbox", "near"} and isinstance(value, list):
                pairs.append((name, ",".join(map(str, value))))
            else:
                pairs += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
        return pairs

    def wanted(self) -> WantedText:
        """Return what the text query wants of an article."""
        return self._wanted(relaxed=self._relaxed)

    def _wanted(self, *, relaxed: bool) -> WantedText:
        question = is_question(self.q)
        return wanted_text(self.parsed(), question=question, relaxed=relaxed, cross_script=self.cross_script)

    def read_as(self) -> dict[str, list[str]]:
        """Return the Arabic names that words of the text query in Latin letters are searched as, too."""
        return read_as(plain_words(self.parsed())) if self.cross_script else {}

    def relax(self) -> Self | None:
        """Return the same search with fewer words needed, or None if it cannot need fewer."""
        if self._relaxed or self._wanted(relaxed=True).needed >= self.wanted().needed:
            return None
        relaxed = self.model_copy()
        relaxed._relaxed = True
        return relaxed

    def within(self, outlets: Collection[str]) -> Self:
        """Return the same search with the outlets that its collections have."""
        resolved = self.model_copy()
        resolved._outlets = tuple(sorted(outlets))
        return resolved

    @property
    def outlets(self) -> tuple[str, ...]:
        """The outlets of the collections, as `within` was told.

        Raises:
            ValueError: it was not called.
        """
        if self._outlets is None:
            raise ValueError("the collections of this search were not resolved; see streams.search.source_scope")
        return self._outlets

    @property
    def relaxed(self) -> bool:
        """Whether fewer words are needed, because no article has enough."""
        return self._relaxed

    @property
    def notes(self) -> tuple[Note, ...]:
        """What of the text query was not understood, as sentences."""
        return parse(self.q).notes

    def parsed(self) -> ParsedQuery:
        """Parse the text query.

        Stop words are left out unless it has no other words. What articles print as one word or as two
        («عبد الرحمن») is one of its words.
        """
        return _parsed(self.q)


F = TypeVar("F", bound=Filters)


@lru_cache(maxsize=1024)
def _parsed(q: str) -> ParsedQuery:
    parsed = parse(q)
    return _without_stop_words(replace(parsed, words=tuple(joined(parsed.words))))


def _without_stop_words(parsed: ParsedQuery) -> ParsedQuery:
    """Drop words that are stop words unless there are no others: requiring one would select at random."""
    words = parsed.words if any(has_families(word) for word in parsed.words) else ()
    choices = (tuple(filter(selects, choice)) for choice in parsed.required)
    required = tuple(choice for choice in choices if choice)
    asked = parsed.words or parsed.required
    return parsed if asked and not (words or required) else replace(parsed, words=words, required=required)


class SearchRequest(Filters):
    """Filters, and the order and size of a page of hits."""

    sort: Literal["relevance", "time"] = Field("relevance", description="Order: most relevant or newest first.")
    size: int = Field(10, ge=1, le=MAX_SIZE, description="Maximum number of hits on the page.")
    fold: bool = Field(
        True, description="Collapse copies: show only the first in sort order of the articles in a cluster."
    )
    copies: int = Field(0, ge=0, le=20, description="With `fold`: maximum number of copies to list with each hit.")
    cursor: Annotated[str, Field(max_length=2000)] | None = Field(
        None, description="Continue after an earlier page: the value of its `next`."
    )
    explain: bool = Field(
        False, description="Explain with each hit which words of the query matched which forms in it."
    )
    suggest: bool = Field(True, description="With few hits, return queries that may have been meant (`did_you_mean`).")
    fields: tuple[str, ...] = Field(
        (),
        max_length=len(ARTICLE_FIELDS),
        description="Return only these fields of each article, comma-separated or repeated. Default: all.",
        examples=["id,title,published_at"],
    )

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return read_names(value, ARTICLE_FIELDS, "field")

    @model_validator(mode="after")
    def _sound_cursor(self) -> SearchRequest:
        position = self.position()
        if position is None:
            return self
        fits = isinstance(position, int) if self.fold else isinstance(position, list)
        if not fits or (isinstance(position, list) and len(position) != (3 if self.scored() else 2)):
            raise ValueError("cursor: it belongs to a search with other options")
        return self

    def corrected(self, q: str) -> SearchRequest | None:
        """Return the same search with another text query, or None if that has too many words."""
        try:
            parse(q)
        except ValueError:
            return None
        return self.model_copy(update={"q": q})

    def position(self) -> int | list[Any] | None:
        """Return where the page starts: after a number of hits (folded), or after a hit's sort values. None: at 0."""
        return None if self.cursor is None else read_cursor(self.cursor)

    def scored(self) -> bool:
        """Return whether hits are sorted by score. Without a text query they are not, as all scores are equal."""
        return self.sort == "relevance" and not self.parsed().empty


def write_cursor(position: int | list[Any]) -> str:
    """Encode the end of a page, a number of hits or the sort values of the last one, as an opaque string."""
    data = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_cursor(cursor: str) -> int | list[Any]:
    """Decode the result of `write_cursor`.

    Raises:
        ValueError: it is not such a result.
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
    """Return whether these are numbers followed by an id, as in `sort_order`. NaN fails the comparison."""
    *numbers, name = values
    return isinstance(name, str) and all(type(v) in {int, float} and -(2**63) <= v < 2**63 for v in numbers)
