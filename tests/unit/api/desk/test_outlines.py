"""The outlines of countries, and how they are made."""

from __future__ import annotations

import json
from importlib.resources import files

from streams.api.desk.build.__main__ import compile_outlines


def test_points_that_fall_together_are_one_and_borders_stay_shared() -> None:
    topology = {
        "transform": {"scale": [0.01, 0.01], "translate": [10, 20]},
        "arcs": [[[0, 0], [1, 1], [99, 99]], [[100, 100], [5, 0]]],
        "objects": {"countries": {"geometries": [{"type": "Polygon", "id": "400", "arcs": [[0, 1]]}]}},
    }
    made = compile_outlines(topology)
    assert made["arcs"] == [[(200, 400), (20, 20)], [(220, 420), (1, 0)]]
    assert made["objects"]["countries"]["geometries"] == [{"type": "Polygon", "id": "JO", "arcs": [[0, 1]]}]


def test_the_arab_countries_have_outlines() -> None:
    outlines = json.loads(files("streams.api.desk").joinpath("static", "outlines.json").read_text(encoding="utf-8"))
    found = {country["id"] for country in outlines["objects"]["countries"]["geometries"]}
    league = "AE BH DJ DZ EG IQ JO KM KW LB LY MA MR OM PS QA SA SD SO SY TN YE"
    assert set(league.split()) <= found
