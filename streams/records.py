"""The records on the wire. JSON Schemas of both stand in docs/schemas/ (`rasd schema` writes them).

`RawArticle` is what comes in; one may hold several articles. `Article` is what every stage from `clean` on reads and
writes: each stage fills its own fields, and after `geotag` it is the enriched document that readers see.

All offsets count Unicode code points of `Article.body`, half-open: `body[start:end] == text`.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import from_json

from streams.errors import Reason, Rejected


def _as_utc(value: datetime) -> datetime:
    """Read a time without a zone as UTC: scrapers print it so, and guessing a zone would invent information."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from error


def iso_time(value: datetime) -> str:
    """A time in UTC as all records write it: `2024-02-03T04:05:06Z`, with milliseconds where it has any."""
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _media_type(value: object) -> object:
    """`Text/HTML; charset=utf-8` as HTTP servers send it, reduced to the bare type."""
    return value.partition(";")[0].strip().lower() or None if isinstance(value, str) else value


Timestamp = Annotated[
    datetime,
    AfterValidator(_as_utc),
    PlainSerializer(iso_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
OptionalTimestamp = Annotated[Timestamp | None, BeforeValidator(_blank_to_none)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_to_none)]


_URL_EDGES = "".join(map(chr, range(33)))  # C0 controls and the space
_LINE_BREAK_RE = re.compile(r"[\t\n\r]+")
_SPACE_RE = re.compile(r"\s")


def _check_url(value: str) -> str:
    """The address as browsers take it (WHATWG URL): trimmed, without line breaks, its inner spaces percent-encoded."""
    value = _LINE_BREAK_RE.sub("", value.strip(_URL_EDGES))
    scheme, separator, rest = value.partition(":")
    host = re.split(r"[/?#]", rest.removeprefix("//"), maxsplit=1)[0]
    if not separator or not rest or _SPACE_RE.search(scheme + host) is not None:
        raise ValueError("is no URL")
    web = scheme.lower() in {"http", "https"} and rest.startswith("//") and host
    if not web and scheme.lower() not in {"file", "urn"}:
        raise ValueError("is no http, https, file or urn URL")
    return _SPACE_RE.sub(lambda space: quote(space.group()), value)


Url = Annotated[str, Field(min_length=5, max_length=8192), AfterValidator(_check_url)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_bytes="utf8", populate_by_name=True)

    def to_json(self) -> bytes:
        """The record as it goes onto the wire: UTF-8 JSON without spaces."""
        return self.model_dump_json().encode()


class RawArticle(_Record):
    """One scraped page as it arrived. The field names of SaudiNewsNet dumps are taken as they are."""

    # A scraper may send more than we know of; that is no reason to refuse its page.
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    url: Url
    source: Annotated[str, Field(min_length=1, max_length=200, description="The outlet's short name.")]
    content: Annotated[
        str,
        Field(description="The page: text, HTML, or base64 of its bytes when `encoding` is given."),
    ]
    content_type: Annotated[Literal["text/plain", "text/html"] | None, BeforeValidator(_media_type)] = Field(
        default=None, description="Null: told from the content."
    )
    encoding: OptionalText = Field(
        default=None,
        max_length=40,
        description="Charset of the bytes in `content`, which is then base64. `auto`: detect it.",
    )
    title: OptionalText = None
    author: OptionalText = None
    published_at: OptionalTimestamp = None
    fetched_at: OptionalTimestamp = Field(default=None, validation_alias=AliasChoices("fetched_at", "date_extracted"))
    id: Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_blank_to_none)] = None
    extra: dict[str, Any] = Field(default_factory=dict)

    def content_bytes(self) -> bytes | None:
        """The page's bytes when it came in an encoding, else None.

        Raises:
            Rejected: `encoding` is given and `content` is not base64.
        """
        if self.encoding is None:
            return None
        try:
            return base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Rejected(
                Reason.BAD_ENCODING, f"content has encoding {self.encoding!r} but is not base64: {error}"
            ) from error


class Caption(_Record):
    """A picture's caption, once however often the page repeats it."""

    text: str
    credit: str | None = None


class DateMention(_Record):
    """A date named in the body."""

    text: str
    start: int
    end: int
    date: str = Field(description="ISO 8601 date, or its known part (2023-10, --01-20).")
    disagrees: bool = Field(
        default=False,
        description="The mention names the day in two calendars, or by two month names, that do not agree; `date` is"
        " the Gregorian one, or the first of two Gregorian ones.",
    )


class Cluster(_Record):
    """Which story the article is a copy of."""

    id: str
    relation: Literal["first", "exact", "near", "contains", "update"]
    score: float = Field(ge=0, le=1, description="Similarity to the canonical article.")
    canonical_id: str = Field(description="Id of the copy that came first.")
    size: int | None = Field(default=None, description="Copies known when this one was looked up, itself included.")
    decision: int = Field(
        default=0,
        ge=0,
        description="Grows with every decision of the look-up: of two about one article, the greater holds.",
    )


class ClusterMove(_Record):
    """An article that was looked up before now belongs to another cluster: an earlier copy arrived after it."""

    id: str = Field(description="Of the article.")
    cluster: Cluster


