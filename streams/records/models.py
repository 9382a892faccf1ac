"""The records on the wire. `rasd schema` writes their JSON Schemas into docs/schemas/.

`RawArticle` is what comes in; one may hold several articles. `Article` is what every stage from `clean` on reads and
writes: each stage fills its own fields, and after `geotag` it is the enriched document that readers see.

Readers are tolerant: a record, except a raw one, keeps fields that this version does not know, at any depth, and writes
them out again unchanged. While releases run side by side, an older worker therefore neither refuses nor strips what a
newer one wrote. In turn, a field that is added is left out of the wire while it is empty, because releases up to 0.1.0
refuse it.

All offsets count Unicode code points of `Article.body`, half-open: `body[start:end] == text`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, PrivateAttr

from streams.errors import Reason, Rejected
from streams.records.fields import (
    OptionalLocalTimestamp,
    OptionalText,
    OptionalTimestamp,
    Timestamp,
    Url,
    blank_to_none,
    media_type,
)
from streams.records.lenient import (
    FieldNote,
    as_media_type,
    as_people,
    as_text,
    as_time,
    charset_of_bytes,
    is_no_page,
    tolerant,
)


class Record(BaseModel):
    """Base of everything on the wire. Keeps unknown fields."""

    model_config = ConfigDict(extra="allow", ser_json_bytes="utf8", populate_by_name=True)

    def to_json(self) -> bytes:
        """Return the record as it goes onto the wire: UTF-8 JSON without insignificant whitespace."""
        return self.model_dump_json().encode()


class RawArticle(Record):
    """One scraped page as it arrived. The field names of SaudiNewsNet dumps are taken as they are.

    `decode` reads optional fields leniently (`streams.records.lenient`): a list of authors, an integer as id, a time in
    RFC 822. One that it cannot read costs that field, with a note in the article's `trace.clean.notes`.
    """

    # Cleaning makes new records of a page, so there is nothing to pass a scraper's further fields on with.
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    url: Url = Field(description="Address of the page: http, https, file or urn.")
    source: Annotated[str, Field(min_length=1, max_length=200, description="The outlet's short name.")]
    content: Annotated[
        str,
        Field(description="The page: text, HTML, or base64 of its bytes when `encoding` is given."),
    ]
    content_type: Annotated[
        Literal["text/plain", "text/html"] | None,
        BeforeValidator(media_type),
        tolerant(as_media_type, essential=is_no_page),
    ] = Field(default=None, description="If null, detected from the content.")
    encoding: Annotated[OptionalText, tolerant(as_text), charset_of_bytes] = Field(
        default=None,
        max_length=40,
        description="Charset of the bytes in `content`, which is then base64. `auto`: detect it.",
    )
    title: Annotated[OptionalText, tolerant(as_text)] = Field(
        default=None, description="Headline, if the scraper knows it; it takes precedence over the page's."
    )
    author: Annotated[OptionalText, tolerant(as_people)] = Field(
        default=None, description="Author's name, if the scraper knows it."
    )
    published_at: Annotated[OptionalLocalTimestamp, tolerant(as_time)] = Field(
        default=None,
        description="Time of publication, if the scraper knows it; UTC when it has no offset. Relative days of the text"
        " («أمس») are counted from its day at its own offset.",
    )
    fetched_at: Annotated[OptionalTimestamp, tolerant(as_time)] = Field(
        default=None,
        validation_alias=AliasChoices("fetched_at", "date_extracted"),
        description="Time of the fetch; UTC when it has no offset.",
    )
    id: Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(blank_to_none), tolerant(as_text)] = (
        Field(
            default=None,
            description="The scraper's own id of the page, if it has one. Where an article's id would exceed 512 bytes,"
            " a hash stands for it.",
        )
    )
    provenance: Annotated[dict[str, str] | None, tolerant()] = Field(
        default=None,
        exclude_if=lambda value: not value,
        description="Where the page was kept before: record id and payload digest of a WARC file, for example.",
    )
    extra: Annotated[dict[str, Any], tolerant(lambda value: {} if value is None else value, lost=dict)] = Field(
        default_factory=dict, description="Anything else; not used."
    )

    _notes: tuple[FieldNote, ...] = PrivateAttr(default=())

    @property
    def notes(self) -> tuple[FieldNote, ...]:
        """What was unusual in the record's fields when it was decoded."""
        return self._notes

    def with_notes(self, notes: Iterable[FieldNote]) -> Self:
        """Return the record with these notes added."""
        self._notes = (*self._notes, *notes)
        return self

    def content_bytes(self) -> bytes | None:
        """Return the page's bytes, or None when `content` is text.

        Raises:
            Rejected: `encoding` is given and `content` is not base64.
        """
        if self.encoding is None:
            return None
        try:
            return base64.b64decode("".join(self.content.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Rejected(
                Reason.BAD_ENCODING, f"content has encoding {self.encoding!r} but is not base64: {error}"
            ) from error


class Caption(Record):
    """A picture's caption, listed once however often the page repeats it."""

    text: str = Field(description="The caption without its credit.")
    credit: str | None = Field(default=None, description="Photographer or agency, as printed.")


class DateMention(Record):
    """A date named in the body."""

    text: str = Field(description="The mention as it stands in the body.")
    start: int = Field(description="Offset of its first code point in the body.")
    end: int = Field(description="Offset after its last code point.")
    date: str = Field(description="ISO 8601 date, or its known part (2023-10, --01-20).")
    disagrees: bool = Field(
        default=False,
        description="True when the mention gives the day in two calendars, or by two month names, that do not agree;"
        " `date` is then the Gregorian one, or the first of two Gregorian ones.",
    )


class Cluster(Record):
    """The story that the article belongs to, and how it relates to the story's first copy."""

    id: str = Field(description="Id of the cluster.")
    relation: Literal["first", "exact", "near", "contains", "update"] = Field(
        description="`first`: no earlier copy is known; `exact`: the same words; `near`: nearly the same; `contains`:"
        " one text is part of the other; `update`: nearly the same, from the same outlet under a similar URL."
    )
    score: float = Field(ge=0, le=1, description="Similarity to the canonical article.")
    canonical_id: str = Field(description="Id of the copy that arrived first.")
    size: int | None = Field(default=None, description="Copies known when this one was clustered, itself included.")
    decision: int = Field(
        default=0,
        ge=0,
        description="Sequence number of the clustering decision; of two about one article, the greater holds.",
    )


class ClusterMove(Record):
    """The new cluster of an article that was clustered before: an earlier copy arrived after it."""

    id: str = Field(description="Id of the article.")
    cluster: Cluster = Field(description="Its new cluster.")


class Entity(Record):
    """One mention of a person, location or organisation in the body."""

    text: str = Field(description="The mention as it stands in the body.")
    type: Literal["PER", "LOC", "ORG"] = Field(description="Person, location or organisation.")
    start: int = Field(description="Offset of its first code point in the body.")
    end: int = Field(description="Offset after its last code point.")
    score: float = Field(ge=0, le=1, description="The tagger's confidence.")
    name: str = Field(description="Normalised form that groups the mentions of one entity.")


class Quote(Record):
    """Speech that the body quotes or reports."""

    text: str = Field(description="What was said, as it stands in the body, without its quotation marks.")
    speaker: str | None = Field(
        default=None,
        description="Who said it: the `name` of a person or organisation in `entities`; null if the body names none.",
    )
    start: int = Field(description="Offset of its first code point in the body.")
    end: int = Field(description="Offset after its last code point.")
    verb: str = Field(description="The word that reports it, without «و» and «ف» before it: قال, مؤكدا, بحسب.")


class Span(Record):
    """Offsets of one mention."""

    start: int = Field(description="Offset of its first code point in the body.")
    end: int = Field(description="Offset after its last code point.")


PlaceKind = Literal["country", "division", "city", "region", "poi", "water"]
"""What a place is; `poi` is a point of interest."""


class Place(Record):
    """A geographical place that the body names."""

    name: str = Field(description="Arabic name.")
    name_en: str | None = Field(default=None, description="English name.")
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2.")
    division: str | None = Field(
        default=None,
        description="Arabic name of the first-level division that it lies in; null where unknown, and for divisions, "
        "countries, regions and waters.",
    )
    kind: PlaceKind = Field(description="`poi` is a point of interest, such as a border crossing or a dam.")
    lat: float = Field(ge=-90, le=90, description="Latitude, degrees.")
    lon: float = Field(ge=-180, le=180, description="Longitude, degrees.")
    geonameid: int | None = Field(
        default=None, description="Id in GeoNames; null for a place that GeoNames does not have."
    )
    confidence: float = Field(ge=0, le=1, description="How certain it is that the text means this place.")
    mentions: list[Span] = Field(description="Where the body names it.")


class GeoPoint(Record):
    """A point, as Elasticsearch's geo_point takes it."""

    lat: float = Field(description="Latitude, degrees.")
    lon: float = Field(description="Longitude, degrees.")


class RemovedText(Record):
    """Text of the page that cleaning left out of the body."""

    text: str = Field(description="The text as it stood on the page.")
    reason: str = Field(description="Name of the rule that removed it (docs/explanation/cleaning.md).")


class MainPlace(Record):
    """Where the story is set: the place that the article names most often, and first."""

    name: str = Field(description="Arabic name.")
    name_en: str | None = Field(default=None, description="English name.")
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2.")
    division: str | None = Field(default=None, description="Arabic name of the first-level division that it lies in.")
    kind: PlaceKind = Field(description="As in `places`.")
    point: GeoPoint = Field(description="Its coordinates.")


class StageTrace(Record):
    """Which version of a stage processed the article, where, and how long it took."""

    version: str = Field(description="Version of the stage.")
    seconds: float = Field(description="Processing time, seconds.")
    worker: str = Field(description="Host name and process id of the worker.")
    removed: list[RemovedText] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Text that cleaning removed, in page order; only with RASD_EXPLAIN.",
    )
    notes: list[str] | None = Field(
        default=None,
        exclude_if=lambda value: not value,
        description="Fields of the raw record that could not be read as they were, one sentence each.",
    )


class Article(Record):
    """One article. Fields of stages that it has not reached yet are null or empty."""

    # The longest id in bytes of UTF-8, as Elasticsearch limits `_id`.
    MAX_ID_BYTES: ClassVar[int] = 512

    id: str = Field(description="Stable: the same article sent twice has the same id.")
    url: Url = Field(description="Address of the page it came from.")
    source: str = Field(description="The outlet's short name.")
    language: str = Field(description="Detected language: `ar`, else a BCP 47 tag; `und` when undetermined.")
    title: str | None = Field(default=None, description="Headline.")
    subtitle: str | None = Field(default=None, description="Kicker or second headline.")
    byline: str | None = Field(default=None, description="Author's name alone.")
    dateline: str | None = Field(default=None, description="Place of the dateline alone.")
    agencies: list[str] = Field(default_factory=list, description="News agencies credited, as printed.")
    body: str = Field(min_length=1, description="Display text; one newline separates paragraphs.")
    captions: list[Caption] = Field(default_factory=list, description="Captions of its pictures.")
    published_at: OptionalTimestamp = Field(default=None, description="Time of publication; null when unknown.")
    fetched_at: OptionalTimestamp = Field(default=None, description="Time of the fetch; null when unknown.")
    ingested_at: Timestamp = Field(description="Time of its arrival in articles.raw.")
    dates: list[DateMention] = Field(default_factory=list, description="Dates that the body names.")
    cluster: Cluster | None = Field(default=None, description="Its cluster; null before clustering.")
    entities: list[Entity] = Field(
        default_factory=list, description="Mentions of persons, locations and organisations in the body."
    )
    quotes: list[Quote] = Field(
        default_factory=list,
        exclude_if=lambda value: not value,
        description="Speech that the body quotes or reports, with its speakers.",
    )
    places: list[Place] = Field(
        default_factory=list, description="Geographical places that the body names, one entry each."
    )
    geo: list[GeoPoint] = Field(default_factory=list, description="Points of all places.")
    main_place: MainPlace | None = Field(default=None, description="Null when no place is certain enough.")
    annotations: dict[str, JsonValue] = Field(
        default_factory=dict,
        exclude_if=lambda value: not value,
        description="What plugin stages add, by stage. Kept in the index but not searchable unless mapped.",
    )
    provenance: dict[str, str] | None = Field(
        default=None,
        exclude_if=lambda value: not value,
        description="Where the page was kept before, from the raw record.",
    )
    trace: dict[str, StageTrace] = Field(default_factory=dict, description="What each stage did to it, by stage.")

    @property
    def appeared_at(self) -> datetime:
        """When it was published, if known; else when it was fetched, else when it was ingested."""
        return self.published_at or self.fetched_at or self.ingested_at

    @property
    def listed_at(self) -> datetime:
        """The time that results are sorted and filtered by: when it appeared, but not later than it was ingested.

        An outlet with a wrong clock would otherwise stand above all others for as long as it is ahead.
        """
        return min(self.appeared_at, self.ingested_at)

    def annotated(self, stage: str, value: JsonValue) -> Self:
        """Return a copy with `value` as the annotation of `stage`, instead of an earlier one."""
        return self.model_copy(update={"annotations": {**self.annotations, stage: value}})


class Fingerprint(Record):
    """What clustering keeps of an article's text.

    Lists of hashes are little-endian integers in base64. Add new fields at the end: the stored state holds the values
    by position.
    """

    algorithm: str = Field(description="Algorithm and its version; only equal ones are compared.")
    exact: str = Field(description="Hash of the normalised words of the text.")
    words: int = Field(default=0, ge=0, description="Words of the text.")
    runs: int = Field(default=0, ge=0, description="Distinct pairs of words that are not stock phrases.")
    signature: str = Field(default="", description="MinHash of runs of words, 32 bits a permutation.")
    sketch: str = Field(default="", description="The smallest hashes of pairs of words, ascending, 16 bits each.")
    numbers: str = Field(default="", description="Hashes of the distinct numbers of the text, 16 bits each.")
    weekdays: int = Field(default=0, ge=0, lt=128, description="Days of the week it names, Saturday the lowest bit.")
    family: str = Field(default="", description="Hash of outlet and URL without its variable parts.")
    quarters: str = Field(
        default="",
        description="Quarter of the text of each hash in `sketch`, 2 bits each, to a whole byte; then, 16 bits each, "
        "the numbers in words (bits: 3 to 9, then 20 to 90) and hashes of the distinct names of the text.",
    )
    hour: int | None = Field(default=None, description="When the article appeared, in hours since the epoch.")


class FingerprintedArticle(Article):
    """An article on its way to clustering."""

    fingerprint: Fingerprint = Field(description="What clustering compares.")

    def article(self) -> Article:
        """Return the article without its fingerprint, unknown fields included."""
        fields = {name: getattr(self, name) for name in Article.model_fields}
        return Article.model_construct(**fields, **(self.model_extra or {}))
