"""The routes of standing searches, on searches that are kept in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from streams.alerts.quiet_sources import QuietSources
from streams.alerts.records import Match
from streams.alerts.registry import SearchRegistry
from streams.alerts.rehearsal import Past
from streams.alerts.secret_store import unsubscribe_token
from streams.alerts.standing_search import StandingSearch, Target
from streams.alerts.store import Directory
from streams.api import app as apps
from streams.api.keys import Scope, make_key
from streams.errors import QueryRefused
from streams.settings import Settings
from tests.support.alert_records import match
from tests.support.processes import free_port
from tests.support.serving import in_process

NEW = {"name": "السد", "filters": {"q": "سد النهضة", "country": ["eg"]}, "targets": [{"to": "mailto:desk@example.com"}]}
DESK, DESK_KEY = make_key("desk", [Scope.ALERTS])
OTHER, OTHER_KEY = make_key("other", [Scope.ALERTS])
READER, READER_KEY = make_key("reader", [Scope.EXPORT])
SETTINGS = Settings(
    _env_file=None,
    kafka_bootstrap=f"127.0.0.1:{free_port()}",
    kafka_connect_timeout=1,
    alerts_signing_key=SecretStr("a key of the test only"),
    api_keys=tuple(key.entry() for key in (DESK_KEY, OTHER_KEY, READER_KEY)),
)


class Memory(SearchRegistry):
    """A registry without Kafka, in which other requests come between, as they do while Kafka answers."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.directory = Directory()

    async def read(self) -> Directory:
        found = Directory(dict(self.directory.searches))
        for _ in range(200):
            await asyncio.sleep(0)
        return found

    async def save(self, search: StandingSearch) -> None:
        self.directory.searches[search.id] = StandingSearch.model_validate_json(search.to_json())

    async def remove(self, search_id: str) -> None:
        del self.directory.searches[search_id]

    async def close(self) -> None:
        return


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(apps, "SearchRegistry", Memory)
    async with in_process(apps.create_api(SETTINGS)) as client:
        client.headers["X-API-Key"] = DESK
        yield client


