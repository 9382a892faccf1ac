"""The texts that an article had: kept when another one replaces them, listed and compared."""

from __future__ import annotations

from typing import Any

import httpx
from elasticsearch import AsyncElasticsearch

from streams.elastic.templates import names
from streams.records import Article
from streams.settings import Settings
from tests.pipeline.search.conftest import open_sink
from tests.support.articles import article

URL = "https://almina.example.com/flood"
CLUSTER = {"id": "flood", "relation": "update", "score": 1, "canonical_id": "flood"}


def _text(hour: int, body: str, **fields: Any) -> Article:
    time = f"2024-02-03T{hour:02}:00:00Z"
    return article(
        **{"id": "flood", "url": URL, "title": "فيضان في الوادي", "cluster": CLUSTER, "body": body}
        | {"fetched_at": time, "ingested_at": time}
        | fields
    )


FIRST = _text(6, "أعلن زياد الكسواني أن الفيضان أوقع 3 قتلى.")
SECOND = _text(8, "أعلن زياد الكسواني أن الفيضان أوقع 12 قتيلا.")
AGAIN = _text(9, SECOND.body)
LAST = _text(10, "أعلنت سلمى حداد أن الفيضان أوقع 12 شهيدا.")
RENAMED = _text(11, LAST.body, id="flood-renamed", title="ارتفاع عدد ضحايا الفيضان")
# Of the same address by chance, such as a home page, but of another story.
OTHER = _text(12, "خبر آخر.", id="other", title="خبر", cluster=CLUSTER | {"id": "other", "canonical_id": "other"})


async def _bodies(api: httpx.AsyncClient, article_id: str) -> list[tuple[str, str]]:
    answer = (await api.get(f"/articles/{article_id}/versions")).json()
    assert answer["total"] == len(answer["versions"])
    return [(one["article"], one["body"]) for one in answer["versions"]]


async def test_earlier_texts_are_kept_in_whatever_order_they_come(
    api: httpx.AsyncClient, settings: Settings, client: AsyncElasticsearch
) -> None:
    indices = [names(settings).read, names(settings).versions]
    kept = [("flood", FIRST.body), ("flood", SECOND.body), ("flood", LAST.body), ("flood-renamed", RENAMED.body)]
    async with open_sink(settings) as sink:
        for batch in ([FIRST], [SECOND], [AGAIN, LAST], [RENAMED, OTHER]):
            assert not any(await sink.write(batch))
        await client.indices.refresh(index=indices)
        assert await _bodies(api, "flood") == kept
        # Again, the last text first, as after a rewind: nothing is added, lost or replaced.
        for batch in ([LAST, OTHER, RENAMED], [SECOND, FIRST], [AGAIN], [FIRST, LAST]):
            assert not any(await sink.write(batch))
        await client.indices.refresh(index=indices)
        assert await _bodies(api, "flood") == kept
        assert await _bodies(api, "flood-renamed") == kept
        assert await _bodies(api, "other") == [("other", OTHER.body)]
        stored = (await client.search(index=names(settings).versions))["hits"]["total"]["value"]
        # The first text stood before the second, and, when it came again alone, before the last.
        assert stored == 3
        # A text that comes late.
        early = _text(5, "فيضان في الوادي.")
        assert not any(await sink.write([early]))
        await client.indices.refresh(index=indices)
        assert await _bodies(api, "flood") == [("flood", early.body), *kept]


async def test_two_versions_are_compared_word_by_word(
    api: httpx.AsyncClient, settings: Settings, client: AsyncElasticsearch
) -> None:
    async with open_sink(settings) as sink:
        for one in (FIRST, LAST):
            assert not any(await sink.write([one]))
    await client.indices.refresh(index=[names(settings).read, names(settings).versions])
    path = "/articles/flood/versions"
    listed = (await api.get(path)).json()["versions"]
    found = (await api.get(f"{path}/differences")).json()
    assert [found[name]["key"] for name in ("earlier", "later")] == [one["key"] for one in listed]
    changes = {(piece["kind"], piece["text"].strip()): piece["sort"] for piece in found["body"]}
    assert changes["removed", "3 قتلى"] == "number"
    assert found["title"] == [{"kind": "same", "text": FIRST.title, "sort": "word"}]
    backwards = {"earlier": listed[1]["key"], "later": listed[0]["key"]}
    assert (await api.get(f"{path}/differences", params=backwards)).json()["later"]["key"] == listed[0]["key"]
    for wrong in ({"earlier": "none"}, {"later": listed[0]["key"]}):
        assert (await api.get(f"{path}/differences", params=wrong)).status_code == 404
    assert (await api.get("/articles/none/versions")).status_code == 404

    page = (await api.get("/ar/articles/flood")).text
    assert "صيغتان للنص" in page
    assert '<del class="change number">3 قتلى' in page
    assert listed[0]["key"] in page
