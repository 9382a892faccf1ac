"""Finding names: clitics, boundaries, vowel signs."""

from __future__ import annotations

import pytest

from agents.geotag.geotagger import Geotagger
from agents.geotag.name_scan import NameScanner, contradicts, letters_to_points, odd_shadda


@pytest.fixture
def matcher(geotagger: Geotagger) -> NameScanner:
    return NameScanner(geotagger.gazetteer)


@pytest.mark.parametrize(
    ("word", "name", "printed"),
    [
        ("ببغداد", "بغداد", "بغداد"),
        ("وبغداد", "بغداد", "بغداد"),
        ("وللكويت", "الكويت", "لكويت"),
        ("للبنان", "لبنان", "لبنان"),
        ("بـبغداد", "بغداد", "بغداد"),
        ("وَبَغداد", "بغداد", "بَغداد"),
        ("لبنان", "لبنان", "لبنان"),
    ],
)
def test_clitics(matcher: NameScanner, word: str, name: str, printed: str) -> None:
    text = f"قيل {word} أمس"
    (match,) = matcher.scan(text).matches
    hits = {hit.name: text[hit.start : match.end] for hit in match.hits}
    assert hits[name] == printed


def test_both_readings_are_kept(matcher: NameScanner) -> None:
    (match,) = matcher.scan("وجدة").matches
    assert {hit.name for hit in match.hits} == {"وجده", "جده"}


def test_longest_name_first(matcher: NameScanner) -> None:
    (match,) = matcher.scan("في دير الزور").matches
    assert match.hits[0].name == "دير الزور"


@pytest.mark.parametrize("text", ["دير، الزور", "دير\nالزور", "دير (الزور)"])
def test_names_stop_at_signs_and_lines(matcher: NameScanner, text: str) -> None:
    assert all(hit.name != "دير الزور" for match in matcher.scan(text).matches for hit in match.hits)


def test_names_are_whole_words(matcher: NameScanner) -> None:
    assert matcher.scan("بغداديون ومصريات").matches == []


def test_vowel_signs() -> None:
    assert contradicts("عُمان", "عَمّان")
    assert contradicts("عمّان", "عُمان")
    assert not contradicts("عمان", "عُمان")
    assert odd_shadda("تدمّر")
    assert not odd_shadda("الرّياض")
    assert not odd_shadda("سوريّة")


def test_letters_to_points() -> None:
    assert letters_to_points("وَبِبغداد", 2) == 4
    assert letters_to_points("بـجدة", 1) == 2
