"""Counts the pages of watched sources that cleaning refuses, from articles.dlq.

A source whose template changed still answers, and its list still has new items; only cleaning sees that their pages
have no article any more.
"""

from __future__ import annotations

import json

from aiokafka import ConsumerRecord

from streams.errors import Reason
from streams.kafka.clients import create_topics, open_reader
from streams.kafka.dead_letters import parse
from streams.settings import Settings
from streams.topics import Topic, topic_name

STAGE = "clean"
REASONS = frozenset({Reason.EMPTY_BODY, Reason.NO_ARTICLE})
_POLL_MS = 1000


class Refusals:
    """Numbers of refused pages by source, of the time since they were taken last.

    Only sources of this process are counted: those of others are theirs to judge, and the names in records are whatever
    their senders wrote.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def begin(self, name: str) -> None:
        """Count the pages of a source from now on."""
        self._numbers[name] = 0

    def end(self, name: str) -> None:
        """Count the pages of a source no longer."""
        self._numbers.pop(name, None)

    def take(self, name: str) -> int:
        """Return how many pages of a source were refused since the last call; 0 for one that is not counted."""
        number = self._numbers.get(name, 0)
        if number:
            self._numbers[name] = 0
        return number

    def count(self, record: ConsumerRecord) -> None:
        """Count a dead letter, if it is the page of a watched source without an article."""
        letter = parse(record)
        if letter.stage != STAGE or letter.reason not in REASONS:
            return
        try:
            raw = json.loads(letter.value)
        except (ValueError, RecursionError):
            return
        extra = raw.get("extra") if isinstance(raw, dict) else None
        name = extra.get("watched_source") if isinstance(extra, dict) else None
        if isinstance(name, str) and name in self._numbers:
            self._numbers[name] += 1


async def follow_refusals(settings: Settings, refusals: Refusals) -> None:
    """Count the dead letters that are written from now on, until cancelled.

    Raises:
        Retryable, KafkaError, OSError, TimeoutError: the broker is unavailable.
    """
    topic = topic_name(Topic.DLQ, settings)
    await create_topics(settings)
    async with open_reader(settings, topic) as reader:
        await reader.seek_to_end()
        while True:
            for records in (await reader.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    refusals.count(record)
