"""What the health checks of a worker and of the API have in common."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from prometheus_client import Histogram

from streams.errors import RasdError

MEASURE_SECONDS = 1.0


async def measure_loop_delay(histogram: Histogram) -> None:
    """Sleep for `MEASURE_SECONDS`, and observe how many seconds too late the event loop woke this task."""
    due = time.perf_counter() + MEASURE_SECONDS
    await asyncio.sleep(MEASURE_SECONDS)
    histogram.observe(max(0.0, time.perf_counter() - due))


async def find_fault(check: Awaitable[object], expected: type[Exception] = RasdError) -> str | None:
    """Await a check, and return in one line why it failed; None when it did not.

    Args:
        check: raises what is wrong.
        expected: what counts as a failure of the check. Anything else is raised.
    """
    try:
        await check
    except expected as error:
        return (str(error) if isinstance(error, RasdError) else repr(error)).replace("\n", " ")
    return None
