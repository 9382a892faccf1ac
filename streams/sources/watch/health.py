"""One verdict on a source, from the state of its watching."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from streams.sources.watch.directory import HOURS_A_WEEK, Outage, WatchedSource, Watching, hour_of_week
from streams.sources.watch.habits import other_letters, unread_pages, wrong_clock
from streams.sources.watch.web import Fault

# A silence that the source's own history makes rarer than one in a thousand is called silent.
SILENT_BELOW = 0.001
# Expectations mean little before a source has been watched for some days.
LEARNED_AFTER = timedelta(days=3)
# Without expectations, a source that brought nothing for this long is called silent.
SILENT_AFTER = timedelta(days=7)
# How fast old weeks are forgotten in the mean of an hour: the last eight weeks make up most of it.
MEMORY_WEEKS = 8.0
# Between visits that lie further apart than this, a source counts as not watched.
KNOWN_GAP = timedelta(hours=3)
# A visit that did not happen for this long after its time is overdue.
OVERDUE_AFTER = timedelta(minutes=30)
# How many abnormal periods are remembered of a source.
MOST_REMEMBERED = 20


class Verdict(StrEnum):
    """The state of a source in one word."""

    HEALTHY = "healthy"
    NEW = "new"
    QUIET = "quiet"
    SILENT = "silent"
    FAILING = "failing"
    BLOCKED = "blocked"
    MOVED = "moved"
    GONE = "gone"
    TEMPLATE = "template"
    LANGUAGE = "language"
    CLOCK = "clock"
    OVERDUE = "overdue"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Health:
    """A verdict and what to do about it.

    Attributes:
        verdict: in one word.
        advice: in one line, with the reason.
        expected: number of items that its history let us expect since the last new one; None if too little is known.
    """

    verdict: Verdict
    advice: str
    expected: float | None = None


ABNORMAL = frozenset(Verdict) - {Verdict.HEALTHY, Verdict.NEW, Verdict.QUIET, Verdict.PAUSED}
"""The verdicts after which somebody should look after the source."""


def judge(source: WatchedSource, state: Watching, now: datetime) -> Health:
    """Return the verdict on a source at a moment in UTC."""
    if source.paused:
        return Health(Verdict.PAUSED, "paused; rasd sources resume continues")
    if state.last_visit is None:
        return Health(Verdict.NEW, "not visited yet; is rasd watch running?")
    if overdue(state, now):
        return Health(Verdict.OVERDUE, f"not visited since {_moment(state.last_visit)}; is rasd watch running?")
    return _fault(source, state) or _habits(source, state) or _rate(source, state, now)


def _fault(source: WatchedSource, state: Watching) -> Health | None:
    """What is wrong with the visits."""
    fault = state.fault or ""
    if state.fault_kind == Fault.GONE:
        return Health(Verdict.GONE, f"the server says it is gone for good ({fault}); remove it or find its successor")
    if state.failures and state.fault_kind in {Fault.BLOCKED, Fault.ROBOTS, Fault.ADDRESS}:
        return Health(Verdict.BLOCKED, f"{fault}; ask the publisher, or set RASD_WATCH_CONTACT")
    if state.failures >= 2 or (state.failures and state.last_success is None):
        return Health(Verdict.FAILING, f"{state.failures} failed visits in a row: {fault}")
    if state.url is not None and state.url != source.url:
        return Health(
            Verdict.MOVED, f"moved for good to {state.url}; rasd sources update {source.name} --url {state.url}"
        )
    return None


def _habits(source: WatchedSource, state: Watching) -> Health | None:
    """What is wrong with the items."""
    if (share := unread_pages(state)) is not None:
        advice = f"cleaning refuses {share:.0%} of its latest pages: see rasd dlq list and the guide on outlet rules"
        return Health(Verdict.TEMPLATE, advice)
    if (letters := other_letters(source, state)) is not None:
        return Health(Verdict.LANGUAGE, f"{letters}; look for the feed in the wanted language")
    if wrong_clock(state):
        advice = f"{state.wrong_dates} items are dated up to {state.lead_hours:.0f} h in the future; tell the publisher"
        return Health(Verdict.CLOCK, advice)
    return None


def _rate(source: WatchedSource, state: Watching, now: datetime) -> Health:
    """Whether as many items come as usual."""
    since = state.last_new or state.first_visit or now
    expected = expected_items(state, since, now)
    if expected is None:
        if now - since > SILENT_AFTER:
            return Health(Verdict.SILENT, f"nothing new since {_moment(since)}; open {source.url}")
        return Health(Verdict.NEW if not state.items else Verdict.HEALTHY, "its usual rate is not known yet")
    if math.exp(-expected) < SILENT_BELOW:
        advice = f"nothing new since {_moment(since)}, where {expected:.0f} items are usual; open {source.url}"
        return Health(Verdict.SILENT, advice, expected)
    if hour_rate(state, now) < 0.5:
        return Health(Verdict.QUIET, "little comes at this hour of the week", expected)
    return Health(Verdict.HEALTHY, "as usual", expected)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def overdue(state: Watching, now: datetime) -> bool:
    """Return whether the next visit should have happened long ago, so that nothing is known of the time since."""
    return state.next_visit is not None and now - state.next_visit > OVERDUE_AFTER


def remember_outage(source: WatchedSource, before: Watching, after: Watching, now: datetime) -> Watching:
    """Return the state after a visit with its abnormal periods brought up to date.

    Args:
        source: the source.
        before, after: the states before and after the visit.
        now: time of the visit, in UTC.
    """
    outages = list(after.outages)
    verdict = judge(source, after, now).verdict
    if outages and outages[-1].until is None and (outages[-1].verdict != verdict or overdue(before, now)):
        outages[-1] = outages[-1].model_copy(update={"until": now})
    if overdue(before, now) and before.last_visit is not None:
        outages.append(Outage(verdict=Verdict.OVERDUE, since=before.last_visit, until=now))
    if verdict in ABNORMAL and not (outages and outages[-1].until is None):
        begins = {
            Verdict.SILENT: after.last_new or after.first_visit,
            Verdict.FAILING: after.last_success,
            Verdict.BLOCKED: after.last_success,
            Verdict.GONE: after.last_success,
        }
        outages.append(Outage(verdict=verdict, since=begins.get(verdict) or now))
    kept = tuple(outages[-MOST_REMEMBERED:])
    return after if kept == after.outages else after.model_copy(update={"outages": kept})


def hour_rate(state: Watching, moment: datetime) -> float:
    """Return the mean number of new items in a moment's hour of the week."""
    return state.hourly[hour_of_week(moment)] if state.hourly else 0.0


