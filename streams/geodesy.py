"""Compute distances on the globe. Pure: no I/O, no settings."""

from __future__ import annotations

import math

#: Mean radius of the Earth in km (IUGG 1980), as Elasticsearch's geo queries use it.
EARTH_RADIUS_KM = 6371.0088


def distance_km(a: tuple[float, float], b: tuple[float, float], radius: float = EARTH_RADIUS_KM) -> float:
    """Return the great-circle distance of two points in km, by the haversine formula.

    Args:
        a, b: (latitude, longitude) in degrees.
        radius: of the sphere, in km.
    """
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * radius * math.asin(min(1.0, math.sqrt(h)))
