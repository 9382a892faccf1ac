"""Build documents and bulk requests from articles, and interpret the responses. Pure: no client, no clock.

A document is the article as in articles.enriched plus fields that only the index needs: `@timestamp`, the time that
results are sorted by, `facets`, the values that filters and counts use, and `forms`, `families` and `names`, the terms
of its texts and names. Elasticsearch indexes the terms but does not keep them in `_source`, where they would be a third
of the index: whoever writes a stored document again makes them anew (`moved_document`, streams/elastic/copy.py).

Writes are idempotent. `_id` is the article's id and the version is external: the millisecond at which the article was
fetched, times a million, plus a thousand times the pipeline's revision. A replay has the same version and is refused as
already stored; an older fetch never replaces a newer one. The steps of a thousand leave room for cluster moves, each of
which raises a document's version by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson

from streams.errors import Reason, Rejected, Retryable
from streams.records import Article, Cluster, Place, iso_time
from streams.settings import Settings
from streams.words.index import term_fields
from streams.words.places import paths

Verdict = None | Rejected | Retryable
BulkOutcome = Literal["indexed", "unchanged", "rejected", "retried"]

# Statuses of an item that are not the document's fault: a missing index, a block (while a migration switches), missing
# rights, a full queue. So is every status from 500 on.
TRANSIENT_STATUSES = frozenset({401, 403, 404, 408, 429})
STORED_STATUSES = frozenset({200, 201})
ALREADY_THERE = 409
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Elasticsearch stores versions as a signed long; a fetch time beyond the year 2262 would not fit.
MAX_VERSION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Bulk:
    """One bulk request.

    Attributes:
        articles: the articles that it stores, in order.
        lines: the request's NDJSON lines, two for each article, without line ends.
        size: size of the request in bytes.
    """

    articles: tuple[Article, ...]
    lines: tuple[bytes, ...]
    size: int

    def halves(self) -> tuple[Bulk, Bulk]:
        """Split the request, which must hold at least two documents, into two."""
        middle = len(self.articles) // 2
        return (
            _bulk(self.articles[:middle], self.lines[: 2 * middle]),
            _bulk(self.articles[middle:], self.lines[2 * middle :]),
        )


def _bulk(articles: Sequence[Article], lines: Sequence[bytes]) -> Bulk:
    return Bulk(tuple(articles), tuple(lines), sum(len(line) + 1 for line in lines))


def version(article: Article, revision: int) -> int:
    """Return the external version of an article's document, from 0 to `MAX_VERSION`.

    It grows with the time of the fetch, then with the pipeline's revision.
    """
    seen = article.fetched_at or article.ingested_at
    # In integers: a float of seconds can merge two neighbouring milliseconds.
    milliseconds = (seen - _EPOCH) // timedelta(milliseconds=1)
    return min((max(0, milliseconds) * 1000 + revision) * 1000, MAX_VERSION)


def id_refusal(article_id: str) -> Rejected | None:
    """Return why Elasticsearch refuses this `_id`, or None.

    One such id makes it refuse a whole request, so it must be found before.
    """
    size = len(article_id.encode())
    if 1 <= size <= Article.MAX_ID_BYTES:
        return None
    return Rejected(Reason.INDEX_REFUSED, f"id: {size} bytes, Elasticsearch takes 1 to {Article.MAX_ID_BYTES}")


def document(article: Article) -> dict[str, Any]:
    """Return the document of an article."""
    fields = article.model_dump(mode="json")
    fields["@timestamp"] = iso_time(article.listed_at)
    fields["facets"] = facets(article)
    return fields | term_fields(fields)


def moved_document(stored: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
    """Return a stored document as it is in another cluster, with the terms that Elasticsearch does not keep.

    Args:
        stored: `_source` of the document.
        cluster: its cluster from now on.
    """
    facets = {**stored.get("facets", {}), "fold": cluster.id}
    return {**stored, "cluster": cluster.model_dump(mode="json"), "facets": facets} | term_fields(stored)


def facets(article: Article) -> dict[str, Any]:
    """Return the values to filter, count and fold by; each list without repetitions, in order of appearance."""
    by_type: dict[str, list[str]] = {"PER": [], "ORG": [], "LOC": []}
    # A place of the sea or a region without a country has no path and cannot be named on a map.
    located = [place for place in article.places if any(paths(place))]
    for entity in article.entities:
        by_type[entity.type].append(entity.name)
    return {
        # Collapsing puts all documents without a value into one group, so an article without a cluster gets its own id.
        "fold": article.cluster.id if article.cluster else article.id,
        "persons": _once(by_type["PER"]),
        "organisations": _once(by_type["ORG"]),
        "locations": _once(by_type["LOC"]),
        "places": _once(place.name for place in article.places),
        "place_names": _once(name for place in article.places for name in _names(place)),
        "place_points": _once(f"{list(paths(place))[-1]}@{place.lat:.4f},{place.lon:.4f}" for place in located),
        "place_path": _once(path for place in article.places for path in paths(place)),
        "countries": _once(place.country for place in article.places if place.country),
        "divisions": _once(path for place in article.places if (path := _division(place))),
        "main_place": list(paths(article.main_place))[-1] if article.main_place else None,
    }


def _names(place: Place) -> Iterator[str]:
    """Yield the names to query by: alone, in English, and with the country («LB/طرابلس» is not the Libyan one)."""
    yield place.name
    if place.name_en:
        yield place.name_en
    if place.kind != "country":
        yield f"{place.country or '-'}/{place.name}"


def _division(place: Place) -> str | None:
    name = place.name if place.kind == "division" else place.division
    return f"{place.country}/{name}" if name else None


def _once(values: Iterator[str] | Sequence[str]) -> list[str]:
    return list(dict.fromkeys(values))


def actions(articles: Sequence[Article], settings: Settings, index_by_id: Mapping[str, str]) -> Iterator[Bulk]:
    """Divide articles into bulk requests, in order, within `bulk_documents` and `bulk_bytes`.

    A document larger than `bulk_bytes` gets a request of its own.

    Args:
        articles: the articles to store.
        settings: the limits, and the pipeline's revision.
        index_by_id: article id to the index that the article goes into.
    """
    taken: list[Article] = []
    lines: list[bytes] = []
    size = 0
    for article in articles:
        head, body = _lines(article, settings, index_by_id[article.id])
        cost = len(head) + len(body) + 2
        if taken and (len(taken) >= settings.bulk_documents or size + cost > settings.bulk_bytes):
            yield _bulk(taken, lines)
            taken, lines, size = [], [], 0
        taken.append(article)
        lines += (head, body)
        size += cost
    if taken:
        yield _bulk(taken, lines)


def _lines(article: Article, settings: Settings, index: str) -> tuple[bytes, bytes]:
    # The index itself, not the alias: if the alias moved between lookup and request, an article in the old index would
    # get a second document in the new one.
    action: dict[str, Any] = {
        "_index": index,
        "_id": article.id,
        "version": version(article, settings.pipeline_revision),
        "version_type": "external",
    }
    return orjson.dumps({"index": action}), orjson.dumps(document(article))


def verdicts(response: Mapping[str, Any], articles: Sequence[Article]) -> list[Verdict]:
    """Return the result for each article of one request.

    Returns:
        For each article, in order: None if it, or a version as new, is in the index; `Rejected` if the index can never
        accept it; `Retryable` if it may accept it later.

    Raises:
        Retryable: the response has another number of items than the request, so it cannot be interpreted.
    """
    items = response.get("items", [])
    if len(items) != len(articles):
        raise Retryable(f"Elasticsearch answered {len(items)} items to {len(articles)} documents")
    return [verdict(next(iter(item.values()))) for item in items]


def verdict(item: Mapping[str, Any]) -> Verdict:
    """Return the result for one item of a response, as of `verdicts`."""
    status = item["status"]
    if status in STORED_STATUSES or status == ALREADY_THERE:
        return None
    if status in TRANSIENT_STATUSES or status >= 500:
        return Retryable(f"Elasticsearch answers {status}: {reason(item.get('error'))}")
    return Rejected(Reason.INDEX_REFUSED, reason(item.get("error")))


def bulk_outcomes(response: Mapping[str, Any]) -> list[BulkOutcome]:
    """Return the result for each article as a label of the metric `rasd_bulk_documents_total`."""
    return [_outcome(next(iter(item.values()))["status"]) for item in response.get("items", [])]


def _outcome(status: int) -> BulkOutcome:
    if status in STORED_STATUSES:
        return "indexed"
    if status == ALREADY_THERE:
        return "unchanged"
    return "retried" if status in TRANSIENT_STATUSES or status >= 500 else "rejected"


def reason(error: object) -> str:
    """Return the server's error message with its causes, on one line of at most 500 characters."""
    words = []
    while isinstance(error, Mapping):
        words.append(str(error.get("reason") or error.get("type") or "no reason given"))
        error = error.get("caused_by")
    return " / ".join(words).replace("\n", " ")[:500] or "no reason given"
