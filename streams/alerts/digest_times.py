"""When digests are due: each hour, or at a local time each day or on a weekday. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from streams.alerts.standing_search import WEEKDAYS, Digest

HOUR = timedelta(hours=1)


def next_time(condition: Digest, zone: str, after: datetime) -> datetime:
    """Return the first time of a digest after a moment, in UTC.

    A local time that a change of the clocks leaves out is an hour later on that day; of one that comes twice, the first
    counts.

    Args:
        condition: its times.
        zone: time zone of the search.
        after: the moment.
    """
    hour, minute = map(int, condition.at.split(":"))
    if condition.every == "hour":
        # Zones differ from UTC by quarters of an hour too, so the minute is that of the local clock.
        local = after.astimezone(ZoneInfo(zone))
        shift = timedelta(minutes=(minute - local.minute) % 60, seconds=-local.second, microseconds=-local.microsecond)
        due = after.astimezone(UTC) + shift
        return due if due > after else due + HOUR
    day = after.astimezone(ZoneInfo(zone)).date()
    while True:
        if condition.every == "day" or WEEKDAYS[day.weekday()] == condition.weekday:
            # By way of UTC, which gives a time that does not exist its place behind the gap.
            due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            if due > after:
                return due
        day += timedelta(days=1)
