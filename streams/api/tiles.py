"""Web Mercator map tiles as GeoJSON. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from streams.search.hits import PARTIAL, is_partial


class Point(BaseModel):
    """A GeoJSON point (RFC 7946): longitude first."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class TileFacts(BaseModel):
    """Contents and bounds of a tile."""

    tile: str = Field(description="Tile as zoom/x/y.")
    articles: int = Field(description="Number of matching articles that name a place in the tile.")
    bbox: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees; usable as the filter `bbox`."
    )


class Feature(BaseModel):
    """A tile, located at its centre."""

    type: Literal["Feature"] = "Feature"
    geometry: Point
    properties: TileFacts


class FeatureCollection(BaseModel):
    """Tiles with matching articles, those with the most first."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]
    total: int = Field(description="Number of matching articles, including those without places.")
    partial: bool = Field(description=PARTIAL)


def tile_bounds(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a tile in degrees (slippy-map tile scheme)."""
    count = 2**zoom

    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / count))))

    return (x / count * 360 - 180, latitude(y + 1), (x + 1) / count * 360 - 180, latitude(y))


def collection(answer: Mapping[str, Any]) -> FeatureCollection:
    """Convert the response to `build_map` to GeoJSON."""
    features = []
    for bucket in answer["aggregations"]["tiles"]["buckets"]:
        zoom, x, y = map(int, bucket["key"].split("/"))
        west, south, east, north = (round(degrees, 6) for degrees in tile_bounds(zoom, x, y))
        facts = TileFacts(tile=bucket["key"], articles=bucket["doc_count"], bbox=(west, south, east, north))
        centre = (round((west + east) / 2, 6), round((south + north) / 2, 6))
        features.append(Feature(geometry=Point(coordinates=centre), properties=facts))
    return FeatureCollection(features=features, total=answer["hits"]["total"]["value"], partial=is_partial(answer))