class Entity(_Record):
    """One mention of a person, place or organisation in the body."""

    text: str
    type: Literal["PER", "LOC", "ORG"]
    start: int
    end: int
    score: float = Field(ge=0, le=1)
    name: str = Field(description="Normalised form that groups the mentions of one entity.")


class Span(_Record):
    """Offsets of one mention."""

    start: int
    end: int


PlaceKind = Literal["country", "division", "city", "region", "poi", "water"]


class Place(_Record):
    """One place of the world that the body names."""

    name: str
    name_en: str | None = None
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2.")
    division: str | None = Field(
        default=None,
        description="Arabic name of the first-level division that it lies in; null where unknown, and for divisions, "
        "countries, regions and waters.",
    )
    kind: PlaceKind
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    geonameid: int | None = None
    confidence: float = Field(ge=0, le=1)
    mentions: list[Span]


class GeoPoint(_Record):
    """A point, as Elasticsearch's geo_point takes it."""

    lat: float
    lon: float


class RemovedText(_Record):
    """Text of the page that is not in the body."""

    text: str
    reason: str = Field(description="Name of the rule that took it (docs/explanation/cleaning.md).")


class MainPlace(_Record):
    """Where the story is set: of its places, the one named most and first."""

    name: str
    name_en: str | None = None
    country: str | None = None
    division: str | None = None
    kind: PlaceKind
    point: GeoPoint


class StageTrace(_Record):
    """What one stage did to this article."""

    version: str
    seconds: float
    worker: str
    removed: list[RemovedText] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="What cleaning took from the page, in page order; only when asked for (RASD_EXPLAIN).",
    )


class Article(_Record):
    """One article. Fields of stages that it has not passed yet are null or empty."""

    id: str = Field(description="Stable: the same article sent twice has the same id.")
    url: Url
    source: str
    language: str = Field(description="Detected: ar, else a BCP 47 tag, und when undecided.")
    title: str | None = None
    subtitle: str | None = None
    byline: str | None = None
    dateline: str | None = None
    agencies: list[str] = Field(default_factory=list)
    body: str = Field(min_length=1, description="Display text, paragraphs parted by one newline.")
    captions: list[Caption] = Field(default_factory=list)
    published_at: OptionalTimestamp = None
    fetched_at: OptionalTimestamp = None
    ingested_at: Timestamp
    dates: list[DateMention] = Field(default_factory=list)
    cluster: Cluster | None = None
    entities: list[Entity] = Field(default_factory=list)
    places: list[Place] = Field(default_factory=list)
    geo: list[GeoPoint] = Field(default_factory=list, description="The points of all places.")
    main_place: MainPlace | None = Field(default=None, description="Null when no place is sure enough.")
    trace: dict[str, StageTrace] = Field(default_factory=dict)

    @property
    def appeared_at(self) -> datetime:
        """When it was published, as far as that is known: else when it was fetched, else when it came in here."""
        return self.published_at or self.fetched_at or self.ingested_at


class Fingerprint(_Record):
    """What the look-up needs to know of an article, and no more.

    Lists of hashes are little-endian integers in base64. New fields go to the end: stored states hold the values alone.
    """

    algorithm: str = Field(description="Name and version; only equal ones are compared.")
    exact: str = Field(description="Hash of the folded words of the text.")
    words: int = Field(default=0, ge=0, description="Words of the text.")
    runs: int = Field(default=0, ge=0, description="Distinct pairs of words that are no formulas.")
    signature: str = Field(default="", description="MinHash of runs of words, 32 bits a permutation.")
    sketch: str = Field(default="", description="The smallest hashes of pairs of words, ascending, 16 bits each.")
    numbers: str = Field(default="", description="Hashes of the distinct numbers of the text, 16 bits each.")
    weekdays: int = Field(default=0, ge=0, lt=128, description="Days of the week it names, Saturday the lowest bit.")
    family: str = Field(default="", description="Hash of outlet and URL without its variable parts.")
    quarters: str = Field(default="", description="Quarter of the text of each hash in `sketch`, 2 bits each.")
    hour: int | None = Field(default=None, description="When the article appeared, hours since the epoch.")


class FingerprintedArticle(Article):
    """An article on its way to the cluster look-up."""

    fingerprint: Fingerprint

    def article(self) -> Article:
        """The article without its fingerprint."""
        return Article.model_construct(**{name: getattr(self, name) for name in Article.model_fields})


R = TypeVar("R", bound=_Record)


def decode(model: type[R], data: bytes) -> R:
    """Read one record from the wire.

    Raises:
        Rejected: not UTF-8, not JSON, or not of this schema; the detail names the first field at fault.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Rejected(Reason.NOT_JSON, _json_fault(data, str(first["ctx"]["error"]))) from error
        where = ".".join(str(part) for part in first["loc"]) or "record"
        raise Rejected(Reason.BAD_SCHEMA, f"{where}: {first['msg']}") from error


def _json_fault(data: bytes, fallback: str) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8"
    try:
        from_json(data)
    except ValueError as error:
        return str(error)
    return fallback
