"""Articles as GeoJSON (RFC 7946): one feature a place of an article, written as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from streams.records import Article, Place


def features(article: Article) -> Iterator[dict[str, Any]]:
    """The places of an article, each a Point at its longitude and latitude.

    The properties are the place's own, `main` (it is the main place of the story), how often the body names it
    (`mentions`), and of the article `id`, `url`, `source`, `title`, `published_at` and `cluster`, prefixed `article_`.
    An article without places gives nothing.
    """
    about = {
        "article_id": article.id,
        "article_url": article.url,
        "article_source": article.source,
        "article_title": article.title,
        "article_published_at": article.model_dump(mode="json", include={"published_at"})["published_at"],
        "article_cluster": article.cluster.id if article.cluster else None,
    }
    main = article.main_place
    for place in article.places:
        is_main = main is not None and (place.name, place.kind, place.lat, place.lon) == (
            main.name,
            main.kind,
            main.point.lat,
            main.point.lon,
        )
        yield {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
            "properties": {**_facts(place), "main": is_main, **about},
        }


def _facts(place: Place) -> dict[str, Any]:
    facts = place.model_dump(mode="json", exclude={"lat", "lon", "mentions"})
    return {**facts, "mentions": len(place.mentions)}


class FeatureWriter:
    """Writes one FeatureCollection, a feature a line; memory does not grow with the articles."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._separator = b'{"type":"FeatureCollection","features":[\n'

    def write(self, article: Article) -> None:
        """Add the places of one article."""
        for feature in features(article):
            self._sink.write(self._separator + orjson.dumps(feature))
            self._separator = b",\n"

    def close(self) -> None:
        """Complete the collection; nothing may be written after it. The sink stays open."""
        opening = self._separator if self._separator != b",\n" else b""
        self._sink.write(opening + b"\n]}\n")


class LineWriter:
    """Writes one enriched article a line. The same calls as FeatureWriter."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink

    def write(self, article: Article) -> None:
        """Add one article."""
        self._sink.write(article.to_json() + b"\n")

    def close(self) -> None:
        """Lines need no end."""
