"""What a broker does not know yet is asked again; what it refuses is not."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    UnknownTopicOrPartitionError,
)

from streams.kafka import clients as kafka


class Broker:
    """Answers with these errors first, then with a number."""

    def __init__(self, *errors: KafkaError) -> None:
        self.errors = list(errors)

    async def ask(self) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return 7


async def test_a_topic_or_a_coordinator_that_is_not_known_yet_is_asked_for_again() -> None:
    broker = Broker(UnknownTopicOrPartitionError(), GroupCoordinatorNotAvailableError())
    assert await kafka.retry_until_visible(broker.ask) == 7


async def test_a_refusal_is_not_asked_again() -> None:
    broker = Broker(GroupAuthorizationFailedError(), GroupAuthorizationFailedError())
    with pytest.raises(GroupAuthorizationFailedError):
        await kafka.retry_until_visible(broker.ask)
    assert len(broker.errors) == 1


async def test_it_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "KNOWN_SECONDS", -1.0)
    broker = Broker(UnknownTopicOrPartitionError(), UnknownTopicOrPartitionError())
    with pytest.raises(UnknownTopicOrPartitionError):
        await kafka.retry_until_visible(broker.ask)
    assert len(broker.errors) == 1


class Cluster:
    """The connections of an admin client to three brokers, of which these are up."""

    def __init__(self, up: set[int]) -> None:
        self.up = up
        self.cluster = SimpleNamespace(brokers=lambda: [SimpleNamespace(nodeId=number) for number in (1, 2, 3)])

    async def ready(self, broker: int) -> bool:
        return broker in self.up

    async def send(self, broker: int, request: str) -> tuple[int, str]:
        assert broker in self.up
        return broker, request


@pytest.mark.parametrize("up", [{1}, {2}, {3}])
async def test_another_broker_is_asked_when_one_is_down(up: set[int]) -> None:
    admin = kafka.AnyBrokerAdmin(bootstrap_servers="127.0.0.1:1")
    admin._client = Cluster(up)
    assert [await admin._send_request("list") for _ in range(5)] == [(*up, "list")] * 5


async def test_without_any_broker_it_says_so() -> None:
    admin = kafka.AnyBrokerAdmin(bootstrap_servers="127.0.0.1:1")
    admin._client = Cluster(set())
    with pytest.raises(NodeNotReadyError, match=r"none of the brokers \[1, 2, 3\] can be reached"):
        await admin._send_request("list")


class Log:
    """A reader of partitions, by their numbers of records. While one is not paused, the client fetches from it.

    Attributes:
        ends: number of records by partition.
        positions: number of those that were handed out.
        fetched: partitions.
    """

    def __init__(self, *ends: int) -> None:
        self.tps = [TopicPartition("t", number) for number in range(len(ends))]
        self.ends = dict(zip(self.tps, ends, strict=True))
        self.positions = dict.fromkeys(self.tps, 0)
        self.fetched: set[TopicPartition] = set()

    def assign(self, tps: list[TopicPartition]) -> None:
        self.fetched = set(tps)

    def pause(self, *tps: TopicPartition) -> None:
        self.fetched -= set(tps)

    def resume(self, *tps: TopicPartition) -> None:
        self.fetched |= set(tps)

    async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        assert not self.fetched, "the question waits until the broker has answered the fetch"
        return {tp: self.ends[tp] for tp in tps}

    async def position(self, tp: TopicPartition) -> int:
        return self.positions[tp]

    async def getmany(self, *tps: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[str]]:
        """Hand out one record of the first partition that has one."""
        assert timeout_ms
        for tp in tps:
            if tp in self.fetched and self.positions[tp] < self.ends[tp]:
                self.positions[tp] += 1
                return {tp: [f"{tp.partition}:{self.positions[tp]}"]}
        return {}


async def test_what_is_new_is_read_to_its_end_and_nothing_is_fetched_in_between() -> None:
    log = Log(2, 0, 1)
    kafka.assign_paused(log, log.tps)
    assert sorted([record async for record in kafka.read_new(log, log.tps)]) == ["0:1", "0:2", "2:1"]
    assert [record async for record in kafka.read_new(log, log.tps)] == []
    log.ends[log.tps[1]] += 1
    assert [record async for record in kafka.read_new(log, log.tps)] == ["1:1"]
    assert not log.fetched


async def test_a_producer_is_closed_although_no_broker_takes_its_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "STOP_SECONDS", 0.0)
    producer = AIOKafkaProducer(enable_idempotence=True)

    async def send() -> None:  # aiokafka's own routine, cancelled, waits for requests that never end
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    producer._sender._sender_task = asyncio.create_task(send())
    sent = await producer._message_accumulator.add_message(TopicPartition("t", 0), b"key", b"value", timeout=1)
    await kafka._stop(producer)
    with pytest.raises(KafkaTimeoutError):
        await sent
