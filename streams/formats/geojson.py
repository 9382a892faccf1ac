"""Articles as GeoJSON (RFC 7946), one feature per place of an article, written as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from streams.records import Article, Place


def features(article: Article) -> Iterator[dict[str, Any]]:
    """Yield a Point feature for each place of an article, at its longitude and latitude; none if it has no places.

    Properties: those of the place, `main` (whether it is the story's main place), the number of `mentions` in the body,
    and the article's `id`, `url`, `source`, `title`, `published_at` and `cluster`, prefixed with `article_`.
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
    """Writes one FeatureCollection, one feature per line, in constant memory."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._separator = b'{"type":"FeatureCollection","features":[\n'

    def write(self, article: Article) -> None:
        """Write the places of one article."""
        for feature in features(article):
            self._sink.write(self._separator + orjson.dumps(feature))
            self._separator = b",\n"

    def close(self) -> None:
        """Write the end of the collection. Leaves the sink open; nothing may be written afterwards."""
        opening = self._separator if self._separator != b",\n" else b""
        self._sink.write(opening + b"\n]}\n")


class LineWriter:
    """Writes one enriched article per line (NDJSON). Has the interface of `FeatureWriter`."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink

    def write(self, article: Article) -> None:
        """Write one article."""
        self._sink.write(article.to_json() + b"\n")

    def close(self) -> None:
        """Do nothing: NDJSON has no closing line."""
