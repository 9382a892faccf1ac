"""Subscriptions to hubs: what we ask of them, and what we take from them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web as http
from pydantic import SecretStr, ValidationError

from deploy.demo.fake_web import FakeSite, fake_site
from streams.observability.operations_site import open_site
from streams.settings import Settings
from streams.sources.watch import websub
from streams.sources.watch.websub import ASKED_AGAIN, LEASE, PATH, POLLED, Callback, Poke, routes
from tests.unit.sources.watch.test_visit import open_rig, source

CALLBACK = Callback("https://rasd.example", b"0123456789abcdef")


class Hub:
    """The feed of a site names a hub of the same site, which notes what it is asked."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.asked: list[dict[str, str]] = []
        self.status = 202
        self.path = "/hub"
        self.topic = f"{site.address}/rss.xml?edition=1"
        site.answers["/rss.xml"] = self.feed
        site.answers |= {"/hub": self.answer, "/other": self.answer}

    async def feed(self, _: http.Request) -> http.StreamResponse:
        itself = self.topic.replace("&", "&amp;")
        links = f"<atom:link rel='hub' href='{self.path}'/><atom:link rel='self' href='{itself}'/>"
        text = self.site.rss().replace("<channel>", f"<channel>{links}")
        return http.Response(text=text.replace("<rss ", "<rss xmlns:atom='http://www.w3.org/2005/Atom' "))

    async def answer(self, request: http.Request) -> http.StreamResponse:
        assert request.method == "POST"
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        return http.Response(status=self.status)


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as running:
        running.publish(1)
        yield running


async def test_a_feed_that_names_a_hub_is_subscribed_to_once(site: FakeSite) -> None:
    hub = Hub(site)
    async with open_rig() as rig:
        await rig.visit(source(site))
        assert hub.asked == [], "without a callback it is polled alone"
        rig.visitor = replace(rig.visitor, callback=CALLBACK)
        state = await rig.visit(source(site))
        (form,) = hub.asked
        assert form == {
            "hub.callback": CALLBACK.url("jisr", hub.topic),
            "hub.mode": "subscribe",
            "hub.topic": hub.topic,
            "hub.lease_seconds": str(7 * 24 * 3600),
            "hub.secret": CALLBACK.secret("jisr"),
        }
        assert (state.hub_until, state.hub_asked) == (None, rig.now)
        await rig.visit(source(site))
        assert len(hub.asked) == 1, "it has time to confirm"
        rig.now += ASKED_AGAIN
        state = await rig.visit(source(site))
        assert len(hub.asked) == 2
        confirmed = state.model_copy(update={"hub_until": rig.now + LEASE})
        rig.saved["jisr"] = confirmed
        rig.now += LEASE - timedelta(days=2)
        polled = await rig.visit(source(site))
        assert len(hub.asked) == 2 and polled.next_visit is not None
        assert polled.next_visit - rig.now >= POLLED
        rig.now += timedelta(days=1, hours=1)
        await rig.visit(source(site))
        assert len(hub.asked) == 3, "it is renewed before it ends"


@pytest.mark.parametrize("change", ["hub", "topic", "none"])
async def test_a_feed_that_changes_its_hub_is_not_subscribed_until_the_new_one_confirms(
    site: FakeSite, change: str
) -> None:
    hub = Hub(site)
    async with open_rig() as rig:
        rig.visitor = replace(rig.visitor, callback=CALLBACK)
        state = await rig.visit(source(site))
        rig.saved["jisr"] = state.model_copy(update={"hub_until": rig.now + 10 * LEASE})
        rig.now += timedelta(minutes=20)
        if change == "hub":
            hub.path = "/other"
        elif change == "topic":
            hub.topic = f"{site.address}/rss.xml?edition=2"
        else:
            site.answers.pop("/rss.xml")
        state = await rig.visit(source(site))
        assert state.hub_until is None
        assert (len(hub.asked), state.hub is None) == ((1, True) if change == "none" else (2, False))


async def test_a_hub_that_refuses_does_not_fail_the_visit(site: FakeSite) -> None:
    hub = Hub(site)
    hub.status = 403
    async with open_rig() as rig:
        rig.visitor = replace(rig.visitor, callback=CALLBACK)
        state = await rig.visit(source(site))
        assert (state.failures, state.items, state.hub_until) == (0, 1, None)
        assert "403" in (state.hub_fault or "")


@pytest.fixture
async def called() -> AsyncIterator[tuple[str, list[tuple[str, Poke]]]]:
    """The address of our side, and what it passed on."""
    pokes: list[tuple[str, Poke]] = []

    async def poke(name: str, poke: Poke) -> None:
        pokes.append((name, poke))

    runner, url = await open_site({}, "127.0.0.1", 0, routes(CALLBACK, poke, 1000))
    yield url, pokes
    await runner.cleanup()


TOPIC = "https://jisr.example/rss.xml?a=1&b=2"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"hub.topic": "https://other.example/"}, 404),
        ({"hub.mode": "unsubscribe"}, 404),
        ({"hub.challenge": None}, 404),
    ],
)
async def test_an_intent_is_confirmed_if_it_is_ours(
    called: tuple[str, list[tuple[str, Poke]]], changes: dict[str, str | None], status: int
) -> None:
    url, pokes = called
    address = CALLBACK.url("jisr", TOPIC).replace(CALLBACK.base, url)
    sent: dict[str, str | None] = {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "تحدّ",
        "hub.lease_seconds": "3600",
    }
    query = {name: value for name, value in (sent | changes).items() if value is not None}
    async with aiohttp.ClientSession() as session, session.get(address, params=query) as answer:
        assert answer.status == status
        if status == 200:
            assert await answer.text() == "تحدّ"
    passed_on = [(name, poke.lease, poke.topic) for name, poke in pokes]
    assert passed_on == ([("jisr", 3600.0, TOPIC)] if status == 200 else [])


