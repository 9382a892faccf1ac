"""What the server answers to an earlier text decides whether the batch waits, goes on or is tried one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from elasticsearch import AsyncElasticsearch

from agents.index.versions import VersionStore
from streams.errors import Reason, Rejected, Retryable
from streams.settings import Settings
from tests.support.articles import article

SETTINGS = Settings(_env_file=None)
NOW = article(id="a", body="قتل 12 شخصا.", fetched_at="2024-02-03T08:00:00Z")
BEFORE = {"title": NOW.title, "body": "قتل 3 أشخاص.", "fetched_at": "2024-02-03T06:00:00Z"}


class Server:
    """An index that has an earlier text, and answers to its copy with a status."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.kept: list[dict[str, Any]] = []

    async def mget(self, **_: Any) -> dict[str, Any]:
        return {"docs": [{"_index": "articles", "_id": "a", "found": True, "_source": dict(BEFORE)}]}

    async def bulk(self, *, operations: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
        self.kept += operations[1::2]
        error = {} if self.status < 300 else {"error": {"type": "t", "reason": "no"}}
        return {"items": [{"create": {"status": self.status, **error}} for _ in operations[1::2]]}


def store(server: Server) -> VersionStore:
    return VersionStore(cast(AsyncElasticsearch, SimpleNamespace(mget=server.mget, bulk=server.bulk)), SETTINGS)


@pytest.mark.parametrize("status", [201, 409])
async def test_an_earlier_text_is_kept_once(status: int) -> None:
    server = Server(status)
    await store(server).keep([NOW], {"a": "articles"})
    assert [(each["article"], each["body"]) for each in server.kept] == [("a", BEFORE["body"])]


@pytest.mark.parametrize("status", [403, 429, 503])
async def test_what_the_server_may_take_later_is_tried_again(status: int) -> None:
    with pytest.raises(Retryable):
        await store(Server(status)).keep([NOW], {"a": "articles"})


async def test_what_the_server_never_takes_does_not_hold_its_partition_up() -> None:
    with pytest.raises(Rejected) as refused:
        await store(Server(400)).keep([NOW], {"a": "articles"})
    assert refused.value.reason is Reason.INDEX_REFUSED
