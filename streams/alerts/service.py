"""The process of `rasd deliver`: judges matches, makes alerts and delivers them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from functools import partial

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError

from streams.alerts.alert_metrics import DeliveryMetrics
from streams.alerts.channels.registry import open_channels
from streams.alerts.follower import follow_searches
from streams.alerts.keeper import Inputs, Keeper
from streams.alerts.quiet_sources import QuietSources
from streams.alerts.sender import Sender
from streams.alerts.store import MATCHES, Writer, alert_specs
from streams.alerts.story_moves import follow_moves
from streams.alerts.upstream import Upstream
from streams.kafka.clients import (
    end_task,
    open_member,
    open_producer,
    restart_while_unavailable,
    wait_for_topics,
)
from streams.observability.logs import get_logger
from streams.observability.operations_site import serve_health
from streams.settings import Settings
from streams.topics import topic_name

log = get_logger(__name__)

_POLL_MS = 200
_TICK_SECONDS = 1.0
_MOST_RECORDS = 2000


def group_of(settings: Settings) -> str:
    """Return the consumer group that shares the matches."""
    return f"{settings.app_id}-deliver"


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """Takes partitions over from the group, and gives them up, never in the midst of a batch."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        async with self._keeper.lock:
            await self._keeper.give_up(tp.partition for tp in revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        async with self._keeper.lock:
            await self._keeper.take_over(tp.partition for tp in assigned)


async def _judge_matches(settings: Settings, keeper: Keeper, metrics: DeliveryMetrics) -> None:
    """Share the matches with the other processes, and judge them, until cancelled.

    Raises:
        Retryable, KafkaError, OSError, TimeoutError: a broker is unavailable.
    """
    consumer = open_member(settings, group_of(settings), max_poll_records=_MOST_RECORDS)
    await consumer.start()
    ticked = time.monotonic()
    try:
        consumer.subscribe([topic_name(MATCHES, settings)], listener=_Assignments(keeper))
        while True:
            records = await consumer.getmany(timeout_ms=_POLL_MS)
            metrics.ready = bool(consumer.assignment()) or metrics.ready
            async with keeper.lock:
                # The group's client only logs what its listener raises, so a take-over may have to be made here.
                missing = [tp for tp in consumer.assignment() if tp.partition not in keeper.partitions]
                records = {tp: batch for tp, batch in records.items() if tp.partition in keeper.partitions}
                if missing:
                    await keeper.take_over(tp.partition for tp in missing)
                    for tp in missing:
                        offset = await consumer.committed(tp)
                        await consumer.seek_to_beginning(tp) if offset is None else consumer.seek(tp, offset)
                oldest = None
                if records:
                    oldest = await keeper.judge(records)
                    await _commit(consumer, {tp: batch[-1].offset + 1 for tp, batch in records.items()})
                # Also while matches keep coming: a backfill may last for hours.
                if time.monotonic() - ticked >= _TICK_SECONDS:
                    await keeper.tick(oldest)
                    ticked = time.monotonic()
            keeper.sender.publish()
    finally:
        # Deliveries under way end first: their results belong to partitions that are still ours.
        try:
            async with keeper.lock:
                await keeper.give_up(set(keeper.partitions))
        finally:
            await consumer.stop()


async def _commit(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    """Commit offsets. If the group has moved on, the matches come again, to whoever owns them, and are known."""
    try:
        await consumer.commit(offsets)
    except CommitFailedError as error:
        log.info("offsets were not committed", cause=str(error))


async def deliver(settings: Settings, metrics: DeliveryMetrics, stop: asyncio.Event) -> None:
    """Run `rasd deliver` until `stop` is set. While Kafka is unavailable, it waits and starts again."""

    def unready() -> None:
        metrics.ready = False

    await restart_while_unavailable(partial(_deliver_once, settings, metrics, stop), settings, stop, unready)


async def _deliver_once(settings: Settings, metrics: DeliveryMetrics, stop: asyncio.Event) -> None:
    """Deliver until `stop` is set, or a broker fails.

    Raises:
        Retryable, KafkaError, OSError, TimeoutError: a broker is unavailable.
    """
    async with AsyncExitStack() as stack:
        channels = await stack.enter_async_context(open_channels(settings))
        producer = await stack.enter_async_context(open_producer(settings))
        searches = await stack.enter_async_context(follow_searches(settings))
        moves = await stack.enter_async_context(follow_moves(settings))
        quiet = QuietSources(settings)
        stack.push_async_callback(quiet.close)
        inputs = Inputs(searches, moves, Upstream(settings), quiet)
        keeper = Keeper(settings, Writer(settings, producer), inputs, metrics)
        keeper.sender = Sender(settings, channels, keeper.alert, keeper.save_delivery, metrics)
        judging = asyncio.create_task(_judge_matches(settings, keeper, metrics), name="judge matches")
        sending = asyncio.create_task(keeper.sender.run(), name="send alerts")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([judging, sending, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            metrics.ready = False
            stopping.cancel()
            ended: list[object] = []
            for task in (judging, sending):  # in this order: the first waits for deliveries of the second
                task.cancel()
                if stop.is_set():
                    # Their results may wait for a broker that does not come back. They are then sent again.
                    await asyncio.wait([task], timeout=settings.alerts_timeout)
                    await end_task(task)
                ended += await asyncio.gather(task, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome


async def run_deliver(settings: Settings) -> None:
    """Deliver alerts until SIGTERM or SIGINT."""
    metrics, stop = DeliveryMetrics(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve_health(metrics, settings.alerts_host, settings.alerts_port):
        topics = asyncio.create_task(wait_for_topics(settings, alert_specs(settings)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([topics, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not topics.done():
            await end_task(topics)
            return
        await topics
        log.info("delivering alerts", kafka=settings.kafka_bootstrap, group=group_of(settings))
        await deliver(settings, metrics, stop)
    log.info("delivering stopped")