@pytest.mark.parametrize(
    ("given", "lease"), [("nan", 604800), ("", 604800), ("inf", 604800), ("9" * 40, 6048000), ("-5", 0)]
)
async def test_strange_leases_are_bounded(called: tuple[str, list[tuple[str, Poke]]], given: str, lease: float) -> None:
    url, pokes = called
    address = CALLBACK.url("jisr", TOPIC).replace(CALLBACK.base, url)
    query = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "x", "hub.lease_seconds": given}
    async with aiohttp.ClientSession() as session, session.get(address, params=query) as answer:
        assert answer.status == 200
    assert [poke.lease for _, poke in pokes] == [lease]


async def test_a_guessed_address_confirms_nothing(called: tuple[str, list[tuple[str, Poke]]]) -> None:
    url, pokes = called
    query = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "x"}
    async with aiohttp.ClientSession() as session:
        for token in ("0" * 32, CALLBACK.token("nahr", TOPIC)):
            async with session.get(f"{url}{PATH}/jisr/{token}", params=query) as answer:
                assert answer.status == 404
    assert pokes == []


async def test_a_denial_ends_the_subscription(called: tuple[str, list[tuple[str, Poke]]]) -> None:
    url, pokes = called
    address = CALLBACK.url("jisr", TOPIC).replace(CALLBACK.base, url)
    query = {"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "no"}
    async with aiohttp.ClientSession() as session, session.get(address, params=query) as answer:
        assert answer.status == 200
    assert [poke.lease for _, poke in pokes] == [0.0]


def signature(body: bytes, method: str = "sha256", name: str = "jisr") -> str:
    return f"{method}={hmac.new(CALLBACK.secret(name).encode(), body, getattr(hashlib, method)).hexdigest()}"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (signature(b"<rss/>"), True),
        (signature(b"<rss/>", "sha512"), True),
        (signature(b"<rss/>", "sha1"), False),
        (signature(b"<rss>"), False),
        (signature(b"<rss/>", name="nahr"), False),
        ("sha256=", False),
        ("sha256=\u00e9", False),
        ("", False),
    ],
)
async def test_a_notification_counts_only_with_the_signature_of_the_hub(
    called: tuple[str, list[tuple[str, Poke]]], header: str, taken: bool
) -> None:
    url, pokes = called
    address = CALLBACK.url("jisr", TOPIC).replace(CALLBACK.base, url)
    async with aiohttp.ClientSession() as session:
        async with session.post(address, data=b"<rss/>", headers={"X-Hub-Signature": header}) as answer:
            assert answer.status == 202
        assert [(name, poke.lease) for name, poke in pokes] == ([("jisr", None)] if taken else [])
        async with session.post(address, data=b"x" * 1001, headers={"X-Hub-Signature": header}) as answer:
            assert answer.status == 413


async def test_notifications_that_do_not_end_leave_room_for_no_more_than_a_few(
    called: tuple[str, list[tuple[str, Poke]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, pokes = called
    monkeypatch.setattr(websub, "MOST_NOTIFICATIONS", 1)
    address = CALLBACK.url("jisr", TOPIC).replace(CALLBACK.base, url)
    headers = {"X-Hub-Signature": signature(b"<rss/>")}
    begun, ending = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"<rss"
        begun.set()
        await ending.wait()
        yield b"/>"

    async with aiohttp.ClientSession() as session:

        async def send(body: AsyncIterator[bytes] | bytes) -> int:
            async with session.post(address, data=body, headers=headers) as answer:
                return answer.status

        first = asyncio.create_task(send(slow()))
        await begun.wait()
        async with asyncio.timeout(20):
            while await send(b"<rss>") != 503:
                pass
        assert pokes == []
        ending.set()
        assert await first == 202
        assert await send(b"<rss/>") == 202
        assert [name for name, _ in pokes] == ["jisr", "jisr"], "the body is signed although it came in parts"
        monkeypatch.setattr(websub, "NOTIFICATION_SECONDS", 0.05)
        ending.clear()
        assert await send(slow()) == 408


async def test_a_long_body_without_a_length_is_refused(called: tuple[str, list[tuple[str, Poke]]]) -> None:
    url, pokes = called
    address = CALLBACK.url("jisr", TOPIC).replace(CALLBACK.base, url)

    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * 1001

    headers = {"X-Hub-Signature": signature(b"x" * 1001)}
    async with aiohttp.ClientSession() as session, session.post(address, data=parts(), headers=headers) as answer:
        assert answer.status == 413
    assert pokes == []


def test_callback_and_secret_go_together() -> None:
    with pytest.raises(ValidationError, match="go together"):
        Settings(_env_file=None, watch_callback="https://rasd.example")
    settings = Settings(
        _env_file=None, watch_callback="https://rasd.example/", watch_callback_secret=SecretStr("0123456789abcdef")
    )
    assert Callback.of(settings) == CALLBACK
    assert Callback.of(Settings(_env_file=None)) is None


def test_tokens_and_secrets_differ_between_sources_and_feeds() -> None:
    derived = {
        CALLBACK.token("jisr", "a"),
        CALLBACK.token("jisr", "b"),
        CALLBACK.token("nahr", "a"),
        CALLBACK.secret("jisr")[:32],
        CALLBACK.secret("nahr")[:32],
    }
    assert len(derived) == 5