async def save(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/alerts", json=NEW | fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_search_is_kept_changed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await save(client)
    assert (made["owner"], made["revision"], made["when"]["kind"]) == ("desk", 1, "story")
    assert made["filters"]["country"] == ["EG"]
    path = f"/alerts/{made['id']}"
    assert (await client.get(path)).json() == made
    assert (await client.get("/alerts")).json() == {"total": 1, "searches": [made]}
    changed = (await client.put(path, json=NEW | {"when": {"kind": "silence", "hours": 6}})).json()
    assert (changed["id"], changed["revision"], changed["when"]) == (made["id"], 2, {"kind": "silence", "hours": 6})
    assert changed["created_at"] == made["created_at"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_what_was_read_can_be_put_back(client: httpx.AsyncClient) -> None:
    made = await save(client, filters={"q": "سد", "near": [30.0, 31.2], "from": "2026-11-01T00:00:00Z"})
    own = {name: made[name] for name in ("name", "filters", "when", "targets", "pause_minutes", "zone", "language")}
    again = (await client.put(f"/alerts/{made['id']}", json=own)).json()
    assert again["filters"] == made["filters"]


async def test_searches_of_another_key_do_not_exist(client: httpx.AsyncClient) -> None:
    made = await save(client)
    path = f"/alerts/{made['id']}"
    client.headers["X-API-Key"] = OTHER
    assert (await client.get("/alerts")).json()["total"] == 0
    answers = [
        await client.get(path),
        await client.put(path, json=NEW),
        await client.delete(path),
        await client.get(f"{path}/history"),
        await client.get(f"{path}/digest"),
        await client.post(f"{path}/test"),
        await client.post(f"{path}/replay"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 7
    client.headers["X-API-Key"] = DESK
    assert (await client.get(path)).status_code == 200


async def test_a_digest_is_shown_with_the_stories_of_the_searches_in_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, float]] = []

    async def matches(_: Past, search: StandingSearch, since: datetime, until: datetime) -> list[Match]:
        asked.append((search.name, round((until - since).total_seconds() / 3600, 6)))
        return [match(f"of {search.name}", moment=since + timedelta(minutes=1), search=search.id)]

    async def quiet(*_: Any) -> dict[str, str]:
        return {"almina": "silent: open the address"}

    monkeypatch.setattr(Past, "matches", matches)
    monkeypatch.setattr(QuietSources, "of", quiet)
    single = await save(client, name="السد")
    client.headers["X-API-Key"] = OTHER
    foreign = await save(client, name="سر")
    client.headers["X-API-Key"] = DESK
    condition = {"kind": "digest", "searches": [single["id"], foreign["id"]]}
    made = await save(client, name="موجز", filters={}, when=condition)
    shown = (await client.get(f"/alerts/{made['id']}/digest")).json()
    assert asked == [("السد", 24.0)], "neither a search of another key nor the digest, which searches for nothing"
    assert [story["clusters"] for story in shown["alert"]["stories"]] == [["of السد"]]
    assert "almina" in shown["text"] and "موجز" in shown["subject"] and 'dir="rtl"' in shown["html"]
    assert (await client.get(f"/alerts/{made['id']}/digest", params={"hours": 2})).status_code == 200
    assert asked[-1] == ("السد", 2.0)
    refused = await client.get(f"/alerts/{single['id']}/digest")
    assert (refused.status_code, refused.json()["detail"]) == (409, f"the standing search {single['id']} is no digest")


async def test_it_needs_a_key_with_the_scope(client: httpx.AsyncClient) -> None:
    client.headers["X-API-Key"] = READER
    assert (await client.get("/alerts")).status_code == 403
    del client.headers["X-API-Key"]
    assert (await client.post("/alerts", json=NEW)).status_code == 401


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"filters": {}}, "give words or filters"),
        ({"filters": {"q": "سد", "qq": 1}}, "filters.qq"),
        ({"when": {"kind": "frequency", "count": 1}}, "when.frequency.count"),
        ({"targets": [{"to": "https://user:pass@example.com/"}]}, "webhook:NAME"),
        ({"surprise": True}, "surprise"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field(
    client: httpx.AsyncClient, fields: dict[str, Any], named: str
) -> None:
    answer = await client.post("/alerts", json=NEW | fields)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


async def test_a_link_in_a_mail_asks_first_and_then_removes_the_target(client: httpx.AsyncClient) -> None:
    targets = [{"to": "mailto:desk@example.com"}, {"to": "mailto:editor@example.com"}]
    made = await save(client, targets=targets)
    token = unsubscribe_token(SETTINGS, made["id"], Target(to="mailto:desk@example.com"))
    del client.headers["X-API-Key"]
    asked = await client.get(f"/alerts/unsubscribe/{token}")
    assert asked.status_code == 200 and '<form method="post">' in asked.text and "السد" in asked.text
    # As RFC 8058 has it: a form, without cookies or keys.
    done = await client.post(f"/alerts/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert (await client.post(f"/alerts/unsubscribe/{token}")).status_code == 200, "mail programs repeat it"
    assert (await client.post(f"/alerts/unsubscribe/{token}x")).status_code == 404
    client.headers["X-API-Key"] = DESK
    left = (await client.get(f"/alerts/{made['id']}")).json()
    assert [target["to"] for target in left["targets"]] == ["mailto:editor@example.com"] and left["revision"] == 2


async def test_of_unsubscriptions_at_the_same_moment_none_is_lost(client: httpx.AsyncClient) -> None:
    targets = [{"to": f"mailto:{name}@example.com"} for name in ("desk", "editor", "night")]
    made = await save(client, targets=targets)
    tokens = [unsubscribe_token(SETTINGS, made["id"], Target(to=target["to"])) for target in targets[:2]]
    await asyncio.gather(*(client.post(f"/alerts/unsubscribe/{token}") for token in tokens))
    left = (await client.get(f"/alerts/{made['id']}")).json()
    assert [target["to"] for target in left["targets"]] == ["mailto:night@example.com"]


async def test_a_change_does_not_bring_a_revoked_address_back(client: httpx.AsyncClient) -> None:
    made = await save(client)
    path = f"/alerts/{made['id']}"
    await client.post(f"{path}/feed")
    await asyncio.gather(client.delete(f"{path}/feed"), client.put(path, json=NEW | {"name": "السدود"}))
    found = (await client.get(path)).json()
    assert (found["name"], found["feed"]) == ("السدود", None)


async def test_a_search_that_learns_is_saved_whole_or_not_at_all(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> int:
        raise QueryRefused("too expensive")

    monkeypatch.setattr(Past, "teach", refuse)
    await save(client, when={"kind": "change"})
    monkeypatch.setattr(apps, "MAX_HISTORIES", 0)
    async with in_process(apps.create_api(SETTINGS)) as busy:
        busy.headers["X-API-Key"] = DESK
        assert (await busy.post("/alerts", json=NEW | {"when": {"kind": "change"}})).status_code == 503
        assert (await busy.get("/alerts")).json()["total"] == 0
        assert (await busy.post("/alerts", json=NEW)).status_code == 201, "this one reads no past"


async def test_the_allowed_methods_are_named(client: httpx.AsyncClient) -> None:
    answer = await client.options(f"/alerts/{'0' * 12}")
    assert set(answer.headers["allow"].split(", ")) == {"DELETE", "GET", "HEAD", "OPTIONS", "PUT"}
