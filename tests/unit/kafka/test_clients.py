"""What a broker does not know yet is asked again; what it refuses is not."""

from __future__ import annotations

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
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
