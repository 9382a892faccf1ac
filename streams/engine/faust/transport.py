"""Faust's Kafka transport, with four corrections.

It has a shorter long poll, fetches nothing before the committed offsets are restored, pauses between requests for
metadata, and reads past what cannot be read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer, Transport
from faust.types import TP

from streams.kafka.tolerant_reads import install
from streams.observability.logs import FAUST_LOGGER
from streams.settings import MIB

# Faust fixes the broker's long poll at 1.5 s. A poll on an idle topic then delays busy ones, and the throughput of the
# whole worker falls to about 1,200 records a second. With 20 ms it is limited by the client only.
FETCH_MAX_WAIT_MS = 20
# While Kafka lacks a topic, aiokafka's consumer and producer ask for its metadata without a pause: more than a thousand
# requests a second, which keep both the worker and the broker busy. The pause is aiokafka's own default back-off.
METADATA_PAUSE_SECONDS = 0.1
# A batch of records that unpacks to more than this, or twice the largest record, is not unpacked.
_LEAST_BATCH_LIMIT = 64 * MIB


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


class _PromptConsumerThread(AIOKafkaConsumerThread):
    logger = FAUST_LOGGER

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        pace_metadata(consumer._client)
        install(max(_LEAST_BATCH_LIMIT, 2 * self.app.conf.producer_max_request_size))
        # Faust has this level for its own transactions only. Records of an aborted transaction were never written.
        consumer._isolation_level = "read_committed"
        return consumer

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

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Resume partitions; those of streams only after `perform_seek` has returned to the committed offsets.

        Faust resumes them first, and then delivers what it fetched meanwhile ahead of earlier records.
        """
        streams = {tp for tp in tps if self.app.topics.acks_enabled_for(tp.topic)}
        self._to_resume |= streams
        super().resume_partitions(set(tps) - streams)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, then resume the partitions of streams."""
        await super().perform_seek()
        streams, self._to_resume = self._to_resume & self.assignment(), set()
        super().resume_partitions(streams)

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _PromptConsumerThread(self, loop=self.loop, beacon=self.beacon)


class _PacedProducer(Producer):
    logger = FAUST_LOGGER

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        pace_metadata(producer.client)
        return producer


class PromptTransport(Transport):
    """The Kafka transport of a worker's app."""

    Consumer = _PromptConsumer
    Producer = _PacedProducer
