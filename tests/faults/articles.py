"""What the fault suite sends: articles with their copies, the same each time, and the clusters that they must get."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from agents.clean.page import Limits, clean_page
from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from streams.records import FingerprintedArticle, RawArticle
from tests.support import copies

DEFAULT_ARTICLES = 5_000
_PLACES = ("بيروت", "القاهرة", "صنعاء", "الدوحة", "تونس")


@dataclass(frozen=True)
class Item:
    """One record for articles.raw.

    Attributes:
        id: name under which it is counted; also the article's id, unless the record cannot be read.
        value: its bytes; None is a tombstone.
        key: its Kafka key.
        group: records of one group go to one partition, in order.
        timestamp_ms: the time that its sender gives; None for now.
        headers: its Kafka headers.
    """

    id: str
    value: bytes | None
    key: bytes | None
    group: int
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def size() -> int:
    """Return how many articles a case sends: FAULTS_ARTICLES, or 5,000."""
    return int(os.environ.get("FAULTS_ARTICLES", str(DEFAULT_ARTICLES)))


def raw_json(record: dict[str, Any]) -> bytes:
    """Encode a raw record as it goes onto the wire."""
    return json.dumps(record, ensure_ascii=False).encode()


@cache
def stories(number: int) -> tuple[Item, ...]:
    """Compose articles, about half of them copies of an earlier one, ordered by id.

    The copies of a story go to one partition. The broker therefore stamps them in this order whatever happens, and the
    cluster of each is the same in every run.
    """
    made = []
    for index, article in enumerate(copies.articles(number)):
        story = int(article.id.removeprefix("s").partition("-")[0])
        words = article.body.split()
        half = len(words) // 2
        body = f"{' '.join(words[:half])} في {_PLACES[story % len(_PLACES)]}.\n{' '.join(words[half:])}."
        record = {
            "id": f"n{index:06d}",
            "url": article.url,
            "source": article.source,
            "title": f"الخبر رقم {index}",
            "content": body,
            "content_type": "text/plain",
            "fetched_at": "2026-03-01T00:00:00Z",
        }
        made.append(Item(record["id"], raw_json(record), article.url.encode(), story))
    return tuple(made)


@cache
def expected_clusters(number: int) -> dict[str, str]:
    """Return the cluster of each article of `stories`, as the pure code assigns it in order."""
    clusterer = Clusterer({}, ClustererConfig())
    config = FingerprintConfig()
    found: dict[str, str] = {}
    start = datetime.now(UTC)
    for index, item in enumerate(stories(number)):
        raw = RawArticle.model_validate_json(item.value or b"")
        (article,) = clean_page(raw, ingested_at=start + timedelta(milliseconds=index), limits=Limits())
        known = FingerprintedArticle(**dict(article), fingerprint=fingerprint(article, config))
        cluster = clusterer.assign(known, known.ingested_at.timestamp())
        found[article.id] = cluster.id
        found |= {move.id: move.cluster.id for move in clusterer.moves()}
    return found


def chunks(items: Sequence[Item], number: int) -> list[Sequence[Item]]:
    """Split items into so many parts of nearly equal size, in order."""
    cuts = [round(len(items) * at / number) for at in range(number + 1)]
    return [items[start:end] for start, end in pairwise(cuts)]
