"""When a source is visited next."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.sources.watch.directory import Watching
from streams.sources.watch.web import Fault, FetchError

# Interval after the first failure, and the factor for each further one: a server that is overloaded or a network that
# is down is asked again sooner than one that refuses.
_BACKOFF: dict[Fault, tuple[float, float]] = {
    Fault.NETWORK: (60.0, 2.0),
    Fault.TIMEOUT: (120.0, 2.0),
    Fault.SERVER: (120.0, 2.0),
    Fault.REDIRECTS: (3600.0, 2.0),
    Fault.TOO_LARGE: (3600.0, 2.0),
    Fault.FORMAT: (600.0, 2.0),
    Fault.MISSING: (1800.0, 2.0),
    Fault.BLOCKED: (3600.0, 2.0),
    Fault.ROBOTS: (6 * 3600.0, 2.0),
    Fault.ADDRESS: (6 * 3600.0, 2.0),
    Fault.GONE: (24 * 3600.0, 1.0),
}
MOST_BACKOFF = timedelta(hours=24)
JITTER = 0.1
_FASTER, _SLOWER = 0.5, 1.08


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a source's interval.

    Attributes:
        least, most: shortest and longest time between two visits, in seconds.
    """

    least: float
    most: float


def next_interval(state: Watching, new: int, limits: Limits, *, overlap: bool) -> float:
    """Return the interval after a successful visit, in seconds.

    It is halved after a visit that found something new and lengthened by a twelfth after one that did not, so that
    about one visit in ten finds something: an item then waits for a small part of the time between two items. Without
    overlap with what was seen before, items may have been missed: the interval becomes the shortest.
    """
    if not overlap:
        return limits.least
    current = state.interval or limits.least
    factor = _FASTER if new else _SLOWER
    return min(max(current * factor, limits.least), limits.most)


def after_success(
    interval: float, fresh: timedelta, skip_hours: frozenset[int], now: datetime, draw: random.Random
) -> datetime:
    """Return the time of the next visit after a success.

    Args:
        interval: of the schedule, in seconds.
        fresh: how long the answer stays fresh, by HTTP and by the list itself: it is not asked for again before.
        skip_hours: hours (UTC) in which the list does not change.
        now: time of the visit, in UTC.
        draw: source of the jitter, which keeps sources from being visited in step.
    """
    wait = max(interval * draw.uniform(1.0, 1.0 + JITTER), fresh.total_seconds())
    moment = now + timedelta(seconds=wait)
    for _ in range(24):
        if moment.hour not in skip_hours:
            break
        moment = (moment + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return moment


def failed(state: Watching, fault: FetchError, now: datetime, draw: random.Random) -> Watching:
    """Return the state after a failed visit; see `after_fault`."""
    failures = state.failures + 1
    return state.model_copy(
        update={
            "failures": failures,
            "fault": str(fault),
            "fault_kind": fault.kind.value,
            "next_visit": after_fault(fault, failures, now, draw),
        }
    )


def after_fault(fault: FetchError, failures: int, now: datetime, draw: random.Random) -> datetime:
    """Return the time of the next visit after a failed one.

    Args:
        fault: what went wrong. A wait that the server asks for is observed.
        failures: number of failed visits in a row, this one too.
        now: time of the visit, in UTC.
        draw: source of the jitter.
    """
    first, factor = _BACKOFF[fault.kind]
    wait = min(timedelta(seconds=first * factor ** min(failures - 1, 20)), MOST_BACKOFF)
    return now + max(wait * draw.uniform(1.0, 1.0 + JITTER), fault.wait or timedelta())
