"""Types of the records' fields: times in UTC, optional text, addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema


def _as_utc(value: datetime) -> datetime:
    """Read a time without a zone as UTC: scrapers print it so, and guessing a zone would invent information."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is outside the years 1 to 9999 in UTC") from error


def _with_zone(value: datetime) -> datetime:
    """Read a time without a zone as UTC, and keep the offset of one that has it: it tells the outlet's day."""
    utc = _as_utc(value)
    return utc if value.tzinfo is None else value


def iso_time(value: datetime) -> str:
    """Write a time as all records do: `2024-02-03T04:05:06Z`, with milliseconds where it has any.

    Only raw records have times that are not in UTC; those end in their offset, `+03:00`.
    """
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds").replace("+00:00", "Z")


def blank_to_none(value: object) -> object:
    """Read a blank string as null."""
    return None if isinstance(value, str) and not value.strip() else value


def media_type(value: object) -> object:
    """Reduce a media type as HTTP servers send it (`Text/HTML; charset=utf-8`) to the bare type."""
    return value.partition(";")[0].strip().lower() or None if isinstance(value, str) else value


Timestamp = Annotated[
    datetime,
    AfterValidator(_as_utc),
    PlainSerializer(iso_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time in UTC; one without a zone is read as UTC."""
OptionalTimestamp = Annotated[Timestamp | None, BeforeValidator(blank_to_none)]
"""A time in UTC, or null; a blank string is null."""
OptionalLocalTimestamp = Annotated[
    Annotated[
        datetime,
        AfterValidator(_with_zone),
        PlainSerializer(iso_time, return_type=str, when_used="json"),
        WithJsonSchema({"type": "string", "format": "date-time"}),
    ]
    | None,
    BeforeValidator(blank_to_none),
]
"""A time with its offset from UTC, or null; one without a zone is read as UTC, a blank string is null."""
OptionalText = Annotated[str | None, BeforeValidator(blank_to_none)]
"""Text, or null; a blank string is null."""


_URL_EDGES = "".join(map(chr, range(33)))  # C0 controls and the space
_LINE_BREAK_RE = re.compile(r"[\t\n\r]+")
_SPACE_RE = re.compile(r"\s")


def _check_url(value: str) -> str:
    """Normalise an address as browsers do (WHATWG URL): trim, drop line breaks, percent-encode inner spaces.

    Raises:
        ValueError: it is not an absolute http, https, file or urn URL.
    """
    value = _LINE_BREAK_RE.sub("", value.strip(_URL_EDGES))
    scheme, separator, rest = value.partition(":")
    host = re.split(r"[/?#]", rest.removeprefix("//"), maxsplit=1)[0]
    if not separator or not rest or _SPACE_RE.search(scheme + host) is not None:
        raise ValueError("is not a URL")
    web = scheme.lower() in {"http", "https"} and rest.startswith("//") and host
    if not web and scheme.lower() not in {"file", "urn"}:
        raise ValueError("is not an http, https, file or urn URL")
    return _SPACE_RE.sub(lambda space: quote(space.group()), value)


Url = Annotated[str, Field(min_length=5, max_length=8192), AfterValidator(_check_url)]
"""An absolute http, https, file or urn URL, normalised as browsers do."""
