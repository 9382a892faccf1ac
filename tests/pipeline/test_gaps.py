"""Records that a stage was not given are not taken as done, unless Kafka does not have them."""

from __future__ import annotations

from collections.abc import MutableMapping
from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from faust.transport.consumer import Consumer
from faust.types import TP

from streams.engine.faust.continuity import Continuity, RecordsPassedOverError
from streams.engine.faust.worker import create_worker
from streams.engine.faust.worker_app import WorkerApp
from streams.kafka.clients import create_topics
from streams.settings import Settings
from streams.topics import Topic, topic_name


async def _two_transactions(settings: Settings) -> TP:
    """Three records at offsets 0, 1 and 3: each transaction ends with a mark of its own, at 2 and 4."""
    await create_topics(settings)
    tp = TP(topic_name(Topic.RAW, settings), 0)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, transactional_id=uuid4().hex)
    await producer.start()
    try:
        for values in ([b"a", b"b"], [b"c"]):
            async with producer.transaction():
                for value in values:
                    await producer.send_and_wait(tp.topic, value, partition=0)
    finally:
        await producer.stop()
    return tp


def _events(tp: TP, *offsets: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(message=SimpleNamespace(tp=tp, offset=offset)) for offset in offsets]


def _committed(app: WorkerApp) -> MutableMapping[TP, int | None]:
    """The offsets that the worker knows to be committed, for a test to change."""
    assert isinstance(app.consumer, Consumer)
    offsets: MutableMapping[TP, int | None] = app.consumer._committed_offset
    return offsets


async def test_a_hole_that_a_transaction_left_is_passed_over(settings: Settings) -> None:
    tp = await _two_transactions(settings)
    app = create_worker(settings)
    await Continuity(app, "clean").check(_events(tp, 0, 1, 3))
    assert not app.crashed


async def test_what_comes_again_may(settings: Settings) -> None:
    tp = await _two_transactions(settings)
    app = create_worker(settings)
    check = Continuity(app, "clean").check
    for offsets in ((0, 1), (1,), (0, 1, 3)):
        await check(_events(tp, *offsets))
    _committed(app)[tp] = 3  # another worker had the partition meanwhile
    await Continuity(app, "clean").check(_events(tp, 3))
    assert not app.crashed


@pytest.mark.parametrize(
    ("committed", "given", "said"),
    [(None, (1,), "0: 0 to 0"), (None, (0, 3), "0: 1 to 2"), (1, (3,), "0: 1 to 2"), (None, (3,), "0: 0 to 2")],
)
async def test_records_that_did_not_come_end_the_worker(
    settings: Settings, committed: int | None, given: tuple[int, ...], said: str
) -> None:
    tp = await _two_transactions(settings)
    app = create_worker(settings)
    _committed(app)[tp] = committed
    with pytest.raises(RecordsPassedOverError, match=f"{said} did not come"):
        await Continuity(app, "clean").check(_events(tp, *given))
    assert app.crashed
