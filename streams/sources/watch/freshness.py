"""How long an answer stays fresh: what HTTP and the feed itself say about when to ask again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# A publisher that says a feed stays fresh for a month means its cache, not the news.
MOST_FRESH = timedelta(hours=24)
_DIRECTIVE_RE = re.compile(r'([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;]+)))?')


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Return how long an answer stays fresh (RFC 9111, section 4.2), at most `MOST_FRESH`.

    `Cache-Control: max-age` less `Age`, else `Expires` less `Date`. Nothing is guessed from Last-Modified: a feed may
    change at any time.
    """
    directives = _directives(headers.get("Cache-Control", ""))
    if "no-cache" in directives or "no-store" in directives:
        return timedelta()
    seconds = 0.0
    if "max-age" in directives:
        seconds = _seconds(directives["max-age"]) - _seconds(headers.get("Age", "0"))
    elif "Expires" in headers:
        expires, sent = http_date(headers["Expires"]), http_date(headers.get("Date", ""))
        if expires is not None:
            seconds = (expires - (sent or now)).total_seconds()
    return max(timedelta(), min(timedelta(seconds=seconds), MOST_FRESH))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return the wait that `Retry-After` asks for (seconds or a date), at most `MOST_FRESH`; None without one."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    moment = http_date(value)
    wait = moment - now if moment is not None else timedelta(seconds=_seconds(value))
    return max(timedelta(), min(wait, MOST_FRESH))


def http_date(text: str) -> datetime | None:
    """Read a date of an HTTP header; None if it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def update_period(period: str | None, frequency: str | None) -> timedelta:
    """Return the time between updates by the Syndication module (`sy:updatePeriod`, `sy:updateFrequency`)."""
    hours = {"hourly": 1.0, "daily": 24.0, "weekly": 168.0, "monthly": 720.0, "yearly": 8760.0}.get(
        (period or "").strip().lower(), 0.0
    )
    times = max(1.0, _seconds(frequency or "1"))
    return min(timedelta(hours=hours / times), MOST_FRESH)


def minutes(text: str | None) -> timedelta:
    """Return the time that RSS's `ttl` gives, in minutes, at most `MOST_FRESH`."""
    return min(timedelta(minutes=_seconds(text or "0")), MOST_FRESH)


def _directives(text: str) -> dict[str, str]:
    return {name.lower(): quoted or bare or "" for name, quoted, bare in _DIRECTIVE_RE.findall(text)}


def _seconds(text: str) -> float:
    digits = re.match(r"\s*(\d{1,9})", text)
    return float(digits.group(1)) if digits else 0.0