def expected_items(state: Watching, since: datetime, now: datetime) -> float | None:
    """Return how many items the source's history lets us expect in a span; None before it was watched for long enough.

    Args:
        state: the hourly means of the source.
        since, now: the span, in UTC.
    """
    if state.first_visit is None or not state.hourly or now - state.first_visit < LEARNED_AFTER:
        return None
    known = [rate for rate, weight in zip(state.hourly, state.hourly_weight, strict=True) if weight]
    overall = sum(known) / len(known)
    rates = [rate if weight else overall for rate, weight in zip(state.hourly, state.hourly_weight, strict=True)]
    hours = max(0.0, (now - since).total_seconds() / 3600)
    whole_weeks, rest = divmod(hours, HOURS_A_WEEK)
    expected = whole_weeks * sum(rates)
    moment = now - timedelta(hours=rest)
    while moment < now:
        end = min(now, (moment + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0))
        expected += rates[hour_of_week(moment)] * (end - moment).total_seconds() / 3600
        moment = end
    return expected


def learn(state: Watching, now: datetime, items: int) -> Watching:
    """Return the state with the items of a successful visit counted into the means of their hours.

    Hours in which the source could not be read are left out: nothing is known of them.

    Args:
        state: the state, with `last_success` of the visit before.
        now: time of the visit, in UTC.
        items: number of new items.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    counted = state.current_hour
    if counted is None:
        # The first list is as long as the publisher likes: it says nothing about a rate.
        return state.model_copy(update={"current_hour": hour, "current_items": 0})
    if hour <= counted:
        return state.model_copy(update={"current_items": state.current_items + items})
    means = list(state.hourly or (0.0,) * HOURS_A_WEEK)
    weights = list(state.hourly_weight or (0.0,) * HOURS_A_WEEK)
    watched = state.last_success is not None and now - state.last_success < KNOWN_GAP
    arrived = state.current_items
    while counted < hour:
        index = hour_of_week(counted)
        weights[index] = min(weights[index] + 1.0, MEMORY_WEEKS)
        means[index] += (arrived - means[index]) / weights[index]
        if not watched:
            break
        arrived, counted = 0, counted + timedelta(hours=1)
    changes = {"hourly": tuple(round(mean, 3) for mean in means), "hourly_weight": tuple(weights)}
    return state.model_copy(update=changes | {"current_hour": hour, "current_items": items})
