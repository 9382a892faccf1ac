"""Indices renewed on the real Elasticsearch while articles are written, moved and deleted."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from agents.index.cluster_moves import MoveSink
from agents.index.documents import document, version
from agents.index.sink import IndexSink
from streams.elastic import migrate as migrate_module
from streams.elastic import template_files
from streams.elastic.copy import Copy
from streams.elastic.indices import list_indices, read_layout, roll_over
from streams.elastic.migrate import abandon, migrate
from streams.elastic.templates import names
from streams.errors import OperatorError, Retryable
from streams.observability.metrics import Metrics
from streams.records import Article, Cluster, ClusterMove
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article


@pytest.fixture
def new_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes the template files: fields of the mapping are replaced."""

    def change(**fields: Any) -> None:
        folder = tmp_path / f"templates{len(list(tmp_path.iterdir()))}"
        shutil.copytree(str(template_files.TEMPLATES), folder)
        file = folder / "index.json"
        template = json.loads(file.read_text(encoding="utf-8"))
        template["template"]["mappings"]["properties"] |= fields
        file.write_text(json.dumps(template, ensure_ascii=False), encoding="utf-8")
        monkeypatch.setattr(template_files, "TEMPLATES", folder)

    return change


@pytest.fixture
async def small(settings: Settings) -> Settings:
    """Small pages, so that a migration has many."""
    return settings.model_copy(update={"bulk_documents": 50, "retry_first": 0.05})


async def _insist(work: Callable[[], Awaitable[Any]]) -> None:
    """What the stage runner does: again until it is done. The pause is the server's to end."""
    while True:
        try:
            await work()
        except Retryable:
            await asyncio.sleep(0.02)
        else:
            return


class Newsroom:
    """Writes, replaces, moves and deletes articles without end, and knows what the index has to hold."""

    def __init__(self, settings: Settings, client: AsyncElasticsearch) -> None:
        self.expected: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self.rounds = 0
        self._settings = settings
        self._client = client
        self._chance = random.Random(5)
        self._moved: dict[str, Cluster] = {}
        self._clock = 0

    def _article(self, id_: str) -> Article:
        self._clock += 1
        return article(
            id=id_,
            title=f"خبر رقم {self._clock}",
            ingested_at=datetime.now(UTC),
            fetched_at=f"2024-02-03T{self._clock // 3600:02}:{self._clock // 60 % 60:02}:{self._clock % 60:02}Z",
        )

    async def publish(self, sink: IndexSink, ids: list[str]) -> None:
        """Write articles under these ids, new or known; a remembered move is applied again."""
        written = [self._article(id_) for id_ in ids]
        await _insist(lambda: sink.write(written))
        for one in written:
            terms = {"forms", "families", "names"}
            fields = {name: value for name, value in document(one).items() if name not in terms}
            self.expected[one.id] = json.loads(json.dumps(fields))
            self.versions[one.id] = version(one, 0)
            if one.id in self._moved:
                self._apply(one.id)

    async def work(self, stop: asyncio.Event) -> None:
        """Index articles and moves until `stop` is set."""
        sink, moves = IndexSink(self._settings, Metrics()), MoveSink(self._settings, Metrics())
        try:
            while not stop.is_set():
                known = sorted(self.expected)
                await self.publish(sink, [f"n{self.rounds}-{number}" for number in range(5)])
                await self.publish(sink, self._chance.sample(known, 5))
                await self._move(moves, self._chance.choice(known))
                await self._delete(self._chance.choice(known))
                self.rounds += 1
        finally:
            await sink.close()
            await moves.close()

    async def _move(self, moves: MoveSink, id_: str) -> None:
        cluster = Cluster(id=f"c{self.rounds}", relation="near", score=1, canonical_id="x", decision=1 + self.rounds)
        await _insist(lambda: moves.write([ClusterMove(id=id_, cluster=cluster)]))
        self._moved[id_] = cluster
        self._apply(id_)

    def _apply(self, id_: str) -> None:
        cluster = self._moved[id_]
        self.expected[id_]["cluster"] = cluster.model_dump(mode="json")
        self.expected[id_]["facets"]["fold"] = cluster.id
        self.versions[id_] += 1

    async def _delete(self, id_: str) -> None:
        async def delete() -> None:
            for index in (await read_layout(self._client, self._settings)).all:
                answer = await self._client.bulk(operations=[{"delete": {"_index": index, "_id": id_}}])
                if answer["items"][0]["delete"]["status"] not in {200, 404}:
                    raise Retryable("held back")

        await _insist(delete)
        del self.expected[id_], self.versions[id_]


async def _watch(client: AsyncElasticsearch, settings: Settings, stop: asyncio.Event) -> int:
    """A reader: no article is ever seen twice at once, or in an older version than before. Returns its searches."""
    seen: dict[str, int] = {}
    searches = 0
    while not stop.is_set():
        answer = await client.search(index=names(settings).read, size=2000, version=True, source=False)
        hits = [(hit["_id"], hit["_version"]) for hit in answer["hits"]["hits"]]
        assert len(hits) == len(dict(hits))
        assert all(seen.get(id_, 0) <= number for id_, number in hits)
        seen |= dict(hits)
        searches += 1
    return searches


async def _fill(newsroom: Newsroom, settings: Settings, count: int, prefix: str) -> None:
    sink = IndexSink(settings, Metrics())
    await newsroom.publish(sink, [f"{prefix}{number}" for number in range(count)])
    await sink.close()


