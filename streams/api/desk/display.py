"""How a reader wants things shown: language, digits, calendar, theme, time zone. Texts come from messages/*.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from hijridate import Gregorian
from markupsafe import Markup, escape

LANGUAGES = ("ar", "en")
COOKIE = "rasd-display"
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_NAMES = {"ar": "العربية", "en": "English"}
# What a reader may choose of each preference; the first is the default.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("auto", "light", "dark", "contrast"),
    "digits": ("auto", "arab", "latn"),
    "calendar": ("gregorian", "both"),
    "zone": (
        "UTC",
        "Africa/Casablanca",
        "Africa/Algiers",
        "Africa/Tunis",
        "Africa/Tripoli",
        "Africa/Cairo",
        "Africa/Khartoum",
        "Asia/Beirut",
        "Asia/Amman",
        "Asia/Damascus",
        "Asia/Baghdad",
        "Asia/Riyadh",
        "Asia/Dubai",
        "Europe/London",
        "Europe/Paris",
    ),
}
Message = str | Mapping[str, str]


@cache
def messages(language: str) -> Mapping[str, Message]:
    """Return the texts of a language: a string, or one for each plural form of CLDR."""
    return tomllib.loads(files(__package__).joinpath("messages", f"{language}.toml").read_text(encoding="utf-8"))


def preferred_language(accept_language: str) -> str:
    """Return the language of the desk that an Accept-Language header prefers; Arabic if it names neither."""
    weighed = []
    for position, part in enumerate(accept_language[:1000].split(",")):
        tag, _, quality = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if primary in LANGUAGES and weight > 0:
            weighed.append((-weight, position, primary))
    return min(weighed)[2] if weighed else LANGUAGES[0]


def read_preferences(cookie: str | None) -> dict[str, str]:
    """Read the cookie made by `write_preferences`; whatever is not a valid choice becomes the default."""
    given = dict(part.partition("=")[::2] for part in unquote(cookie or "")[:500].split("&"))
    return {name: given[name] if given.get(name) in options else options[0] for name, options in CHOICES.items()}


def write_preferences(chosen: Mapping[str, str]) -> str:
    """Encode preferences as the value of a cookie."""
    return quote("&".join(f"{name}={chosen[name]}" for name in CHOICES), safe="")


# A view formats hundreds of numbers and times, most of which the next one shows again: those of its timeline.
@lru_cache(maxsize=20_000)
def _decimal(value: float, locale: str) -> str:
    return format_decimal(value, locale=locale, numbering_system="default")


@lru_cache(maxsize=20_000)
def _datetime(local: datetime, pattern: str, language: str) -> str:
    return format_datetime(local, pattern, locale=language)


@cache
def _locale(language: str) -> Locale:
    return Locale(language)


@dataclass(frozen=True)
class Display:
    """Formats texts, numbers and times for a reader. Texts of articles are never changed.

    Attributes:
        language: `ar` or `en`.
        preferences: a choice for each name in `CHOICES`.
        now: the moment that durations are counted to.
    """

    language: str
    preferences: Mapping[str, str]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return "rtl" if self.language == "ar" else "ltr"

    @property
    def other_language(self) -> tuple[str, str]:
        """Code and own name of the other language."""
        other = LANGUAGES[1 - LANGUAGES.index(self.language)]
        return other, _NAMES[other]

    @property
    def arabic_digits(self) -> bool:
        """Whether numbers of the interface are shown in Arabic-Indic digits."""
        digits = self.preferences["digits"]
        return digits == "arab" or (digits == "auto" and self.language == "ar")

    def digits(self, text: str) -> str:
        """Replace ASCII digits by Arabic-Indic ones, if the reader wants them."""
        return text.translate(_ARABIC_DIGITS) if self.arabic_digits else text

    def number(self, value: float) -> str:
        """Format a number with thousands separators."""
        # A locale whose separators fit the digits.
        locale = "ar_EG" if self.arabic_digits else "en"
        return self.digits(_decimal(value, locale))

    def percent(self, share: float) -> str:
        """Format a share, 0 to 1, with the digits that tell it from its neighbours."""
        value = share * 100
        return self.number(round(value, 1 if value >= 1 else 3)) + ("٪" if self.arabic_digits else "%")

    def has(self, key: str) -> bool:
        """Whether there is a message of this name."""
        return key in messages(self.language)

    def text(self, key: str, count: float | None = None, **values: object) -> Markup:
        """Return a message.

        Args:
            key: its name in messages/*.toml.
            count: chooses the plural form, and is `{n}`.
            values: what else it names. Each is escaped and isolated, as its direction is not known.

        Raises:
            KeyError: there is no such message.
        """
        message = messages(self.language)[key]
        if not isinstance(message, str):
            form = _locale(self.language).plural_form(count or 0)
            message = message.get(form, message["other"])
        shown = {name: Markup("<bdi>{}</bdi>").format(value) for name, value in values.items()}
        if count is not None:
            shown["n"] = escape(self.number(count))
        return Markup(escape(message)).format(**shown)  # noqa: S704  (escaped)

    def plain(self, key: str, count: float | None = None, **values: object) -> str:
        """Return a message for an attribute: the same without markup; values are isolated by control characters."""
        message = messages(self.language)[key]
        if not isinstance(message, str):
            message = message.get(_locale(self.language).plural_form(count or 0), message["other"])
        shown = {name: f"\u2068{value}\u2069" for name, value in values.items()}
        if count is not None:
            shown["n"] = self.number(count)
        return message.format(**shown)

    def local(self, moment: datetime) -> datetime:
        """Return the moment in the reader's time zone."""
        return moment.astimezone(ZoneInfo(self.preferences["zone"]))

    def moment(self, moment: datetime, pattern: str = "d MMMM y، HH:mm") -> str:
        """Format a moment in the reader's zone, with its Hijri date where chosen.

        Args:
            moment: what to format.
            pattern: of CLDR, with the Arabic comma, which English gets as its own.
        """
        local = self.local(moment)
        if self.language == "en":
            pattern = pattern.replace("،", ",")
        shown = _datetime(local.replace(tzinfo=None), pattern, self.language)
        if self.preferences["calendar"] == "both" and "y" in pattern:
            shown += f" ({self.hijri(local)})"
        return self.digits(shown)

    def date(self, named: str) -> str:
        """Format a date, or the part of it that a text names.

        Args:
            named: ISO 8601, or its known part: 2023-10-05, 2023-10, 2023, --10-05.
        """
        # A day without its year is read in one that has a 29 February.
        readings = ((named, "d MMMM y"), (f"{named}-01", "MMMM y"), (f"2000-{named.removeprefix('--')}", "d MMMM"))
        for whole, pattern in readings:
            try:
                return self.digits(_datetime(datetime.fromisoformat(whole), pattern, self.language))
            except ValueError:
                continue
        return self.digits(named)

    def hijri(self, moment: datetime) -> str:
        """Format the day of a moment in the calendar of Umm al-Qura; empty beyond its tables."""
        try:
            day = Gregorian(moment.year, moment.month, moment.day).to_hijri()
        except OverflowError:
            return ""
        suffix = "هـ" if self.language == "ar" else "AH"
        return self.digits(f"{day.day} {day.month_name('ar' if self.language == 'ar' else 'en')} {day.year} {suffix}")

    def ago(self, moment: datetime) -> str:
        """Format how long ago a moment was («قبل 5 دقائق»); a date after a week."""
        passed = moment - self.now
        if passed < timedelta(days=-7):
            return self.moment(moment, "d MMMM y")
        if abs(passed) < timedelta(minutes=1):
            return self.plain("just_now")
        return self.digits(format_timedelta(passed, add_direction=True, threshold=1.2, locale=self.language))

    def duration(self, seconds: float) -> str:
        """Format a duration («5 دقائق»)."""
        return self.digits(format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=self.language))

    def language_name(self, tag: str) -> str:
        """Return the name of a language by its BCP 47 tag, or the tag."""
        names: Any = _locale(self.language).languages
        return str(names.get(tag.replace("-", "_")) or names.get(tag.partition("-")[0].lower()) or tag)

    def direction_of(self, tag: str) -> str:
        """Return the direction of texts in a language (BCP 47): `rtl` or `ltr`, or `auto` if it is not known."""
        try:
            return "auto" if tag == "und" else Locale.parse(tag, sep="-").text_direction
        except (ValueError, UnknownLocaleError):
            return "auto"

    def country_name(self, code: str) -> str:
        """Return the name of a country by its ISO 3166-1 alpha-2 code, or the code."""
        names: Any = _locale(self.language).territories
        return str(names.get(code, code))

    def place_name(self, path: str) -> str:
        """Return the name of a place and its country, by the path that `streams.words.places.path_of` made.

        The place's own name is in Arabic, as the path has it. It is isolated, as the country's name may not be.
        """
        country, *parts = path.split("/")
        if country == "-":
            return "".join(parts[-1:])
        names = [*(f"\u2068{part}\u2069" for part in parts[-1:]), self.country_name(country)]
        return ("، " if self.language == "ar" else ", ").join(names)
