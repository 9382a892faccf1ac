"""Web Mercator map tiles as GeoJSON. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field


class Point(BaseModel):
    """A GeoJSON point (RFC 7946): longitude first."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class TileFacts(BaseModel):
    """What a tile holds."""

    tile: str = Field(description="zoom/x/y")
    articles: int
    bbox: tuple[float, float, float, float] = Field(description="west, south, east, north; fits the filter `bbox`.")


class Feature(BaseModel):
    """One tile, at its centre."""

    type: Literal["Feature"] = "Feature"
    geometry: Point
    properties: TileFacts


class FeatureCollection(BaseModel):
    """All tiles with articles, fullest first."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]
    total: int = Field(description="Articles that match, those without places included.")


def tile_bounds(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile in degrees (the slippy-map scheme)."""
    count = 2**zoom

    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / count))))

    return (x / count * 360 - 180, latitude(y + 1), (x + 1) / count * 360 - 180, latitude(y))


def collection(answer: Mapping[str, Any]) -> FeatureCollection:
    """GeoJSON of the answer to `build_map`."""
    features = []
    for bucket in answer["aggregations"]["tiles"]["buckets"]:
        zoom, x, y = map(int, bucket["key"].split("/"))
        west, south, east, north = (round(degrees, 6) for degrees in tile_bounds(zoom, x, y))
        facts = TileFacts(tile=bucket["key"], articles=bucket["doc_count"], bbox=(west, south, east, north))
        centre = (round((west + east) / 2, 6), round((south + north) / 2, 6))
        features.append(Feature(geometry=Point(coordinates=centre), properties=facts))
    return FeatureCollection(features=features, total=answer["hits"]["total"]["value"])
