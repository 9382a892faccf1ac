"""The compiled file and its sources agree, and hold what the project promises."""

from __future__ import annotations

import gzip

import orjson
import pytest

from agents.geotag import sources
from agents.geotag.build import build, fold_name
from agents.geotag.gazetteer import PATH, Gazetteer, kind_of
from agents.geotag.resolve import Geotagger

LEAGUE = sorted(sources.ARAB - {"IL", "EH"})


def test_the_shipped_file_is_what_the_sources_make() -> None:
    assert build() == PATH.read_bytes(), "run `python -m agents.geotag.build`"


def test_every_country_has_its_arabic_name(geotagger: Geotagger) -> None:
    for iso, name in sources.cldr_territories().items():
        if iso in {"UN", "EU", "EZ", "ZZ", "XA", "XB", "QO"} or iso not in sources.country_ids():
            continue
        found = [geotagger.gazetteer.places[s.place] for s in geotagger.gazetteer.senses(fold_name(name))]
        if iso in _listed():
            assert any(entry.country == iso and entry.kind == "country" for entry in found), (iso, name)


def _listed() -> set[str]:
    return {row["iso"] for row in sources.read_table("countries.csv")}


@pytest.mark.parametrize("iso", [*LEAGUE, "IR", "TR", "IL"])
def test_first_level_divisions_are_there(iso: str) -> None:
    ours = {row.admin1 for row in sources.divisions() if row.country == iso}
    # GeoNames files a few places under 00 or nothing, and settlements of the West Bank under WE.
    theirs = {c.admin1 for c in sources.cities() if c.country == iso} - {"", "00"} - ({"WE"} if iso == "IL" else set())
    assert theirs - ours - {"07" if iso == "DJ" else ""} == set()


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
