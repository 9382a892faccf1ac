"""Map tiles."""

import pytest

from streams.api.tiles import collection, tile_bounds


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


def test_buckets_become_points_in_geojson_order() -> None:
    answer = {
        "hits": {"total": {"value": 9}},
        "aggregations": {"tiles": {"buckets": [{"key": "6/39/28", "doc_count": 4}]}},
    }
    found = collection(answer).model_dump()
    (feature,) = found["features"]
    lon, lat = feature["geometry"]["coordinates"]
    west, south, east, north = feature["properties"]["bbox"]
    assert west < lon < east
    assert south < lat < north
    assert (feature["properties"]["articles"], found["total"]) == (4, 9)
