"""A process goes on sending after aiokafka's producer has ended by an error of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.errors import Retryable
from streams.kafka import clients
from streams.kafka.producer import ended_by
from streams.settings import Settings

DEFECT = KafkaError("Unexpected error during batch delivery")


class Made:
    """The producers of aiokafka that were opened, with what each was given to send.

    Attributes:
        refused: the number of producers that find no broker.
    """

    def __init__(self) -> None:
        self.producers: list[AIOKafkaProducer] = []
        self.sent: list[tuple[int, str, bytes]] = []
        self.closed: list[int] = []
        self.refused = 0

    async def start(self, producer: AIOKafkaProducer) -> None:
        self.producers.append(producer)
        if self.refused:
            self.refused -= 1
            raise KafkaConnectionError("no broker")
        await asyncio.sleep(0)
        producer._sender._sender_task = asyncio.get_running_loop().create_future()

    async def stop(self, producer: AIOKafkaProducer) -> None:
        producer._closed = True
        self.closed.append(self.producers.index(producer))

    async def send(self, producer: AIOKafkaProducer, topic: str, value: bytes) -> asyncio.Future[str]:
        self.sent.append((self.producers.index(producer), topic, value))
        taken = asyncio.get_running_loop().create_future()
        if (error := ended_by(producer)) is not None:
            taken.set_exception(error)
        else:
            taken.set_result("taken")
        return taken

    def end(self, number: int) -> None:
        self.producers[number]._sender._sender_task.set_exception(DEFECT)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    made = Made()
    for name in ("start", "stop", "send"):

        def call(producer: Any, *args: Any, _name: str = name) -> Any:
            return getattr(made, _name)(producer, *args)

        monkeypatch.setattr(AIOKafkaProducer, name, call)
    yield made
    assert sorted(made.closed) == list(range(len(made.producers))), "each is closed once"


async def test_what_is_sent_after_a_producer_has_ended_goes_to_a_new_one(made: Made) -> None:
    async with clients.open_producer(Settings(_env_file=None)) as producer:
        assert await producer.send_and_wait("t", b"1") == "taken"
        made.end(0)
        # At once, as from several requests: one new producer is for all.
        assert await asyncio.gather(*(producer.send_and_wait("t", value) for value in (b"2", b"3"))) == ["taken"] * 2
        assert made.closed == [0]
    assert made.sent == [(0, "t", b"1"), (1, "t", b"2"), (1, "t", b"3")]


async def test_without_a_broker_the_next_record_opens_the_new_one(made: Made) -> None:
    async with clients.open_producer(Settings(_env_file=None)) as producer:
        made.end(0)
        made.refused = 1
        with pytest.raises(KafkaConnectionError, match="no broker"):
            await producer.send("t", b"1")
        assert await producer.send_and_wait("t", b"1") == "taken"
    assert made.sent == [(2, "t", b"1")]


async def test_a_first_producer_that_finds_no_broker_is_closed(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refusal(*_: object) -> str:
        return "refused"

    monkeypatch.setattr(clients, "_cause", refusal)
    made.refused = 1
    with pytest.raises(Retryable, match=r"no Kafka at .*: refused"):
        async with clients.open_producer(Settings(_env_file=None)):
            pass
    assert made.sent == []


async def test_a_producer_that_was_closed_has_not_ended_by_an_error(made: Made) -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    assert ended_by(producer) is None, "not begun"
    await producer.start()
    assert ended_by(producer) is None, "works"
    producer._sender.sender_task.cancel()
    assert ended_by(producer) is None, "closed"
    await producer.stop()
