"""The compiled file and its sources agree, and hold what the project promises."""

from __future__ import annotations

import gzip

import orjson
import pytest

from agents.geotag.build import sources
from agents.geotag.build.compile import build, normalise_name
from agents.geotag.gazetteer import PATH, Gazetteer, kind_of
from agents.geotag.geotagger import Geotagger
from agents.geotag.tables import read_table

LEAGUE = sorted(sources.ARAB - {"IL", "EH"})


def test_the_shipped_file_is_what_the_sources_make() -> None:
    built = build()
    assert built[3:8] == bytes(5), "neither a file name nor a time in the header, so that two builds are equal"
    # Not the compressed bytes: those depend on the zlib that Python was built with.
    assert gzip.decompress(built) == gzip.decompress(PATH.read_bytes()), "run `make gazetteer`"


def test_every_country_has_its_arabic_name(geotagger: Geotagger) -> None:
    listed = {row["iso"] for row in read_table("countries.csv")}
    names = sources.cldr_territories()
    assert listed <= set(names)
    assert len(listed) > 230
    for iso in listed:
        found = [geotagger.gazetteer.places[s.place] for s in geotagger.gazetteer.senses(normalise_name(names[iso]))]
        assert any(entry.country == iso and entry.kind == "country" for entry in found), (iso, names[iso])


@pytest.fixture(scope="module")
def admin1() -> dict[str, set[str]]:
    """GeoNames' division codes of each country; read once, for it takes seconds."""
    codes: dict[str, set[str]] = {}
    for city in sources.cities():
        codes.setdefault(city.country, set()).add(city.admin1)
    return codes


@pytest.mark.parametrize("iso", [*LEAGUE, "IR", "TR", "IL"])
def test_first_level_divisions_are_there(iso: str, admin1: dict[str, set[str]]) -> None:
    ours = {row.admin1 for row in sources.divisions() if row.country == iso}
    # GeoNames files a few places under 00 or nothing, and settlements of the West Bank under WE.
    theirs = admin1[iso] - {"", "00"} - ({"WE"} if iso == "IL" else set())
    assert theirs - ours == set()


@pytest.mark.parametrize(
    ("iso", "name_en", "shown"),
    [
        ("EG", "Alexandria", "الإسكندرية"),
        ("DZ", "Chlef", "الشلف"),
        ("QA", "Al Manşūrah", "المنصورة"),
        ("JO", "Amman", "عمّان"),
    ],
)
def test_names_are_shown_as_papers_print_them(geotagger: Geotagger, iso: str, name_en: str, shown: str) -> None:
    (found,) = {p.name for p in geotagger.gazetteer.places if (p.country, p.name_en, p.kind) == (iso, name_en, "city")}
    assert found == shown


def test_a_name_that_is_only_shown_is_no_name_to_look_for(geotagger: Geotagger) -> None:
    places = geotagger.gazetteer.places
    for word in ("عنه", "حرير"):
        assert "city" not in {places[sense.place].kind for sense in geotagger.gazetteer.senses(normalise_name(word))}


def test_tables_are_well_formed() -> None:
    for row in (*sources.divisions(), *sources.supplement()):
        assert row.name == row.name.strip()
        kind_of(row.kind)
        if row.lat is not None and row.lon is not None:
            assert -90 <= row.lat <= 90
            assert -180 <= row.lon <= 180
        assert "(" not in "".join((row.name, *row.variants))
        assert len(set(row.variants)) == len(row.variants), row.name


def test_another_format_is_refused() -> None:
    data = orjson.loads(gzip.decompress(PATH.read_bytes()))
    data["format"] += 1
    with pytest.raises(ValueError, match="build it anew"):
        Gazetteer(gzip.compress(orjson.dumps(data)))


def test_towns_of_listed_countries_have_a_division(geotagger: Geotagger) -> None:
    places = geotagger.gazetteer.places
    for iso in [*LEAGUE, "IR", "TR", "IL"]:
        towns = [entry for entry in places if entry.country == iso and entry.kind == "city"]
        without = [entry.name for entry in towns if entry.division is None]
        assert len(without) <= 0.1 * len(towns), (iso, without)
        for entry in towns:
            if entry.division is not None:
                assert places[entry.division].country == iso
                assert places[entry.division].kind == "division"
