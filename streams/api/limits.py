"""Limits on what one client, and all clients together, may ask for."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streams.errors import RasdError, Retryable

# Clients whose requests are remembered, about 200 bytes each. The one that was silent longest is forgotten first, which
# gives it a full allowance; a client that commands more addresses than this cannot be limited by address at all.
REMEMBERED = 20_000
# The allowance that a silent client saves up, in seconds of its rate.
BURST_SECONDS = 60.0


class TooManyRequests(RasdError):
    """A client exceeds its own limit; others are served.

    Attributes:
        seconds: after which it may try again.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = max(1, math.ceil(seconds))


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """A token bucket for each client: a steady rate, and bursts of up to a minute's requests.

    Args:
        per_minute: the rate; 0 for no limit.
        count: called when a request is refused.
        clock: monotonic time in seconds.
    """

    def __init__(self, per_minute: int, count: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._count = count
        self._per_second = per_minute / 60
        self._most = self._per_second * BURST_SECONDS
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: the client has used up its allowance.
        """
        if not self.per_minute:
            return
        now = self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(self._most, now)
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[client] = bucket
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            self._count()
            raise TooManyRequests(
                f"more than {self.per_minute} requests a minute", (1 - bucket.tokens) / self._per_second
            )
        bucket.tokens -= 1


class ConcurrencyLimit:
    """Limits how many operations run at once.

    Args:
        number: the limit.
        what: completes the error message "`number` … already", for example "searches are running".
        count: called when an operation is refused.
        each: the limit of one client; 0 for none.
    """

    def __init__(self, number: int, what: str, count: Callable[[], None], each: int = 0) -> None:
        self._count = count
        self._free = number
        self._full = f"{number} {what} already"
        self._each = each
        self._own_full = f"{each} {what} for you already"
        self._held: Counter[str] = Counter()

    @contextmanager
    def slot(self, client: str = "") -> Iterator[None]:
        """Hold a slot while the context is open.

        Args:
            client: who asks for it.

        Raises:
            TooManyRequests: the client holds as many as one may.
            Retryable: no slot is free.
        """
        if self._each and self._held[client] >= self._each:
            self._count()
            raise TooManyRequests(self._own_full, 5)
        if not self._free:
            self._count()
            raise Retryable(self._full)
        self._free -= 1
        self._held[client] += 1
        try:
            yield
        finally:
            self._free += 1
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]


def client_of(address: str | None) -> str:
    """Name a client by its address. Of IPv6 the first 64 bits count, as one client usually has all addresses behind."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "address unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address {parsed.ipv4_mapped}"
        return f"address {ipaddress.ip_network((parsed, 64), strict=False)}"
    return f"address {parsed}"
