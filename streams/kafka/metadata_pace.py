"""A pause between requests for metadata, which aiokafka's clients make without one while Kafka cannot answer them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

# While Kafka is away, or lacks a topic, aiokafka's consumer and producer ask for metadata without a pause: more than a
# thousand requests a second, which keep both the process and the broker busy. The pause is aiokafka's own default
# back-off.
METADATA_PAUSE_SECONDS = 0.1


def pace_metadata(client: Any) -> None:
    """Make an aiokafka client wait `METADATA_PAUSE_SECONDS` between two requests for metadata.

    Args:
        client: an `AIOKafkaClient`. The first request is not delayed.
    """
    update = client._metadata_update
    earliest = 0.0

    async def paced(*args: Any) -> Any:
        nonlocal earliest
        await asyncio.sleep(max(0.0, earliest - time.monotonic()))
        try:
            return await update(*args)
        finally:
            earliest = time.monotonic() + METADATA_PAUSE_SECONDS

    client._metadata_update = paced
