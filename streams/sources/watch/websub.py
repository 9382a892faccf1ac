"""WebSub (W3C Recommendation of 2018): hubs tell us that a feed has changed, so that it is visited at once.

A visit to a feed that names a hub subscribes to it, if RASD_WATCH_CALLBACK says under which public address the hub can
reach this process. A notification is not read: it only makes the source due, and the visit is the same as any other.
Any process can take the hub's requests. It passes them on through the topic `sources`, whose partition the process that
watches the source reads. Without a hub, and when a subscription has ended, the source is polled as usual.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web as http
from pydantic import BaseModel, Field

from streams.observability.logs import get_logger
from streams.records.fields import Timestamp
from streams.settings import Settings
from streams.sources.watch.directory import NAME_PATTERN, WatchedSource, Watching
from streams.sources.watch.web import FetchError, Web

log = get_logger(__name__)

PATH = "/websub"
LEASE = timedelta(days=7)
# A subscription is renewed when less than this is left of it, and asked for again when the hub did not confirm it.
RENEWED = timedelta(days=1)
ASKED_AGAIN = timedelta(hours=1)
# How often a source with a subscription is polled: a hub may forget us.
POLLED = timedelta(minutes=15)
# The signatures that hubs may use (section 8 of the recommendation), without SHA-1, which is broken.
_METHODS = ("sha256", "sha384", "sha512")
_TOKEN_BYTES = 16
# Anybody can send notifications to the public address. A hub that is turned away tries again.
MOST_NOTIFICATIONS = 32
NOTIFICATION_SECONDS = 10.0


class Poke(BaseModel):
    """What a hub said about a source: a record of the topic `sources` under the name with `/poke` behind it."""

    at: Timestamp
    lease: float | None = Field(default=None, description="Seconds for which the hub confirmed the subscription.")
    topic: str | None = Field(default=None, description="Address of the feed that it confirmed the subscription to.")


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature of a notification, checked while its body arrives.

    Attributes:
        computed: the HMAC of what has arrived.
        given: the digest that the header states, in hexadecimal.
    """

    computed: hmac.HMAC
    given: bytes

    def is_right(self) -> bool:
        """Return whether what has arrived was signed by our hub."""
        return secrets.compare_digest(self.computed.hexdigest().encode(), self.given)


