"""Read optional fields of raw records in the forms that crawlers really write. Pure.

Each function returns the value in the form that the record's schema takes, or the value unchanged where it knows no
better; the schema then decides. A field that stays unreadable costs that field and leaves a `FieldNote`, not the
record (`FieldNotes`). Records that are made in code are checked strictly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core.core_schema import ValidationInfo

# Separates the names of several authors, as Arabic papers print them.
AND = "، "
# Times outside of these years are placeholders (0001-01-01) or damage, not times of news or of a fetch.
YEARS = range(1900, 2200)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # what programs write for "no time": the zero of Unix
_SHOWN = 200

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_INVISIBLE_RE = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff]")
_UNTEXT_RE = re.compile("[\x00\ud800-\udfff]")
_SURROGATE_PAIR_RE = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?"
_CLOCK = (
    r"(?:[T ,،|\-–]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"\s*(?P<half>[aApP]\.?[mM]\.?|ص|م)?)?"
)
_DAY_FIRST_RE = re.compile(rf"(?P<day>\d{{1,2}})([/.\-])(?P<month>\d{{1,2}})\2(?P<year>\d{{4}}){_CLOCK}\s*{_ZONE}")
_YEAR_FIRST_RE = re.compile(rf"(?P<year>\d{{4}})([/.\-])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_CLOCK}\s*{_ZONE}")
_COMPACT_RE = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?:T?(?P<clock>\d{4}|\d{6})Z?)?")
_ZONE_NAME_RE = re.compile(r"\[[\w/+-]+\]$")  # 2024-03-05T10:30:00+03:00[Asia/Riyadh], as Java writes it
_MEDIA_TYPES = {
    "application/xhtml+xml": "text/html", "application/xhtml": "text/html", "text/xhtml": "text/html",
    "application/vnd.wap.xhtml+xml": "text/html", "html": "text/html", "xhtml": "text/html", "text": "text/plain",
    "plain": "text/plain", "txt": "text/plain",
}  # fmt: skip
# Content of these types is no page, whatever stands in it.
_NO_PAGE_RE = re.compile(r"(?:image|audio|video|font)/|application/(?:pdf|zip|gzip|msword|vnd\.)")


@dataclass(frozen=True, slots=True)
class FieldNote:
    """What happened to one field of a record that was not as it should be.

    Attributes:
        field: name of the field.
        value: the value as it was written.
        problem: what is wrong with it, or how it was read.
        lost: whether the record was read without the field.
    """

    field: str
    value: Any
    problem: str
    lost: bool = True

    def __str__(self) -> str:
        """Return the note in one line, with the beginning of the value."""
        printed = " ".join(str(self.value).split())
        shown = printed if len(printed) <= _SHOWN else f"{printed[:_SHOWN]}…"
        return f"{self.field}: {self.problem}: {shown}" if shown else f"{self.field}: {self.problem}"


@dataclass(slots=True)
class FieldNotes:
    """Collects the notes of one record while it is read: the validation context of a tolerant reader."""

    notes: list[FieldNote] = field(default_factory=list)

    def add(self, name: str | None, value: object, problem: str, *, lost: bool = True) -> None:
        """Add a note about a field."""
        self.notes.append(FieldNote(name or "", value, problem, lost))


def tolerant(
    convert: Callable[[object], object] = lambda value: value,
    *,
    essential: Callable[[object], bool] | None = None,
    lost: Callable[[], object] = lambda: None,
) -> WrapValidator:
    """Make a validator that reads a field leniently when a record is decoded, and strictly when one is made in code.

    Args:
        convert: brings the value into the form of the schema.
        essential: says of a value that the record must be refused with it, even by a tolerant reader.
        lost: makes the value that stands for one that cannot be read.
    """

    def validate(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        notes = info.context
        if not isinstance(notes, FieldNotes):
            return handler(value)
        try:
            return handler(convert(value))
        except (ValidationError, ValueError) as error:
            if essential is not None and essential(value):
                raise
            notes.add(info.field_name, value, _problem(error))
            return lost()

    return WrapValidator(validate)


def _charset(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """Drop the charset of a content that is text already: base64 has no letter beyond ASCII."""
    content = info.data.get("content")
    if isinstance(info.context, FieldNotes) and value and isinstance(content, str) and not content.isascii():
        info.context.add(info.field_name, value, "content is text, not base64, and needs no encoding")
        return None
    return handler(value)


charset_of_bytes = WrapValidator(_charset)
"""Validates `RawArticle.encoding`, whose field must stand after `content`."""


def _problem(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        message: str = error.errors(include_url=False, include_input=False)[0]["msg"]
        return message.removeprefix("Value error, ")
    return str(error)


def is_no_page(value: object) -> bool:
    """Return whether a content type says that the content is no page: a picture, a PDF file."""
    return isinstance(value, str) and _NO_PAGE_RE.match(value.strip().lower()) is not None


def as_media_type(value: object) -> object:
    """Reduce a media type as HTTP servers send it to `text/html` or `text/plain`; null for types that say neither.

    Raises:
        ValueError: it is no media type that a page may have; the content is then examined instead.
    """
    if not isinstance(value, str):
        return value
    bare = value.partition(";")[0].strip().lower()
    bare = _MEDIA_TYPES.get(bare, bare)
    if bare and bare not in {"text/html", "text/plain"} and not is_no_page(bare):
        raise ValueError("is not text/html or text/plain; the content decides")
    return bare or None


def as_text(value: object) -> object:
    """Read a list of one text, `{"rendered": text}` and numbers as text."""
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("rendered", "text", "name", "$oid", "value") if name in value), value)
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) else value


def as_people(value: object) -> object:
    """Read one or several authors: texts, `{"name": text}`, lists of either. Several are joined with «، »."""
    names = list(dict.fromkeys(name for name in _names(value) if name))
    return AND.join(names) if names or isinstance(value, list | tuple | Mapping) else value


def _names(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (" ".join(line.split()) for line in value.splitlines())
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _names(each)
    elif isinstance(value, Mapping):
        yield from _names(next((value[name] for name in ("name", "full_name", "display_name") if name in value), None))


def as_time(value: object) -> object:
    """Read a time as crawlers write it: ISO 8601 and its variants, RFC 822, day first, Unix time, `{"$date": …}`.

    Digits may be Arabic. Of 05/03/2024, the first number is the day, as everywhere in the Arab world, unless only the
    second can be.

    Returns:
        A time, or the value unchanged.

    Raises:
        ValueError: it is a placeholder: the zero of Unix, or a year that no news is of.
    """
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping):
        named = next((value[name] for name in ("$date", "$numberLong") if name in value), None)
        return value if named is None else as_time(named)
    if isinstance(value, bool):
        raise ValueError("is not a time")  # noqa: TRY004  (pydantic turns a ValueError into a field's fault)
    if isinstance(value, int | float):
        return _checked(_compact(str(value)) or _from_unix(value))
    if not isinstance(value, str):
        return value
    text = _INVISIBLE_RE.sub("", value).translate(_DIGITS).strip()
    if not text:
        return None
    found = _read_time(_ZONE_NAME_RE.sub("", text))
    return value if found is None else _checked(found)


def _checked(time: datetime) -> datetime:
    # A program that adds its zone to the zero writes an hour beside it.
    if time.year not in YEARS or abs(time.replace(tzinfo=time.tzinfo or UTC) - _UNSET) < timedelta(days=1):
        raise ValueError("is a placeholder, not a time")
    return time


def _read_time(text: str) -> datetime | None:
    if (found := _compact(text)) is not None:
        return found
    if re.fullmatch(r"-?\d{1,17}(?:\.\d+)?", text):
        return _from_unix(float(text))
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    match = _YEAR_FIRST_RE.fullmatch(text) or _DAY_FIRST_RE.fullmatch(text)
    return _from_parts(match) if match is not None else None


def _compact(text: str) -> datetime | None:
    match = _COMPACT_RE.fullmatch(text)
    if match is None:
        return None
    try:
        day = datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=UTC)
    except ValueError:
        return None
    clock = (match["clock"] or "").ljust(6, "0")
    try:
        return day.replace(hour=int(clock[:2]), minute=int(clock[2:4]), second=int(clock[4:]))
    except ValueError:
        return None


def _from_unix(number: float) -> datetime:
    """Read Unix time in seconds, or in the thousandths and millionths that some programs count.

    Raises:
        ValueError: it is out of range.
    """
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if abs(number) < 1e11 * unit:
            try:
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / unit)
            except OverflowError:
                break
    raise ValueError("is not a time")


def _from_parts(match: re.Match[str]) -> datetime | None:
    day, month = int(match["day"]), int(match["month"])
    if month > 12 >= day:
        day, month = month, day
    hour = int(match["hour"] or 0)
    if half := (match["half"] or "").lower():
        hour = hour % 12 + (12 if half[0] in "pم" else 0)
    zone = match["zone"]
    try:
        return datetime(
            int(match["year"]), month, day, hour, int(match["minute"] or 0), int(match["second"] or 0),
            tzinfo=_offset(zone) if zone else None,
        )  # fmt: skip
    except ValueError:
        return None


def _offset(zone: str) -> timezone:
    if zone in {"Z", "UTC", "GMT"}:
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def without_untext(value: Any, notes: FieldNotes, name: str = "") -> Any:
    """Remove what no text can hold, NUL and halves of surrogate pairs, from all texts of a JSON value.

    Args:
        value: the value, as `json.loads` returns it.
        notes: gets a note for each field that lost something.
        name: the field that the value is of.
    """
    if isinstance(value, str):
        if _UNTEXT_RE.search(value) is None:
            return value
        whole = _SURROGATE_PAIR_RE.sub(
            lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), value
        )
        text, removed = _UNTEXT_RE.subn("", whole)
        if removed:
            what = "character that is no text was" if removed == 1 else "characters that are no text were"
            notes.add(name, "", f"{removed} {what} removed", lost=False)
        return text
    if isinstance(value, list):
        return [without_untext(each, notes, name) for each in value]
    if isinstance(value, dict):
        # Nested names do not matter to who reads the note: it names the record's field.
        return {
            without_untext(key, notes, name): without_untext(each, notes, name or key) for key, each in value.items()
        }
    return value
