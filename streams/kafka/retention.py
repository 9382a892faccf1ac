"""What retention does to records that are not read yet: warn before it deletes them, and count what it has deleted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from streams.kafka.clients import open_admin, open_reader, translate_errors
from streams.kafka.first_records import FIRST_BYTES, FirstRecords
from streams.kafka.topic_offsets import TopicState, read_topics
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.settings import Settings

log = get_logger(__name__)

NEAR_SECONDS = 12 * 3600.0
"""Time before the deletion of unread records from which on it is warned of, as by the alert RasdRetentionNear."""


def warnings(states: Iterable[TopicState], now: float) -> list[str]:
    """Name the topics of which retention may soon delete unread records, one line each.

    Args:
        states: states of topics.
        now: seconds since the epoch.
    """
    lines = []
    for state in states:
        left = state.retention_left(now)
        if state.waiting and left is not None and left < NEAR_SECONDS:
            when = "at any moment" if left <= 0 else f"within {left / 3600:.1f} hours"
            lines.append(f"{state.topic}: Kafka may delete unread records {when}; raise retention.ms of the topic")
    return lines


class DeletedUnread:
    """The count of records that Kafka deleted before a stage read them, each counted once.

    Args:
        metrics: metrics of the process.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counted: dict[tuple[str, int], int] = {}

    def note(self, stage: str, topic: str, partition: int, unread: int, first: int) -> None:
        """Count the records of a partition between two offsets, and log them, unless that was done before.

        Args:
            stage: stage that reads the topic.
            topic: name of the topic, without RASD_TOPIC_PREFIX.
            partition: number of the partition.
            unread: first offset that the stage has not finished.
            first: first offset that Kafka still has.
        """
        since = max(unread, self._counted.get((topic, partition), 0))
        if first <= since:
            return
        self._counted[topic, partition] = first
        self._metrics.deleted_unread.labels(stage, topic).inc(first - since)
        log.error(
            "Kafka deleted records before they were read",
            stage=stage,
            topic=topic,
            partition=partition,
            records=first - since,
            offsets=f"{since} to {first - 1}",
        )


class UnreadWatch:
    """The state of the topics that a worker reads, asked once in a while.

    Args:
        settings: settings of the worker; `app_id` is its consumer group.
        deleted: counts what was deleted.

    Attributes:
        warnings: topics of which retention may soon delete unread records, one line each.
        states: the topics' states by the time of the last call, by name without RASD_TOPIC_PREFIX.
    """

    def __init__(self, settings: Settings, deleted: DeletedUnread) -> None:
        self._settings = settings
        self._deleted = deleted
        self._firsts: FirstRecords = {}
        self.warnings: list[str] = []
        self.states: Mapping[str, TopicState] = {}

    async def ask(self, topics: Sequence[str]) -> None:
        """Ask Kafka.

        Args:
            topics: topics that the worker reads, without RASD_TOPIC_PREFIX.

        Raises:
            Retryable: no broker can be reached.
            OperatorError: a certificate, key or secret cannot be read.
        """
        settings = self._settings
        async with open_admin(settings) as admin, open_reader(settings, fetch_bytes=FIRST_BYTES) as reader:
            with translate_errors(settings):
                self.states = await read_topics(settings, topics, admin, reader, self._firsts)
        self.warnings = warnings(self.states.values(), time.time())

    def starts_at(self, topic: str, partition: int) -> int:
        """Return the offset before which a partition holds no unread record, whatever is committed; 0 if not known.

        Kafka has deleted what was before it, or only marks of transactions are there.

        Args:
            topic: name without RASD_TOPIC_PREFIX.
            partition: number of the partition.
        """
        state = self.states.get(topic)
        if state is None or partition not in state.begins:
            return 0
        first = state.firsts.get(partition)
        return max(state.begins[partition], (first.empty_until or 0) if first is not None else 0)

    def count_deleted(self, stage: str, topic: str, partition: int, done: int) -> None:
        """Count the records of a partition of this worker that were deleted unread.

        Args:
            stage: stage that reads the topic.
            topic: name without RASD_TOPIC_PREFIX.
            partition: number of the partition.
            done: next offset to finish, as far as it is known.
        """
        state = self.states.get(topic)
        if state is not None and partition in state.deleted_unread:
            unread = max(done, state.committed[partition])
            self._deleted.note(stage, topic, partition, unread, state.begins[partition])
