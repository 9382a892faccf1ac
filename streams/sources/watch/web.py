"""Polite HTTP requests: one agent, robots.txt, a pace for each host, and limits of time and size."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp

from streams import __version__
from streams.settings import Settings
from streams.sources.watch.addresses import AddressGuard, AddressRefused, GuardedResolver
from streams.sources.watch.freshness import retry_after
from streams.sources.watch.robots import MOST_BYTES, Robots

AGENT = "Rasd"
MOST_REDIRECTS = 5
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BLOCKED = frozenset({401, 402, 403, 407, 429, 451})
_CHUNK = 64 * 1024
# Hosts whose last request ran into the timeout share this part of the requests, so that they do not hold up the others.
SLOW_SHARE = 8


class Fault(StrEnum):
    """Why a request brought nothing."""

    NETWORK = "network"
    TIMEOUT = "timeout"
    SERVER = "server"
    BLOCKED = "blocked"
    ROBOTS = "robots"
    MISSING = "missing"
    GONE = "gone"
    ADDRESS = "address"
    REDIRECTS = "redirects"
    TOO_LARGE = "too_large"
    FORMAT = "format"


class FetchError(Exception):
    """A request, or the list that it brought, cannot be used.

    Attributes:
        kind: the category.
        wait: the time that the server asks us to wait, if it does.
    """

    def __init__(self, kind: Fault, detail: str, wait: timedelta | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer.

    Attributes:
        url: address that answered, after redirects.
        moved_to: the same, if all redirects were permanent; else None.
        status: 200, or 304 if the validators still hold.
        headers: of the answer.
        body: uncompressed; empty with 304.
        at: time of the answer, in UTC.
    """

    url: str
    moved_to: str | None
    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    @property
    def media_type(self) -> str:
        """The media type, lower case, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset that the Content-Type names."""
        for parameter in self.headers.get("Content-Type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset" and value.strip(" \"'"):
                return value.strip(" \"'")
        return None


@dataclass(slots=True)
class _Host:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    earliest: float = 0.0
    slow: bool = False


class Web:
    """The HTTP client of `rasd watch`; see `open_web`.

    Each host gets one request at a time, with a pause in between.

    Attributes:
        requests: number of requests made, robots.txt too.
        robots: the rules of the hosts.
    """

    def __init__(self, session: aiohttp.ClientSession, guard: AddressGuard, settings: Settings) -> None:
        self._session = session
        self._guard = guard
        self._settings = settings
        self._hosts: dict[str, _Host] = {}
        self._slots = asyncio.Semaphore(settings.watch_requests)
        self._slow_slots = asyncio.Semaphore(max(1, settings.watch_requests // SLOW_SHARE))
        self.robots = Robots(AGENT, self._read_robots)
        self.requests = 0

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, accept: str = "*/*"
    ) -> Answer:
        """Request an address, following redirects.

        Args:
            url: http or https.
            etag, last_modified: validators of the last answer; the server may then answer with 304.
            accept: media types wanted.

        Raises:
            FetchError: there is no usable answer.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {"Accept": accept} | {name: value for name, value in conditions.items() if value}
        first, permanent = url, True
        for _ in range(MOST_REDIRECTS + 1):
            if not await self.robots.allows(url):
                if not await self.robots.reachable(url):
                    raise FetchError(Fault.SERVER, f"the robots.txt of {urlsplit(url).netloc} cannot be read")
                raise FetchError(Fault.ROBOTS, f"robots.txt of {urlsplit(url).netloc} forbids {urlsplit(url).path}")
            answer = await self._request(url, headers, await self.robots.delay(url), self._settings.max_content_bytes)
            if answer.status not in _REDIRECTS:
                if answer.status not in {200, 304}:
                    raise _fault_of(answer)
                if "cf-mitigated" in answer.headers:
                    raise FetchError(Fault.BLOCKED, f"{urlsplit(url).netloc} answers with a challenge for browsers")
                moved = answer.url if permanent and answer.url != first else None
                return Answer(answer.url, moved, answer.status, answer.headers, answer.body, answer.at)
            permanent = permanent and answer.status in _PERMANENT
            target = answer.headers.get("Location")
            if not target:
                raise FetchError(Fault.REDIRECTS, f"{url} redirects, but does not say where")
            url = urldefrag(urljoin(url, target)).url
        raise FetchError(Fault.REDIRECTS, f"{first} redirects more than {MOST_REDIRECTS} times")

    async def post(self, url: str, form: Mapping[str, str]) -> None:
        """Send a form. Redirects are not followed.

        Raises:
            FetchError: the server does not accept it.
        """
        answer = await self._request(url, {}, 0.0, self._settings.max_content_bytes, form)
        if not 200 <= answer.status < 300:
            raise _fault_of(answer)

    async def _read_robots(self, url: str) -> str | None:
        """Read a robots.txt: empty if there is none, None if the server fails (RFC 9309, section 2.3.1)."""
        for _ in range(MOST_REDIRECTS + 1):
            try:
                answer = await self._request(url, {}, 0.0, MOST_BYTES)
            except FetchError as fault:
                if fault.kind is Fault.ADDRESS:
                    raise
                return "" if fault.kind is Fault.TOO_LARGE else None
            if answer.status in _REDIRECTS and answer.headers.get("Location"):
                url = urljoin(url, answer.headers["Location"])
                continue
            if answer.status == 200:
                return answer.body.decode("utf-8", "replace")
            return None if answer.status >= 500 or answer.status == 429 else ""
        return ""

    async def _request(
        self, url: str, headers: Mapping[str, str], delay: float, most: int, form: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request in its host's turn.

        Raises:
            FetchError: the server cannot be reached, is too slow, or sends too much.
        """
        host = self._hosts.setdefault(urlsplit(url).netloc, _Host())
        async with host.lock:
            await asyncio.sleep(host.earliest - time.monotonic())
            try:
                async with self._slow_slots if host.slow else self._slots:
                    answer = await self._read(url, headers, most, form)
            except AddressRefused as refusal:
                raise FetchError(Fault.ADDRESS, str(refusal)) from refusal
            except TimeoutError as error:
                host.slow = True
                limit = f"{self._settings.watch_timeout:.0f} s"
                raise FetchError(Fault.TIMEOUT, f"no whole answer from {url} within {limit}") from error
            except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError) as error:
                if isinstance(error.__cause__, AddressRefused):
                    raise FetchError(Fault.ADDRESS, str(error.__cause__)) from error
                raise FetchError(Fault.NETWORK, f"{url}: {error or type(error).__name__}") from error
            else:
                host.slow = False
                return answer
            finally:
                host.earliest = time.monotonic() + max(self._settings.watch_host_delay, delay)

    async def _read(self, url: str, headers: Mapping[str, str], most: int, form: Mapping[str, str] | None) -> Answer:
        self._guard.check(url)
        self.requests += 1
        method = "GET" if form is None else "POST"
        async with self._session.request(method, url, headers=headers, data=form, allow_redirects=False) as response:
            body = bytearray()
            if response.status == 200:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    body += chunk
                    if len(body) > most:
                        raise FetchError(Fault.TOO_LARGE, f"{url} has more than {most} bytes")
            return Answer(url, None, response.status, response.headers, bytes(body), datetime.now(UTC))


def _fault_of(answer: Answer) -> FetchError:
    """The fault that a status other than success means."""
    detail = f"{answer.url} answers with status {answer.status}"
    wait = retry_after(answer.headers, answer.at)
    if answer.status == 410:
        return FetchError(Fault.GONE, detail)
    if answer.status in _BLOCKED or "cf-mitigated" in answer.headers:
        return FetchError(Fault.BLOCKED, detail, wait)
    kind = Fault.MISSING if 400 <= answer.status < 500 else Fault.SERVER
    return FetchError(kind, detail, wait)


def user_agent(settings: Settings) -> str:
    """Return the User-Agent: `Rasd/0.2.0 (+https://example.com/bot)`, with RASD_WATCH_CONTACT if it is set."""
    contact = f" (+{settings.watch_contact})" if settings.watch_contact else ""
    return f"{AGENT}/{__version__}{contact}"


@asynccontextmanager
async def open_web(settings: Settings) -> AsyncIterator[Web]:
    """Open the HTTP client.

    With RASD_WATCH_PROXY the proxy resolves names, so only addresses given as numbers are checked here.
    """
    guard = AddressGuard(settings.watch_allow)
    resolver = None if settings.watch_proxy else GuardedResolver(guard)
    connector = aiohttp.TCPConnector(
        resolver=resolver, limit=2 * settings.watch_requests, limit_per_host=1, ttl_dns_cache=60
    )
    session = aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": user_agent(settings)},
        timeout=aiohttp.ClientTimeout(total=settings.watch_timeout, connect=10.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=settings.watch_proxy,
        max_field_size=16 * 1024,
    )
    async with session:
        yield Web(session, guard, settings)
