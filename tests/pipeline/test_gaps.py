"""Records that the consumer was not given are not taken as done, unless Kafka does not have them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from faust.types import TP

from streams.kafka import create_topics
from streams.settings import Settings
from streams.topics import Topic, topic_name
from streams.worker import RecordsPassedOverError, create_worker


async def _two_transactions(settings: Settings) -> TP:
    """Three records at offsets 0, 1 and 3: each transaction ends with a mark of its own, at 2 and 4."""
    await create_topics(settings)
    place = TP(topic_name(Topic.RAW, settings), 0)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, transactional_id=uuid4().hex)
    await producer.start()
    try:
        for values in ([b"a", b"b"], [b"c"]):
            async with producer.transaction():
                for value in values:
                    await producer.send_and_wait(place.topic, value, partition=0)
    finally:
        await producer.stop()
    return place


async def test_a_hole_that_a_transaction_left_is_passed_over(settings: Settings) -> None:
    place = await _two_transactions(settings)
    consumer = create_worker(settings).consumer
    await consumer._add_gap(place, 2, 3)
    assert consumer._gap[place].overlaps(2)


async def test_records_that_were_not_read_end_the_worker(settings: Settings) -> None:
    place = await _two_transactions(settings)
    app = create_worker(settings)
    with pytest.raises(RecordsPassedOverError, match="0: 1 to 2 were not read"):
        await app.consumer._add_gap(place, 1, 3)
    assert app.crashed
    assert not app.consumer._gap[place]
