"""Articles as bulk requests, and what the answers mean."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.index.documents import actions, bulk_outcomes, document, facets, moved_document, reason, verdicts, version
from streams.errors import Reason, Rejected, Retryable
from streams.records import Article, Cluster
from streams.settings import Settings
from tests.support.articles import article

T0 = datetime(2024, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)
INDEX_BY_ID = {"a1": "new", "a2": "old"}


def _settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def _item(status: int, **error: Any) -> dict[str, Any]:
    return {"index": {"status": status} | ({"error": error} if error else {})}


def test_a_document_is_the_article_and_its_helpers() -> None:
    source = article(published_at="2024-02-02T01:00:00Z")
    fields = document(source)
    assert (
        Article.model_validate(
            {k: v for k, v in fields.items() if k not in {"@timestamp", "facets", "forms", "families", "names"}}
        )
        == source
    )
    assert fields["@timestamp"] == "2024-02-02T01:00:00Z"


def test_a_document_that_moves_has_its_terms_again() -> None:
    source = article(title="وصول السفينة", body="وصلت السفينة إلى الميناء.")
    whole = document(source)
    stored = {name: value for name, value in whole.items() if name not in {"forms", "families", "names"}}
    cluster = Cluster(id="c1", relation="near", score=1, canonical_id="c1", decision=3)
    moved = moved_document(stored, cluster)
    assert moved == whole | {
        "cluster": cluster.model_dump(mode="json"),
        "facets": whole["facets"] | {"fold": "c1"},
    }
    assert stored["cluster"] is None


def test_time_falls_back_to_the_fetch_and_then_to_the_arrival() -> None:
    assert document(article(fetched_at="2024-02-03T00:00:00Z"))["@timestamp"] == "2024-02-03T00:00:00Z"
    assert document(article())["@timestamp"] == "2024-02-03T04:05:06Z"


def test_facets_name_each_value_once() -> None:
    def entity(kind: str, name: str) -> dict[str, Any]:
        return {"text": name, "type": kind, "start": 0, "end": 1, "score": 1, "name": name}

    point = {"lat": 1, "lon": 2}
    place = {**point, "confidence": 1, "mentions": []}
    found = facets(
        article(
            entities=[entity("PER", "سعاد"), entity("ORG", "الجامعة"), entity("PER", "سعاد"), entity("LOC", "صور")],
            places=[
                place
                | {"name": "صور", "name_en": "Tyre", "country": "LB", "kind": "city", "division": "لبنان الجنوبي"},
                place | {"name": "لبنان", "name_en": "Lebanon", "country": "LB", "kind": "country"},
                place | {"name": "البحر الأحمر", "kind": "water"},
            ],
            main_place={"name": "صور", "country": "LB", "division": "لبنان الجنوبي", "kind": "city", "point": point},
            cluster={"id": "c1", "relation": "near", "score": 0.9, "canonical_id": "a0"},
        )
    )
    assert found == {
        "fold": "c1",
        "persons": ["سعاد"],
        "organisations": ["الجامعة"],
        "locations": ["صور"],
        "places": ["صور", "لبنان", "البحر الأحمر"],
        "place_names": ["صور", "Tyre", "LB/صور", "لبنان", "Lebanon", "البحر الأحمر", "-/البحر الأحمر"],
        "place_points": [
            "LB/لبنان الجنوبي/صور@1.0000,2.0000",
            "LB@1.0000,2.0000",
            "-/البحر الأحمر@1.0000,2.0000",
        ],
        "place_path": ["LB", "LB/لبنان الجنوبي", "LB/لبنان الجنوبي/صور", "-/البحر الأحمر"],
        "countries": ["LB"],
        "divisions": ["LB/لبنان الجنوبي"],
        "main_place": "LB/لبنان الجنوبي/صور",
    }


def test_an_article_without_cluster_folds_with_nothing() -> None:
    assert facets(article(id="a5"))["fold"] == "a5"


@given(
    st.integers(0, 4_000_000_000_000),
    st.integers(1, 10**9),
    st.integers(0, 999),
    st.integers(0, 999),
)
def test_later_fetches_win_over_any_revision(when: int, later_ms: int, one: int, two: int) -> None:
    start = datetime.fromtimestamp(0, UTC)
    first = article(fetched_at=start + timedelta(milliseconds=when))
    second = article(fetched_at=start + timedelta(milliseconds=when + later_ms))
    assert version(second, two) > version(first, one)
    assert version(first, 3) > version(first, 2)


def test_neighbouring_milliseconds_have_different_versions() -> None:
    fetched = [datetime(2024, 2, 3, 4, 5, 6, microsecond=n * 1000, tzinfo=UTC) for n in range(1000)]
    assert len({version(article(fetched_at=when), 0) for when in fetched}) == 1000


def test_versions_stay_in_the_range_that_elasticsearch_takes() -> None:
    assert version(article(fetched_at="1950-01-01T00:00:00Z"), 0) == 0
    assert version(article(fetched_at="9999-12-31T23:59:59Z"), 999) < 2**63


def test_actions_name_index_id_and_version() -> None:
    (bulk,) = actions([article(fetched_at=T0), article(id="a2")], _settings(pipeline_revision=7), INDEX_BY_ID)
    first, second = (orjson.loads(line)["index"] for line in bulk.lines[::2])
    assert first == {"_index": "new", "_id": "a1", "version": 1706933106789007000, "version_type": "external"}
    assert second["_index"] == "old"
    assert [orjson.loads(line)["id"] for line in bulk.lines[1::2]] == ["a1", "a2"]


@given(st.lists(st.integers(1, 4000), max_size=30), st.integers(1, 7), st.integers(1024, 20_000))
def test_requests_keep_order_and_bounds(sizes: list[int], documents: int, size: int) -> None:
    articles = [article(id=f"a{number}", body="ن" * length) for number, length in enumerate(sizes)]
    bulks = list(actions(articles, _settings(bulk_documents=documents, bulk_bytes=size), defaultdict(lambda: "new")))
    assert [a.id for bulk in bulks for a in bulk.articles] == [a.id for a in articles]
    for bulk in bulks:
        assert bulk.size == sum(len(line) + 1 for line in bulk.lines)
        assert len(bulk.articles) <= documents
        assert bulk.size <= size or len(bulk.articles) == 1
        assert len(bulk.lines) == 2 * len(bulk.articles)


def test_halves_hold_the_same_lines() -> None:
    (bulk,) = actions([article(id=f"a{n}") for n in range(5)], _settings(), defaultdict(lambda: "new"))
    first, second = bulk.halves()
    assert first.articles + second.articles == bulk.articles
    assert first.lines + second.lines == bulk.lines
    assert first.size + second.size == bulk.size


def test_each_item_gets_its_own_verdict() -> None:
    items = [_item(201), _item(200), _item(409, type="version_conflict"), _item(400, type="parsing", reason="[geo]")]
    items += [_item(status, type="t", reason="busy") for status in (429, 503, 404, 403)]
    found = verdicts({"items": items}, [article()] * len(items))
    assert found[:3] == [None, None, None]
    assert isinstance(found[3], Rejected)
    assert (found[3].reason, found[3].detail) == (Reason.INDEX_REFUSED, "[geo]")
    assert all(isinstance(verdict, Retryable) for verdict in found[4:])
    assert bulk_outcomes({"items": items}) == ["indexed"] * 2 + ["unchanged", "rejected"] + ["retried"] * 4


def test_an_answer_that_does_not_fit_the_request_says_nothing() -> None:
    with pytest.raises(Retryable, match="1 items to 2"):
        verdicts({"items": [_item(201)]}, [article()] * 2)


def test_reasons_name_the_cause_on_one_line() -> None:
    error = {
        "reason": "failed to parse\nfield",
        "caused_by": {"reason": "illegal latitude", "caused_by": {"type": "x"}},
    }
    assert reason(error) == "failed to parse field / illegal latitude / x"
    assert reason(None) == "no reason given"
    assert len(reason({"reason": "س" * 10_000})) == 500


def test_an_article_dated_after_its_ingestion_is_sorted_by_its_ingestion() -> None:
    ahead = article(published_at="2030-01-01T00:00:00Z", ingested_at="2024-02-03T04:05:06Z")
    assert document(ahead)["@timestamp"] == "2024-02-03T04:05:06Z"
    assert document(ahead)["published_at"] == "2030-01-01T00:00:00Z"
    earlier = article(published_at="2024-02-01T00:00:00Z", ingested_at="2024-02-03T04:05:06Z")
    assert document(earlier)["@timestamp"] == "2024-02-01T00:00:00Z"
