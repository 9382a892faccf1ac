"""Map tiles."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.api.tiles import collection, tile_bounds, tile_of


def test_the_world_is_one_tile_at_zoom_zero() -> None:
    west, south, east, north = tile_bounds(0, 0, 0)
    assert (west, east) == (-180.0, 180.0)
    # The latitude at which Web Mercator's map is square.
    assert north == pytest.approx(85.051129, abs=1e-6)
    assert south == pytest.approx(-85.051129, abs=1e-6)


def test_neighbours_share_their_edges_and_mecca_lies_in_its_tile() -> None:
    west, south, east, north = tile_bounds(6, 39, 28)
    assert west < 39.83 < east
    assert south < 21.42 < north
    assert tile_bounds(6, 40, 28)[0] == east
    assert tile_bounds(6, 39, 29)[3] == pytest.approx(south)


def _answer(tiles: dict[str, int], places: dict[str, int]) -> dict[str, Any]:
    return {
        "hits": {"total": {"value": 9}},
        "relaxed": False,
        "aggregations": {
            "tiles": {"buckets": [{"key": key, "doc_count": n, "stories": {"value": 1}} for key, n in tiles.items()]},
            "places": {"buckets": [{"key": key, "doc_count": count} for key, count in places.items()]},
        },
    }


def test_buckets_become_points_in_geojson_order() -> None:
    found = collection(_answer({"6/39/28": 4}, {}), ["a note"]).model_dump()
    (feature,) = found["features"]
    lon, lat = feature["geometry"]["coordinates"]
    west, south, east, north = feature["properties"]["bbox"]
    assert west < lon < east
    assert south < lat < north
    assert (feature["properties"]["articles"], found["total"], found["notes"]) == (4, 9, ["a note"])
    assert feature["properties"]["place"] is None


def test_a_tile_is_where_its_places_are_and_named_after_the_one_of_most_articles() -> None:
    places = {"SA/مكة@21.4200,39.8300": 3, "SA/جدة@21.5200,39.2200": 1, "EG/القاهرة@30.0600,31.2500": 8}
    (mecca,) = collection(_answer({"6/39/28": 4}, places)).features
    assert mecca.properties.place == "SA/مكة"
    assert mecca.geometry.coordinates == pytest.approx((39.83, 21.42))
    (hejaz,) = collection(_answer({"5/19/14": 4}, places)).features
    assert hejaz.properties.place == "SA/مكة"
    assert hejaz.geometry.coordinates == pytest.approx(((3 * 39.83 + 39.22) / 4, (3 * 21.42 + 21.52) / 4))


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(0, 16))
def test_the_tile_of_a_point_holds_it(lat: float, lon: float, zoom: int) -> None:
    west, south, east, north = tile_bounds(zoom, *tile_of(zoom, lat, lon))
    inside = max(-85.0511, min(85.0511, lat))
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-6 <= inside <= north + 1e-6
