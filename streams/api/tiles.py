"""Web Mercator map tiles as GeoJSON. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from streams.search.hits import NOTES, PARTIAL, RELAXED, is_partial


class Point(BaseModel):
    """A GeoJSON point (RFC 7946): longitude first."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class TileFacts(BaseModel):
    """Contents and bounds of a tile."""

    tile: str = Field(description="Tile as zoom/x/y.")
    articles: int = Field(description="Number of matching articles that name a place in the tile.")
    stories: int = Field(description="Number of their clusters; approximate above 1,000.")
    place: str | None = Field(
        None,
        description="The place in the tile that most of these articles name, as a path such as YE/عدن, usable as the "
        "filter `place`; null for articles stored before version 0.2.",
    )
    bbox: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees; usable as the filter `bbox`."
    )


class Feature(BaseModel):
    """A tile, located at the mean of the places in it, each weighted by its articles."""

    type: Literal["Feature"] = "Feature"
    geometry: Point
    properties: TileFacts


class FeatureCollection(BaseModel):
    """Tiles with matching articles, those with the most first."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]
    total: int = Field(description="Number of matching articles, including those without places.")
    partial: bool = Field(description=PARTIAL)
    relaxed: bool = Field(description=RELAXED)
    notes: list[str] = Field(description=NOTES)


def tile_bounds(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a tile in degrees (slippy-map tile scheme)."""
    count = 2**zoom

    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / count))))

    return (x / count * 360 - 180, latitude(y + 1), (x + 1) / count * 360 - 180, latitude(y))


def tile_of(zoom: int, lat: float, lon: float) -> tuple[int, int]:
    """Return column and row of the tile that holds a point (slippy-map tile scheme)."""
    count = 2**zoom
    sine = math.sin(math.radians(lat))
    # The projection is infinite at the poles; the server, too, counts what lies beyond the map's edge at the edge.
    y = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi) if abs(sine) < 1 else float(sine < 0)
    return (
        min(count - 1, max(0, math.floor((lon + 180) / 360 * count))),
        min(count - 1, max(0, math.floor(y * count))),
    )


def collection(answer: Mapping[str, Any], notes: Sequence[str] = ()) -> FeatureCollection:
    """Convert the response to `build_map` to GeoJSON."""
    features = []
    buckets = answer["aggregations"]["tiles"]["buckets"]
    zoom = int(buckets[0]["key"].partition("/")[0]) if buckets else 0
    places = _places_by_tile(zoom, answer["aggregations"]["places"]["buckets"])
    for bucket in buckets:
        _, x, y = map(int, bucket["key"].split("/"))
        west, south, east, north = (round(degrees, 6) for degrees in tile_bounds(zoom, x, y))
        inside = places.get((x, y), [])
        facts = TileFacts(
            tile=bucket["key"],
            articles=bucket["doc_count"],
            stories=bucket["stories"]["value"],
            place=max(inside, key=lambda place: place.articles).path if inside else None,
            bbox=(west, south, east, north),
        )
        point = _mean(inside) if inside else ((west + east) / 2, (south + north) / 2)
        features.append(Feature(geometry=Point(coordinates=(round(point[0], 6), round(point[1], 6))), properties=facts))
    return FeatureCollection(
        features=features,
        total=answer["hits"]["total"]["value"],
        partial=is_partial(answer),
        relaxed=answer["relaxed"],
        notes=list(notes),
    )


class _PlaceCount(NamedTuple):
    path: str
    lat: float
    lon: float
    articles: int


def _places_by_tile(zoom: int, buckets: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], list[_PlaceCount]]:
    """Assign values of `facets.place_points` with their counts to the tiles that hold them."""
    found: dict[tuple[int, int], list[_PlaceCount]] = {}
    for bucket in buckets:
        path, _, point = bucket["key"].rpartition("@")
        lat, lon = map(float, point.split(","))
        found.setdefault(tile_of(zoom, lat, lon), []).append(_PlaceCount(path, lat, lon, bucket["doc_count"]))
    return found


def _mean(places: Sequence[_PlaceCount]) -> tuple[float, float]:
    """Return the mean longitude and latitude; a tile does not cross the antimeridian."""
    total = sum(place.articles for place in places)
    return (
        sum(place.lon * place.articles for place in places) / total,
        sum(place.lat * place.articles for place in places) / total,
    )