async def _check(client: AsyncElasticsearch, settings: Settings, newsroom: Newsroom) -> None:
    await client.indices.refresh(index=names(settings).read)
    answer = await client.search(index=names(settings).read, size=10_000, version=True)
    hits = answer["hits"]["hits"]
    assert len(hits) == len(newsroom.expected)
    assert {hit["_id"]: hit["_source"] for hit in hits} == newsroom.expected
    assert {hit["_id"]: hit["_version"] for hit in hits} == newsroom.versions
    # The stored documents lack the terms, so whatever writes one again could lose them.
    for field in ("forms.title", "families.title"):
        found = await client.count(index=names(settings).read, query={"term": {field: {"value": "خبر"}}})
        assert found["count"] == len(newsroom.expected)


async def test_indices_are_renewed_while_articles_are_written_moved_and_deleted(
    small: Settings, client: AsyncElasticsearch, new_mapping: Callable[..., None]
) -> None:
    newsroom = Newsroom(small, client)
    await _fill(newsroom, small, 400, "old")
    await roll_over(client, small, at_once=True)
    await _fill(newsroom, small, 600, "new")
    before = (await read_layout(client, small)).all
    new_mapping(byline={"type": "text", "analyzer": "ar_name"})
    stop = asyncio.Event()
    writer = asyncio.create_task(newsroom.work(stop))
    reader = asyncio.create_task(_watch(client, small, stop))
    progress: list[tuple[str, int, int]] = []
    done = await migrate(client, small, report=lambda *step: progress.append(step))
    rounds = newsroom.rounds
    stop.set()
    await writer
    assert await reader > 0
    assert rounds > 0, "nothing was written meanwhile, so nothing was tested"
    await _check(client, small, newsroom)
    assert [one.source for one in done] == list(before)
    assert (await read_layout(client, small)).all == tuple(one.target for one in done)
    assert progress[-1][1] == done[1].copied >= 600
    found = await client.indices.get_field_mapping(index=names(small).read, fields="byline")
    assert {entry["mappings"]["byline"]["mapping"]["byline"]["type"] for entry in found.values()} == {"text"}
    states = {state.name: state for state in await list_indices(client, small)}
    assert all(states[name].role == "kept" and states[name].blocked for name in before)
    # Again: nothing to do but to remove what is left.
    assert await migrate(client, small, remove_old=True) == []
    assert [state.name for state in await list_indices(client, small)] == [one.target for one in done]
    await _fill(newsroom, small, 20, "after")
    await _check(client, small, newsroom)


async def test_an_interrupted_migration_goes_on_where_it_was(
    small: Settings, client: AsyncElasticsearch, new_mapping: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom = Newsroom(small, client)
    await _fill(newsroom, small, 500, "a")
    new_mapping(byline={"type": "text", "analyzer": "ar_name"})
    copy_changes = Copy.copy_changes

    async def cut_off(self: Copy, *, last: bool = False) -> AsyncIterator[int]:
        async for stored in copy_changes(self, last=last):
            yield stored
            if max(self.checkpoints.values()) >= 200:
                raise Retryable("the server went away")

    monkeypatch.setattr(Copy, "copy_changes", cut_off)
    monkeypatch.setattr(migrate_module, "SAVE_EVERY", 50)
    with pytest.raises(Retryable):
        await migrate(client, small)
    monkeypatch.setattr(Copy, "copy_changes", copy_changes)
    await _check(client, small, newsroom)
    await _fill(newsroom, small, 10, "b")
    (done,) = await migrate(client, small)
    assert done.resumed
    assert (done.documents, done.copied) == (510, 510 - 250)
    await _check(client, small, newsroom)


async def test_what_does_not_fit_the_new_mapping_leaves_everything_as_it_was(
    small: Settings, client: AsyncElasticsearch, new_mapping: Callable[..., None]
) -> None:
    await store(small, client, [article(id="fits", byline=None), article(id="other", byline="سلمى الخطيب")])
    before = await read_layout(client, small)
    new_mapping(byline={"type": "date"})
    with pytest.raises(OperatorError, match=r"rejects article other.*byline"):
        await migrate(client, small)
    assert await read_layout(client, small) == before
    await store(small, client, [article(id="later")])
    assert len(await abandon(client, small)) == 1
    assert [state.name for state in await list_indices(client, small)] == list(before.all)
    assert await abandon(client, small) == []


async def test_a_fault_while_writes_are_held_back_lets_them_go_on(
    small: Settings, client: AsyncElasticsearch, new_mapping: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(small, client, [article()])
    new_mapping(byline={"type": "text", "analyzer": "ar_name"})

    async def fault(self: Copy) -> None:
        raise OperatorError("the copies differ")

    with monkeypatch.context() as patched:
        patched.setattr(Copy, "remove_deleted", fault)
        with pytest.raises(OperatorError, match="differ"):
            await migrate(client, small)
    await store(small, client, [article(id="later")])
    (done,) = await migrate(client, small)
    assert done.documents == 2


async def test_a_second_change_of_the_mapping_begins_anew(
    small: Settings, client: AsyncElasticsearch, new_mapping: Callable[..., None]
) -> None:
    await store(small, client, [article(byline="سلمى الخطيب")])
    new_mapping(byline={"type": "date"})
    with pytest.raises(OperatorError):
        await migrate(client, small)
    new_mapping(byline={"type": "text", "analyzer": "ar_name"})
    (done,) = await migrate(client, small)
    assert not done.resumed
    assert done.documents == 1
    # And a third: of all that were kept, nothing is left when the old are removed.
    new_mapping(byline={"type": "keyword"})
    (again,) = await migrate(client, small)
    assert len(await list_indices(client, small)) == 3
    assert await migrate(client, small, remove_old=True) == []
    assert [state.name for state in await list_indices(client, small)] == [again.target]
