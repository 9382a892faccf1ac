"""What a name means to the filter `place`."""

import pytest

from streams.search.places import places_named
from streams.words.places import paths, place_key
from tests.support.articles import article

CAIRO = "EG/القاهرة/القاهرة"


@pytest.mark.parametrize("name", ["القاهرة", "القاهره", "Cairo", "CAIRO", "Le Caire"])
def test_spellings_and_scripts_of_a_town_mean_it_with_its_quarters(name: str) -> None:
    found = places_named(name)
    assert CAIRO in found
    assert "EG/القاهرة/ميدان التحرير" in found


def test_a_country_and_a_division_mean_all_that_is_in_them() -> None:
    assert "LB" in places_named("لبنان")
    assert places_named("جنوب لبنان") == ("LB/لبنان الجنوبي",)
    assert places_named("UAE") == ("AE",)


def test_a_name_of_two_towns_means_both() -> None:
    found = places_named("Tripoli")
    assert {path.partition("/")[0] for path in found} >= {"LB", "LY"}


def test_a_port_lies_in_the_town_that_it_is_named_after() -> None:
    assert "SA/مكة المكرمة/ميناء جدة الإسلامي" in places_named("جدة")


def test_an_unknown_name_means_nothing() -> None:
    assert places_named("لا مكان له") == places_named("") == places_named("…") == ()
    assert place_key("  São   Paulo! ") == "sao paulo"


def test_the_paths_of_a_place_lead_down_to_it() -> None:
    fields = {"kind": "city", "lat": 30, "lon": 31, "confidence": 1, "mentions": []}
    places = article(
        places=[
            {"name": "القاهرة", "country": "EG", "division": "القاهرة", **fields},
            {"name": "البحر الأحمر", **(fields | {"kind": "water"})},
            {"name": "مصر", "country": "EG", **(fields | {"kind": "country"})},
        ]
    ).places
    assert [list(paths(place)) for place in places] == [["EG", "EG/القاهرة", CAIRO], ["-/البحر الأحمر"], ["EG"]]
