"""Faust's Kafka transport, with six corrections.

It has a shorter long poll, fetches nothing before the committed offsets are restored, takes no records of partitions
that are paused, survives a broker that is away (`streams.kafka.client_corrections`), reads past what cannot be read,
and says when its producer can send nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer, Transport
from faust.types import TP

from streams.errors import RestartNeeded
from streams.kafka.client_corrections import correct_client
from streams.kafka.producer import ended_by
from streams.kafka.tolerant_reads import install
from streams.observability.logs import FAUST_LOGGER
from streams.settings import MIB

# Faust fixes the broker's long poll at 1.5 s. A poll on an idle topic then delays busy ones, and the throughput of the
# whole worker falls to about 1,200 records a second. With 20 ms it is limited by the client only.
FETCH_MAX_WAIT_MS = 20
# A batch of records that unpacks to more than this, or twice the largest record, is not unpacked.
_LEAST_BATCH_LIMIT = 64 * MIB


class Active:
    """The partitions whose records may be taken, as they are at the time of asking, also while there are none.

    aiokafka takes an empty set for all partitions. It then hands out, and passes over, records of paused ones.

    Args:
        partitions: a set that Faust changes while a fetch waits.
    """

    def __init__(self, partitions: Set[TP]) -> None:
        self._partitions = partitions

    def __contains__(self, partition: object) -> bool:
        return partition in self._partitions


class _PromptConsumerThread(AIOKafkaConsumerThread):
    logger = FAUST_LOGGER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._taken: set[TP] = set()

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        correct_client(consumer._client)
        install(max(_LEAST_BATCH_LIMIT, 2 * self.app.conf.producer_max_request_size))
        # Faust has this level for its own transactions only. Records of an aborted transaction were never written.
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(self, consumer: Any, active_partitions: Any, *args: Any, **kwargs: Any) -> Any:
        active: Any = None if active_partitions is None else Active(active_partitions)
        records = await super()._fetch_records(consumer, active, *args, **kwargs)
        self._taken.update(records)
        return records

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Return to the committed offsets, and in partitions of streams that have none to the beginning.

        aiokafka leaves the latter where they are, behind records that were taken and that Faust may have dropped.
        """
        offsets: Mapping[TP, int] = await self.call_thread(self._seek_to_committed, self._ensure_consumer())
        return offsets

    async def _seek_to_committed(self, consumer: Any) -> Mapping[TP, int]:
        offsets: Mapping[TP, int] = await consumer.seek_to_committed()
        without = {tp for tp, offset in offsets.items() if not offset and self.app.topics.acks_enabled_for(tp.topic)}
        if moved := without & self._taken:
            await consumer.seek_to_beginning(*(tp for tp in offsets if tp in moved))
            self._taken -= moved
        return offsets

    def highwater(self, tp: TP) -> Any:
        """Return the offset up to which a partition can be read, which an open transaction ends; None if unknown."""
        consumer = self._ensure_consumer()
        stable = consumer.last_stable_offset(tp)
        return consumer.highwater(tp) if stable is None or stable < 0 else stable


class _PromptConsumer(Consumer):
    logger = FAUST_LOGGER

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._to_resume: set[TP] = set()
        self._in_place: set[TP] = set()

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        """Pause partitions, also those that were to be resumed or whose buffer was full."""
        paused = set(tps)
        super().pause_partitions(paused)
        for held in (self._to_resume, self._in_place, self._buffered_partitions):
            held.difference_update(paused)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resume partitions; those of streams only when `perform_seek` has returned to the committed offsets.

        Faust resumes them first, and then delivers what it fetched meanwhile ahead of earlier records.
        """
        streams = {tp for tp in tps if self.app.topics.acks_enabled_for(tp.topic)}
        self._to_resume |= streams
        super().resume_partitions(set(tps) - streams)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets. From then on, `resume_flow` resumes the partitions of streams."""
        await super().perform_seek()
        self._in_place |= self._to_resume
        self._to_resume.clear()

    def resume_flow(self) -> None:
        """Let records flow, those of streams too if their partitions are at the committed offsets.

        Not earlier: Faust empties the streams' buffers just before.
        """
        streams, self._in_place = self._in_place & self.assignment(), set()
        super().resume_partitions(streams)
        super().resume_flow()

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)


class _CheckedProducer(Producer):
    logger = FAUST_LOGGER

    async def send(self, *args: Any, **options: Any) -> Any:
        """Hand a record to the producer.

        Raises:
            RestartNeeded: the task that sends has ended by an error. aiokafka begins no other, so each record would be
                refused with the same error for ever.
        """
        if (error := ended_by(self._ensure_producer())) is not None:
            raise RestartNeeded(f"Kafka's producer has ended: {error!r}")
        return await super().send(*args, **options)

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        correct_client(producer.client)
        return producer


class PromptTransport(Transport):
    """The Kafka transport of a worker's app."""

    Consumer = _PromptConsumer
    Producer = _CheckedProducer
