"""How far the pipeline and matching have come: a silence means something only if everything before it was matched."""

from __future__ import annotations

import time
from datetime import datetime

from streams.kafka.topic_offsets import TopicState, topic_states
from streams.pipeline import load_pipeline, tap_settings
from streams.settings import Settings
from streams.topics import Topic

TAP = "alerts"
_FRESH_SECONDS = 5.0


class Upstream:
    """Asks Kafka which records wait for the stages and for the tap `alerts`.

    Args:
        settings: of the process.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._asked = -_FRESH_SECONDS
        self._oldest: float | None = None

    async def has_passed(self, moment: datetime) -> bool:
        """Return whether all articles that arrived before a moment have been matched.

        Raises:
            Retryable: no broker can be reached.
        """
        if time.monotonic() - self._asked >= _FRESH_SECONDS:
            pipeline = await topic_states(self._settings, load_pipeline().topics)
            tap = await topic_states(tap_settings(self._settings, TAP), [Topic.ENRICHED])
            stages = [state for topic, state in pipeline.items() if topic not in {Topic.MOVES, Topic.ENRICHED}]
            self._oldest = oldest_waiting([*stages, *tap.values()])
            self._asked = time.monotonic()
        return self._oldest is None or self._oldest > moment.timestamp()


def oldest_waiting(states: list[TopicState]) -> float | None:
    """Return Kafka's time of the oldest record that waits, in seconds since the epoch; None if none waits.

    A record whose time is not known counts as older than all others.
    """
    waiting = [state for state in states if state.waiting]
    return min((state.oldest or 0.0 for state in waiting), default=None)
