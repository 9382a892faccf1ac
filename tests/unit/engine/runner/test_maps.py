"""The loss-free loop, one fault at a time. Real Kafka and kill -9 are in tests/pipeline and tests/faults."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from streams.engine.suspects import DEATHS
from streams.errors import Reason, Rejected, RestartNeeded, Retryable
from streams.kafka.letter_parts import PART_BYTES, join, read_part
from streams.kafka.tolerant_reads import Nothing, Unreadable
from streams.records import Article, RemovedText, StageTrace
from streams.stage import Arrival
from tests.support.articles import article
from tests.unit.engine.runner.broker import Broker, Event, events, headers, map_runner, value


async def test_results_go_on_with_their_trace_and_only_then_is_the_batch_acknowledged() -> None:
    broker = Broker(hold=asyncio.Event())
    runner = map_runner(lambda a, _: [a], broker)
    batch = events("a", "b")
    task = asyncio.create_task(runner.handle(batch))
    await asyncio.sleep(0.05)
    assert not any(event.acked for event in batch), "nothing is acknowledged while a delivery is under way"
    assert broker.hold is not None
    broker.hold.set()
    await task
    assert all(event.acked for event in batch)
    assert [(topic, key) for topic, key, *_ in broker.sent] == [("articles.tagged", b"a"), ("articles.tagged", b"b")]
    out = Article.model_validate_json(broker.sent[0][2])
    assert out.trace["toy"].version == "7"
    assert runner.done == {0: 2}


async def test_what_a_stage_writes_into_its_trace_stays_there() -> None:
    removed = [RemovedText(text="TT", reason="widget")]
    before = {"toy": StageTrace(version="", seconds=0, worker="", removed=removed)}
    broker = Broker()
    await map_runner(lambda a, _: [a.model_copy(update={"trace": before})], broker).handle(events("a"))
    trace = Article.model_validate_json(broker.sent[0][2]).trace["toy"]
    assert (trace.version, trace.removed) == ("7", removed)
    assert trace.worker


async def test_a_rejected_record_becomes_a_dead_letter_and_its_neighbours_go_on() -> None:
    def stage(record: Article, _: Arrival) -> list[Article]:
        if record.id == "b":
            raise Rejected(Reason.EMPTY_BODY, "nothing left")
        return [record]

    broker = Broker()
    runner = map_runner(stage, broker)
    batch = events("a", "b", "c")
    await runner.handle(batch)
    letter = next(parcel for parcel in broker.sent if parcel[0] == "articles.dlq")
    assert letter[2] == batch[1].message.value, "the original bytes"
    assert headers(letter) == {
        "__connect.errors.topic": "articles.clean",
        "__connect.errors.partition": "0",
        "__connect.errors.offset": "1",
        "__connect.errors.stage": "toy",
        "__connect.errors.exception.class.name": "streams.errors.Rejected",
        "__connect.errors.exception.message": "nothing left",
        "rasd.reason": "empty_body",
    }
    assert len(broker.sent) == 3
    assert all(event.acked for event in batch)
    assert value(runner, "rasd_articles_total", stage="toy", outcome="rejected") == 1
    assert value(runner, "rasd_articles_total", stage="toy", outcome="ok") == 2
    assert value(runner, "rasd_dead_letters_total", stage="toy", reason="empty_body") == 1


@pytest.mark.parametrize("defect", [ZeroDivisionError("x"), RecursionError(), MemoryError(), KeyError("k")])
async def test_a_defect_of_a_stage_is_a_poison_record(defect: Exception) -> None:
    def stage(_: Article, __: Arrival) -> list[Article]:
        raise defect

    broker = Broker()
    runner = map_runner(stage, broker)
    (event,) = events("a")
    await runner.handle([event])
    assert headers(broker.sent[0])["rasd.reason"] == "poison"
    assert type(defect).__name__ in headers(broker.sent[0])["__connect.errors.exception.message"]
    assert event.acked
    assert value(runner, "rasd_articles_total", stage="toy", outcome="poison") == 1


@pytest.mark.parametrize("batched", [False, True])
async def test_what_only_a_restart_helps_against_is_the_fault_of_no_record(*, batched: bool) -> None:
    def stage(*_: Any) -> list[Article]:
        raise RestartNeeded("the table's disk is full")

    broker = Broker()
    runner = map_runner(stage, broker, stateful=not batched, batched=batched)
    batch = events("a", "b")
    for _ in range(DEATHS + 1):
        with pytest.raises(RestartNeeded):
            await runner.handle(batch)
    assert not broker.sent, "no dead letter"
    assert not any(event.acked for event in batch)
    assert not any(runner.suspects.is_guilty(event.message) for event in batch)
    assert value(runner, "rasd_stage_retries_total", stage="toy") == 0


@pytest.mark.parametrize("data", [b"", b"not json", b'{"id": 1}', b"\xff\xfe"])
async def test_unreadable_bytes_become_dead_letters_unchanged(data: bytes) -> None:
    broker = Broker()
    event = Event(data)
    await map_runner(lambda a, _: [a], broker).handle([event])
    assert broker.sent[0][0] == "articles.dlq"
    assert broker.sent[0][2] == data
    assert event.acked


async def test_a_batch_that_cannot_be_read_is_a_dead_letter_for_each_offset_and_nothing_is_acknowledged_only() -> None:
    broker = Broker()
    runner = map_runner(lambda a, _: [a], broker)
    batch = events("a", "b", "c", "d", "e")
    batch[1].message.value = Nothing()
    batch[2].message.value = Unreadable.of(b"whole batch", "CRC; batch of offsets 2 to 3")
    batch[3].message.value = Unreadable.of(b"", "CRC; batch of offsets 2 to 3")
    batch[3].message.timestamp = batch[2].message.timestamp = 0.0
    await runner.handle(batch)
    assert all(event.acked for event in batch)
    letters = [parcel for parcel in broker.sent if parcel[0] == "articles.dlq"]
    assert [(headers(letter)["__connect.errors.offset"], letter[2]) for letter in letters] == [
        ("2", b"whole batch"),
        ("3", b""),
    ]
    assert {headers(letter)["rasd.reason"] for letter in letters} == {"unreadable"}
    assert headers(letters[1])["__connect.errors.exception.message"] == "CRC; batch of offsets 2 to 3"
    assert [key for topic, key, *_ in broker.sent if topic == "articles.tagged"] == [b"a", b"e"]
    assert value(runner, "rasd_records_in_total", stage="toy") == 4
    assert runner.done == {0: 5}
    assert runner.waits_since[0] > 0


@pytest.mark.parametrize("data", [Nothing(), Unreadable.of(b"x", "CRC")])
async def test_a_batch_of_nothing_else_calls_no_stage(data: bytes) -> None:
    def stage(record: Article, _: Arrival) -> list[Article]:
        raise AssertionError(record)

    runner = map_runner(stage, Broker())
    event = Event(data, offset=7)
    await runner.handle([event])
    assert event.acked
    assert runner.done == {0: 8}


async def test_a_stage_computes_while_its_batch_is_in_the_thread_whatever_becomes_of_it() -> None:
    seen: list[bool] = []

    def stage(record: Article, _: Arrival) -> list[Article]:
        seen.append(runner.computing)
        if len(seen) == 1:
            raise Retryable("away")
        seen.append(runner.waiting and runner.computing)
        return [record]

    runner = map_runner(stage, Broker())
    assert not runner.computing
    await runner.handle(events("a"))
    assert seen == [True, True, True]
    assert not runner.computing


async def test_a_passing_error_is_waited_out_in_place() -> None:
    calls = 0

    def stage(record: Article, _: Arrival) -> list[Article]:
        nonlocal calls
        calls += 1
        if calls < 4:
            raise Retryable("away")
        return [record]

    broker = Broker()
    runner = map_runner(stage, broker)
    (event,) = events("a")
    await runner.handle([event])
    assert calls == 4
    assert [parcel[0] for parcel in broker.sent] == ["articles.tagged"]
    assert event.acked
    assert not runner.waiting
    assert value(runner, "rasd_stage_retries_total", stage="toy") == 3


async def test_the_waits_of_a_stage_grow_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", record)
    broker = Broker(delivery_faults=[KafkaTimeoutError()] * 4)
    await map_runner(lambda a, _: [a], broker).handle(events("a"))
    assert slept == [0.001, 0.002, 0.002, 0.002], "retry_first, then doubled, at most retry_most"


async def test_what_kafka_did_not_confirm_is_sent_again_and_nothing_else() -> None:
    broker = Broker(delivery_faults=[None, KafkaTimeoutError(), None], send_faults=[None, None, KafkaTimeoutError()])
    runner = map_runner(lambda a, _: [a], broker)
    batch = events("a", "b", "c")
    await runner.handle(batch)
    assert sorted(key or b"" for _, key, *_ in broker.sent) == [b"a", b"b", b"c"]
    assert all(event.acked for event in batch)


@pytest.mark.parametrize("where", ["send_faults", "delivery_faults"])
async def test_what_overtook_an_older_record_of_its_key_is_sent_again_behind_it(where: str) -> None:
    broker = Broker()
    setattr(broker, where, [KafkaTimeoutError(), None, None])
    batch = [
        Event(article(id=name, title=title).to_json(), offset)
        for offset, (name, title) in enumerate([("a", "older"), ("a", "newer"), ("b", "other")])
    ]
    await map_runner(lambda a, _: [a], broker).handle(batch)
    arrived = [Article.model_validate_json(data).title for _, _, data, _ in broker.sent]
    assert arrived == ["newer", "other", "older", "newer"]


async def test_a_result_that_kafka_will_never_take_becomes_a_dead_letter() -> None:
    broker = Broker(send_faults=[MessageSizeTooLargeError()])
    runner = map_runner(lambda a, _: [a], broker)
    (event,) = events("a")
    await runner.handle([event])
    assert broker.sent[0][0] == "articles.dlq"
    assert broker.sent[0][2] == event.message.value
    assert headers(broker.sent[0])["rasd.reason"] == "too_large"
    assert event.acked


async def test_a_result_that_the_broker_refuses_for_its_size_becomes_a_dead_letter() -> None:
    broker = Broker(delivery_faults=[MessageSizeTooLargeError()])
    runner = map_runner(lambda a, _: [a], broker)
    (event,) = events("a")
    await runner.handle([event])
    ((topic, _, data, _),) = broker.sent
    assert (topic, data) == ("articles.dlq", event.message.value)
    assert headers(broker.sent[0])["rasd.reason"] == "too_large"
    assert event.acked


@pytest.mark.parametrize("where", ["send_faults", "delivery_faults"])
@pytest.mark.parametrize(("key", "size"), [(b"k" * 7, 3 * PART_BYTES - 7), (None, 2 * PART_BYTES + 1), (b"", 0)])
async def test_a_dead_letter_that_kafka_never_takes_is_sent_in_parts(where: str, key: bytes | None, size: int) -> None:
    broker = Broker()
    setattr(broker, where, [MessageSizeTooLargeError()])
    runner = map_runner(lambda a, _: [a], broker)
    event = Event(random.Random(1).randbytes(size), offset=5)
    event.message.key = key
    await runner.handle([event])
    assert event.acked
    assert {topic for topic, *_ in broker.sent} == {"articles.dlq"}
    assert len({key for _, key, *_ in broker.sent}) == 1, "one partition"
    assert all(len(data) <= PART_BYTES for _, _, data, _ in broker.sent)
    assert len(broker.sent) == max(1, math.ceil((size + len(key or b"")) / PART_BYTES))
    assert all(headers(parcel)["__connect.errors.offset"] == "5" for parcel in broker.sent)
    part = read_part(headers(broker.sent[0]))
    assert part is not None
    assert join(part, [data for _, _, data, _ in broker.sent]) == (key, event.message.value)


async def test_cancellation_acknowledges_nothing() -> None:
    broker = Broker(hold=asyncio.Event())
    batch = events("a")
    task = asyncio.create_task(map_runner(lambda a, _: [a], broker).handle(batch))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not batch[0].acked


async def test_counters_exist_before_their_first_event() -> None:
    runner = map_runner(lambda record, _: [record], Broker())
    sample = runner.metrics.registry.get_sample_value
    for reason in Reason:
        assert sample("rasd_dead_letters_total", {"stage": "toy", "reason": reason.value}) == 0.0
    assert sample("rasd_articles_total", {"stage": "toy", "outcome": "poison"}) == 0.0
    assert sample("rasd_stage_retries_total", {"stage": "toy"}) == 0.0


async def test_what_is_in_hand_waits_since_its_oldest_record() -> None:
    hold = asyncio.Event()
    runner = map_runner(lambda record, _: [record], Broker(hold=hold))
    taken = events("a", "b", "c")
    for event, timestamp in zip(taken, (100.0, 200.0, 300.0), strict=True):
        event.message.timestamp = timestamp
    work = asyncio.create_task(runner.handle(taken))
    await asyncio.sleep(0)  # it takes the batch, and cannot end it while deliveries are held
    assert runner.waits_since == {0: 100.0}
    hold.set()
    await work
    assert runner.waits_since == {0: 300.0}


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize(
    "returned",
    [
        lambda _: None,
        lambda article: article,
        lambda _: ["text"],
        lambda article: [article.annotated("toy", np.float32(0.5))],
        lambda article: [article.annotated("toy", "\ud800")],
    ],
)
async def test_a_result_that_cannot_be_passed_on_is_a_poison_record(
    returned: Callable[[Article], Any], batched: bool
) -> None:
    def alone(article: Article, _: Arrival) -> Any:
        return returned(article) if article.id == "bad" else [article]

    def together(articles: Sequence[Article], arrivals: Sequence[Arrival]) -> list[Any]:
        return [alone(article, arrival) for article, arrival in zip(articles, arrivals, strict=True)]

    broker = Broker()
    runner = map_runner(together if batched else alone, broker, batched=batched)
    batch = events("a", "bad", "b")
    await runner.handle(batch)
    assert all(event.acked for event in batch)
    assert sorted(topic for topic, *_ in broker.sent) == ["articles.dlq", "articles.tagged", "articles.tagged"]
    (letter,) = [parcel for parcel in broker.sent if parcel[0] == "articles.dlq"]
    assert headers(letter)["rasd.reason"] == "poison"
    assert letter[2] == batch[1].message.value