@dataclass(frozen=True, slots=True)
class Callback:
    """Our side of subscriptions.

    Attributes:
        base: public address, without a slash at the end.
        key: from which the tokens in addresses and the secrets of subscriptions are derived.
    """

    base: str
    key: bytes

    @classmethod
    def of(cls, settings: Settings) -> Callback | None:
        """Return the callback that the settings describe; None without one."""
        if settings.watch_callback is None or settings.watch_callback_secret is None:
            return None
        return cls(settings.watch_callback.rstrip("/"), settings.watch_callback_secret.get_secret_value().encode())

    def url(self, name: str, topic: str) -> str:
        """Return the address that a hub calls. Nobody can guess it, and it is another one for another feed."""
        return f"{self.base}{PATH}/{name}/{self.token(name, topic)}"

    def token(self, name: str, topic: str) -> str:
        """Return what makes the address unguessable: it also says for which feed we subscribed."""
        return self._derive("token", name, topic)[: 2 * _TOKEN_BYTES]

    def secret(self, name: str) -> str:
        """Return the secret with which the hub signs its notifications."""
        return self._derive("secret", name)

    def signature(self, name: str, header: str) -> Signature | None:
        """Return the signature that a header names (`X-Hub-Signature: sha256=…`); None if it is of no use."""
        method, _, given = header.partition("=")
        if method not in _METHODS or not given.strip():
            return None
        # aiohttp decodes headers with surrogates, and compare_digest takes no text beyond ASCII.
        digest = given.strip().lower().encode("utf-8", "surrogateescape")
        return Signature(hmac.new(self.secret(name).encode(), digestmod=getattr(hashlib, method)), digest)

    def _derive(self, *parts: str) -> str:
        return hmac.new(self.key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


async def subscribe(
    web: Web, callback: Callback, source: WatchedSource, state: Watching, *, hub: str, topic: str
) -> Watching:
    """Subscribe to a feed's hub if there is no subscription that lasts.

    Args:
        web: the HTTP client.
        callback: our side.
        source: the source.
        state: its state after a visit.
        hub: address of the hub.
        topic: address of the feed by its own word.

    Returns:
        The state; a hub that refuses is asked again at a later visit.
    """
    now = state.last_visit or datetime.now(UTC)
    is_same = state.hub == hub and state.hub_topic == topic
    if is_same:
        if state.hub_until is not None and state.hub_until - now > RENEWED:
            return state
        if state.hub_asked is not None and now - state.hub_asked < ASKED_AGAIN:
            return state
    form = {
        "hub.callback": callback.url(source.name, topic),
        "hub.mode": "subscribe",
        "hub.topic": topic,
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
        "hub.secret": callback.secret(source.name),
    }
    fault = None
    try:
        await web.post(hub, form)
    except FetchError as error:
        fault = str(error)
        log.warning("a hub refuses a subscription", source=source.name, hub=hub, cause=fault)
    changes = {"hub": hub, "hub_topic": topic, "hub_asked": now, "hub_fault": fault}
    # The hub of before will tell nothing of this feed: until the new one confirms, it is polled as usual.
    return state.model_copy(update=changes if is_same else changes | {"hub_until": None})


def is_subscribed(state: Watching, now: datetime) -> bool:
    """Return whether a hub has confirmed a subscription that has not ended."""
    return state.hub_until is not None and state.hub_until > now


def routes(callback: Callback, poke: Callable[[str, Poke], Awaitable[None]], most: int) -> list[http.RouteDef]:
    """Return the routes that hubs call.

    Args:
        callback: our side.
        poke: passes on what a hub said about a source.
        most: largest notification, in bytes.
    """
    under_way = 0
    path = f"{PATH}/{{name:{NAME_PATTERN.strip('^$')}}}/{{token:[0-9a-f]{{{2 * _TOKEN_BYTES}}}}}"

    async def verify(request: http.Request) -> http.StreamResponse:
        """Answer whether we asked for a subscription (section 5.3 of the recommendation)."""
        name, topic = request.match_info["name"], request.query.get("hub.topic", "")
        if not secrets.compare_digest(callback.token(name, topic), request.match_info["token"]):
            return http.Response(status=404)
        mode = request.query.get("hub.mode")
        if mode == "denied":
            log.warning("a hub denies a subscription", source=name, cause=request.query.get("hub.reason", ""))
            await poke(name, Poke(at=datetime.now(UTC), lease=0.0, topic=topic))
            return http.Response()
        if mode != "subscribe" or "hub.challenge" not in request.query:
            return http.Response(status=404)
        try:
            lease = min(int(request.query.get("hub.lease_seconds", "")), int(10 * LEASE.total_seconds()))
        except ValueError:
            lease = int(LEASE.total_seconds())
        await poke(name, Poke(at=datetime.now(UTC), lease=max(lease, 0), topic=topic))
        return http.Response(text=request.query["hub.challenge"])

    async def notified(request: http.Request) -> http.StreamResponse:
        """Take a notification. A wrong signature is not told to whoever sends it (section 8)."""
        nonlocal under_way
        if (request.content_length or 0) > most:
            return http.Response(status=413)
        name = request.match_info["name"]
        signature = callback.signature(name, request.headers.get("X-Hub-Signature", ""))
        if signature is None:
            log.debug("a notification without a signature", source=name)
            return http.Response(status=202)
        if under_way >= MOST_NOTIFICATIONS:
            return http.Response(status=503, headers={"Retry-After": str(int(NOTIFICATION_SECONDS))})
        under_way += 1
        try:
            async with asyncio.timeout(NOTIFICATION_SECONDS):
                fits = await _read_signed(request, signature, most)
        except TimeoutError:
            return http.Response(status=408)
        finally:
            under_way -= 1
        if not fits:
            return http.Response(status=413)
        if signature.is_right():
            await poke(name, Poke(at=datetime.now(UTC)))
        else:
            log.debug("a notification without the signature of the hub", source=name)
        return http.Response(status=202)

    handlers: list[tuple[Any, Any]] = [(http.get, verify), (http.post, notified)]
    return [route(path, handler) for route, handler in handlers]


async def _read_signed(request: http.Request, signature: Signature, most: int) -> bool:
    """Pass a body through a signature without keeping it. False if it is longer than `most` bytes."""
    length = 0
    async for chunk in request.content.iter_chunked(64 * 1024):
        length += len(chunk)
        if length > most:
            return False
        signature.computed.update(chunk)
    return True
