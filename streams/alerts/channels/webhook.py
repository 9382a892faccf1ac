"""Alerts as signed POST requests (Standard Webhooks, https://www.standardwebhooks.com)."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook

from streams import __version__
from streams.alerts.channels.base import DeliveryFailed
from streams.alerts.message import AlertMessage
from streams.alerts.secret_store import named_secret, webhook_secret
from streams.alerts.standing_search import NAMED_WEBHOOK, StandingSearch, Target
from streams.errors import OperatorError
from streams.settings import Settings
from streams.sources.watch.addresses import AddressGuard, AddressRefused, GuardedResolver
from streams.sources.watch.freshness import retry_after

GONE = 410
_MOST_ANSWER = 64 * 1024


class WebhookChannel:
    """Posts alerts as JSON.

    Args:
        session: an HTTP client that reaches permitted addresses only.
        guard: decides which these are.
        settings: of the process.
    """

    def __init__(self, session: aiohttp.ClientSession, guard: AddressGuard, settings: Settings) -> None:
        self._session = session
        self._guard = guard
        self._settings = settings

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:
        """Post a message; any status of 200 to 299 accepts it. Redirects are not followed.

        Raises:
            DeliveryFailed: no such answer; final after 410.
        """
        try:
            url = self._url(target, search)
            secret = await asyncio.to_thread(webhook_secret, self._settings, search, target)
            body = json.dumps(message.payload, ensure_ascii=False).encode()
            headers = signed_headers(message.id, body, secret)
        except OperatorError as error:
            raise DeliveryFailed(error.message) from error
        try:
            self._guard.check(url)
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(_MOST_ANSWER)
                status, wait = answer.status, retry_after(answer.headers, datetime.now(UTC))
        except AddressRefused as refusal:
            raise DeliveryFailed(str(refusal)) from refusal
        except TimeoutError as error:
            raise DeliveryFailed(f"no answer within {self._settings.alerts_timeout:g} seconds") from error
        except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError) as error:
            cause = error.__cause__
            detail = str(cause) if isinstance(cause, AddressRefused) else type(error).__name__
            if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(cause, AddressRefused):
                detail = f"cannot connect: {error.os_error.strerror or type(error.os_error).__name__}"
            raise DeliveryFailed(detail) from error
        if not 200 <= status < 300:
            seconds = wait.total_seconds() if wait is not None else None
            raise DeliveryFailed(f"the receiver answers with status {status}", wait=seconds, final=status == GONE)

    def _url(self, target: Target, search: StandingSearch) -> str:
        if target.channel == NAMED_WEBHOOK:
            return named_secret(self._settings, target.address, search.owner)
        return target.address


def signed_headers(message_id: str, body: bytes, secret: str | None, now: datetime | None = None) -> dict[str, str]:
    """Return the headers of a request; without a secret, it is not signed.

    Raises:
        OperatorError: the secret is not base64 with or without `whsec_`.
    """
    moment = now or datetime.now(UTC)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"Rasd/{__version__}",
        "webhook-id": f"msg_{message_id}",
        "webhook-timestamp": str(int(moment.timestamp())),
    }
    if secret is not None:
        try:
            signer = Webhook(secret)
        except Exception as error:  # the library raises several kinds, and its message may hold the secret
            raise OperatorError("a webhook's secret must be base64, as in whsec_…") from error
        headers["webhook-signature"] = signer.sign(headers["webhook-id"], moment, body.decode())
    return headers


@asynccontextmanager
async def open_webhooks(settings: Settings) -> AsyncIterator[WebhookChannel]:
    """Open the channel."""
    guard = AddressGuard(settings.alerts_allow, "RASD_ALERTS_ALLOW")
    connector = aiohttp.TCPConnector(resolver=GuardedResolver(guard), limit=64, limit_per_host=4, ttl_dns_cache=60)
    timeout = aiohttp.ClientTimeout(total=settings.alerts_timeout)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session:
        yield WebhookChannel(session, guard, settings)
