"""Texts, plural forms, digits, dates and preferences."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from babel import Locale

from streams.alerts.records import DeliveryState
from streams.alerts.standing_search import KINDS
from streams.api.desk.display import (
    CHOICES,
    LANGUAGES,
    Display,
    messages,
    preferred_language,
    read_preferences,
    write_preferences,
)
from streams.search.syntax import NOTES
from streams.sources.watch.health import Verdict

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_FIELD = re.compile(r"\{(\w+)\}")


def _display(language: str = "ar", **chosen: str) -> Display:
    return Display(language, read_preferences(None) | chosen, NOW)


def test_both_languages_have_the_same_messages() -> None:
    assert set(messages("ar")) == set(messages("en"))
    for key, message in messages("ar").items():
        other = messages("en")[key]
        assert isinstance(message, str) == isinstance(other, str), key
        if isinstance(message, str) and isinstance(other, str):
            assert set(_FIELD.findall(message)) == set(_FIELD.findall(other)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_counted_messages_have_every_plural_form(language: str) -> None:
    # CLDR's `other` is not among the rules, as it is what no rule is for.
    forms = set(Locale(language).plural_form.rules) | {"other"}
    for key, message in messages(language).items():
        if not isinstance(message, str):
            assert set(message) == forms, key


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "لا مقالات"),
        (1, "مقال واحد"),
        (2, "مقالان"),
        (3, "٣ مقالات"),
        (11, "١١ مقالاً"),
        (100, "١٠٠ مقال"),
        (1203, "١٬٢٠٣ مقالات"),
    ],
)
def test_arabic_counts_agree(count: int, shown: str) -> None:
    assert _display().text("articles", count) == shown


@pytest.mark.parametrize(
    ("path", "arabic", "english"),
    [
        ("EG/جنوب سيناء/نويبع", "\u2068نويبع\u2069، مصر", "\u2068نويبع\u2069, Egypt"),
        ("KW", "الكويت", "Kuwait"),
        ("-/نهر النيل", "نهر النيل", "نهر النيل"),
    ],
)
def test_a_place_is_shown_with_its_country(path: str, arabic: str, english: str) -> None:
    assert _display().place_name(path) == arabic
    assert _display("en").place_name(path) == english


def test_every_language_has_a_name_or_its_tag() -> None:
    tags = ("en", "ar-MA", "und", "zxx", "x")
    assert [_display("en").language_name(tag) for tag in tags] == [
        "English",
        "Arabic",
        "Unknown language",
        "No linguistic content",
        "x",
    ]
    assert _display().language_name("und") == "لغة غير معروفة"


def test_a_text_stands_as_its_language_is_written() -> None:
    tags = ("ar", "fa-AF", "en", "und", "x")
    assert [_display("en").direction_of(tag) for tag in tags] == ["rtl", "rtl", "ltr", "auto", "auto"]


def test_digits_are_the_readers_choice() -> None:
    assert _display().number(12345.5) == "١٢٬٣٤٥٫٥"
    assert _display(digits="latn").number(12345.5) == "12,345.5"
    assert _display("en").number(12345.5) == "12,345.5"
    assert _display("en", digits="arab").number(7) == "٧"


def test_values_in_texts_are_escaped_and_isolated() -> None:
    assert _display("en").text("first_seen_at", source="<b>&") == "First at <bdi>&lt;b&gt;&amp;</bdi>"
    assert _display("en").plain("filter_remove", value="{0}") == "Remove \u2068{0}\u2069"


def test_times_are_local_and_hijri_where_chosen() -> None:
    moment = datetime(2026, 2, 28, 22, 30, tzinfo=UTC)
    assert _display("en").moment(moment) == "28 February 2026, 22:30"
    assert _display("en", zone="Asia/Riyadh").moment(moment) == "1 March 2026, 01:30"
    assert _display(zone="Asia/Riyadh", calendar="both", digits="latn").moment(moment) == (
        "1 مارس 2026، 01:30 (12 رمضان 1447 هـ)"
    )
    assert "(" not in _display(calendar="both").moment(datetime(2300, 1, 1, tzinfo=UTC)).replace("()", "")


def test_how_long_ago() -> None:
    assert _display().ago(NOW - timedelta(minutes=5)) == "قبل ٥ دقائق"
    assert _display("en").ago(NOW - timedelta(seconds=20)) == "now"
    assert _display("en").ago(NOW - timedelta(days=30)) == "30 January 2026"


def test_preferences_survive_their_cookie_and_ignore_what_is_none() -> None:
    chosen = {name: options[-1] for name, options in CHOICES.items()}
    assert read_preferences(write_preferences(chosen)) == chosen
    defaults = {name: options[0] for name, options in CHOICES.items()}
    assert read_preferences("theme%3D%22%3E%3Cscript%3E%26digits%3Dromans") == defaults
    assert read_preferences(None) == defaults


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ar"),
        ("fr", "ar"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5,ar;q=0.8", "ar"),
        ("en;q=0,fr", "ar"),
        ("en;q=x", "ar"),
    ],
)
def test_the_first_language_is_the_browsers(header: str, language: str) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(("kind", "sentence"), NOTES.items())
def test_notes_on_a_query_say_the_same_as_the_api(kind: str, sentence: str) -> None:
    assert messages("en")[f"note_{kind}"] == sentence
    assert isinstance(messages("ar")[f"note_{kind}"], str)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_api_names_has_a_text(language: str) -> None:
    shown = Display(language, read_preferences(None))
    relations = ("first", "exact", "near", "contains", "update")
    kinds = [f"kind_{kind}" for kind in KINDS] + [f"delivery_{state}" for state in get_args(DeliveryState)]
    for key in [
        *kinds,
        *(f"{what}_{verdict}" for what in ("verdict", "advice") for verdict in Verdict),
        *(f"relation_{relation}" for relation in relations),
        *(f"note_{kind}" for kind in NOTES),
    ]:
        assert shown.has(key), key
    assert not shown.has("verdict_unheard_of")


@pytest.mark.parametrize(
    ("named", "arabic", "english"),
    [
        ("2026-01-10", "١٠ يناير ٢٠٢٦", "10 January 2026"),
        ("--01-10", "١٠ يناير", "10 January"),
        ("--02-29", "٢٩ فبراير", "29 February"),
        ("2023-10", "أكتوبر ٢٠٢٣", "October 2023"),
        ("2023", "٢٠٢٣", "2023"),
        ("--13-40", "--١٣-٤٠", "--13-40"),
    ],
)
def test_the_known_part_of_a_date_is_shown_as_one_reads_it(named: str, arabic: str, english: str) -> None:
    assert (_display("ar").date(named), _display("en").date(named)) == (arabic, english)
