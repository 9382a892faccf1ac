"""robots.txt of hosts (RFC 9309), read by protego and kept for a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

KEPT = timedelta(hours=24)  # RFC 9309, section 2.4
KEPT_UNREACHABLE = timedelta(minutes=30)
MOST_BYTES = 500 * 1024  # RFC 9309, section 2.5
# A delay beyond this would stop the watching of a host with more than a few articles a day.
MOST_DELAY = 60.0

_NOBODY = "User-agent: *\nDisallow: /"


@dataclass(frozen=True, slots=True)
class _Rules:
    parsed: Protego
    until: datetime
    reachable: bool


class Robots:
    """The rules of all hosts, for one user agent.

    Args:
        agent: the product name that robots.txt addresses.
        read: reads a robots.txt. Returns its text, empty if there is none (4xx), None if the server fails (5xx).
    """

    def __init__(self, agent: str, read: Callable[[str], Awaitable[str | None]]) -> None:
        self._agent = agent
        self._read = read
        self._rules: dict[str, _Rules] = {}

    async def allows(self, url: str) -> bool:
        """Return whether robots.txt allows an address. While the server fails, it allows none."""
        return bool((await self._of(url)).parsed.can_fetch(url, self._agent))

    async def reachable(self, url: str) -> bool:
        """Return whether the host's robots.txt could be read, or does not exist."""
        return (await self._of(url)).reachable

    async def delay(self, url: str) -> float:
        """Return the pause between two requests that robots.txt asks for, in seconds; 0 without one."""
        wanted = (await self._of(url)).parsed.crawl_delay(self._agent)
        return min(float(wanted or 0.0), MOST_DELAY)

    async def sitemaps(self, url: str) -> list[str]:
        """Return the sitemaps that the host's robots.txt names."""
        return list((await self._of(url)).parsed.sitemaps)

    async def _of(self, url: str) -> _Rules:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        now = datetime.now(UTC)
        rules = self._rules.get(site)
        if rules is None or rules.until <= now:
            text = await self._read(f"{site}/robots.txt")
            reachable = text is not None
            parsed = Protego.parse(_NOBODY if text is None else text)
            rules = self._rules[site] = _Rules(parsed, now + (KEPT if reachable else KEPT_UNREACHABLE), reachable)
        return rules
