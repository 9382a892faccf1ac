"""What a broker does not know yet is asked again; what it refuses is not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
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
