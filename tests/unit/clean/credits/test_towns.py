"""The table of towns is what its program makes of GeoNames."""

from agents.clean.build import towns
from agents.clean.credits.name_tables import names


def test_the_table_is_up_to_date() -> None:
    assert towns.build() == towns.PATH.read_text(encoding="utf-8"), "make towns"


def test_large_towns_and_capitals_are_told_from_villages() -> None:
    rows = dict(row.split(",") for row in towns.PATH.read_text(encoding="utf-8").splitlines()[1:])
    assert len(rows) > 20_000
    assert rows["القاهره"] == rows["جيبوتي"] == "1"
    assert not rows["الهرمل"]
    assert {"القاهره", "جيبوتي"} <= names().cities
    assert "الهرمل" in names().places
    assert "الهرمل" not in names().cities
