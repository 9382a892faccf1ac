"""The worker's Kafka transport: what it corrects in the clients that Faust opens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaError
from faust.transport.drivers.aiokafka import Producer
from faust.types import TP

from streams.engine.faust import transport
from streams.engine.faust.worker_app import WorkerApp
from streams.errors import RestartNeeded
from streams.observability.metrics import Metrics
from streams.settings import Settings

RAW, LOG = TP("articles.raw", 0), TP("dedupe-changelog", 0)


class Records:
    """Stands in for the fetched records of one partition."""

    def __init__(self, number: int) -> None:
        self._left = list(range(number))
        self.next_fetch_offset = 0

    def __iter__(self) -> Iterator[int]:
        while self._left:
            self.next_fetch_offset += 1
            yield self._left.pop(0)


def fetched() -> Any:
    """An aiokafka consumer that has fetched three records of each partition."""
    state = SubscriptionState()
    state.assign_from_user({RAW, LOG})
    assignment = state.subscription.assignment
    fetcher: Any = object.__new__(Fetcher)
    fetcher._subscriptions, fetcher._closed, fetcher._records = state, False, {}
    fetcher._wait_consume_future = asyncio.get_running_loop().create_future()
    for tp in (RAW, LOG):
        assignment.state_value(tp).reset_to(0)
        fetcher._records[tp] = FetchResult(tp, assignment=assignment, partition_records=Records(3), backoff=0)
    return SimpleNamespace(_fetcher=fetcher, _closed=False)


@pytest.mark.parametrize("active", [set(), {LOG}, {RAW, LOG}])
async def test_records_of_paused_partitions_are_not_taken(active: set[TP]) -> None:
    thread: Any = object.__new__(transport._PromptConsumerThread)
    thread.consumer, thread._taken = SimpleNamespace(flow_active=True), set()
    consumer = fetched()
    taken = await thread._fetch_records(consumer, active, timeout=0, max_records=100)
    assert taken == {tp: [0, 1, 2] for tp in active}
    left = await thread._fetch_records(consumer, {RAW, LOG}, timeout=0, max_records=100)
    assert left == {tp: [0, 1, 2] for tp in {RAW, LOG} - active}


async def test_a_partition_without_a_committed_offset_begins_anew() -> None:
    begun: list[TopicPartition] = []
    other = TopicPartition("articles.raw", 1)

    class Consumer:
        async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
            return {TopicPartition(*RAW): None, other: 7, TopicPartition(*LOG): None}

        async def seek_to_beginning(self, *tps: TopicPartition) -> None:
            begun.extend(tps)

    thread: Any = object.__new__(transport._PromptConsumerThread)
    thread.app = SimpleNamespace(topics=SimpleNamespace(acks_enabled_for=lambda topic: topic == RAW.topic))
    thread._taken = set()
    offsets = {RAW: None, other: 7, LOG: None}
    assert await thread._seek_to_committed(Consumer()) == offsets
    assert begun == [], "it is there"
    thread._taken |= {RAW, other, LOG}
    assert await thread._seek_to_committed(Consumer()) == offsets
    assert begun == [RAW], "a changelog is read from where its table ends"


@pytest.fixture
def consumer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker's consumer that has partitions of a stream and of a changelog, both paused."""
    app = WorkerApp(Settings(_env_file=None, state_dir=tmp_path), Metrics())
    made = cast(Any, app.consumer)
    cast(Any, app.topics)._acking_topics.add(RAW.topic)
    monkeypatch.setattr(made, "assignment", lambda: {RAW, LOG})

    async def seek_to_committed() -> dict[TP, int]:
        return {RAW: 5}

    monkeypatch.setattr(made, "seek_to_committed", seek_to_committed)
    made.stop_flow()
    made.pause_partitions({RAW, LOG})
    return made


async def test_a_stream_is_resumed_when_it_is_in_place_and_its_buffer_was_emptied(consumer: Any) -> None:
    consumer.resume_partitions({RAW, LOG})
    consumer.resume_flow()
    assert consumer._get_active_partitions() == {LOG}, "it may be anywhere before the seek"
    await consumer.perform_seek()
    assert consumer._get_active_partitions() == {LOG}, "Faust empties the buffers after the seek"
    consumer.resume_flow()
    assert consumer._get_active_partitions() == {RAW, LOG}


async def test_a_stream_that_is_paused_again_waits_for_the_next_seek(consumer: Any) -> None:
    consumer.resume_partitions({RAW})
    await consumer.perform_seek()
    consumer.pause_partitions({RAW, LOG})
    consumer.resume_flow()
    assert consumer._get_active_partitions() == set()
    await consumer.perform_seek()
    consumer.resume_flow()
    assert consumer._get_active_partitions() == set(), "it was not resumed"


def test_a_paused_stream_stays_so_when_its_full_buffer_is_emptied(consumer: Any) -> None:
    consumer.on_buffer_full(RAW)
    consumer.pause_partitions({RAW, LOG})
    consumer.on_buffer_drop(RAW)
    assert consumer._get_active_partitions() == set()


@pytest.mark.parametrize("alive", [True, False])
async def test_a_producer_that_has_ended_restarts_the_worker(alive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    sending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if not alive:
        sending.set_exception(KafkaError("Unexpected error during batch delivery"))
    producer: Any = object.__new__(transport._CheckedProducer)
    client = SimpleNamespace(_sender=SimpleNamespace(sender_task=sending))
    monkeypatch.setattr(producer, "_ensure_producer", lambda: client)
    sent: list[tuple[Any, ...]] = []

    async def send(self: Any, *args: Any) -> None:
        sent.append(args)

    monkeypatch.setattr(Producer, "send", send)
    if alive:
        await producer.send("articles.clean", b"key")
        assert sent == [("articles.clean", b"key")]
    else:
        with pytest.raises(RestartNeeded, match="Unexpected error during batch delivery"):
            await producer.send("articles.clean", b"key")
        assert sent == []
