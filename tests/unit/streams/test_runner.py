"""The loss-free loop, one fault at a time. Real Kafka and kill -9 are in tests/pipeline and tests/faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from structlog.testing import CapturingLogger

from streams.deadletters import Headers
from streams.errors import CommandError, Reason, Rejected, Retryable
from streams.metrics import Metrics
from streams.records import Article, RemovedText, StageTrace
from streams.runner import StageRunner
from streams.settings import Settings
from streams.stage import Arrival, MapStage, SinkStage
from streams.topics import Topic
from tests.support.articles import article

SETTINGS = Settings(_env_file=None, retry_first=0.001, retry_most=0.002)
THREAD = ThreadPoolExecutor(max_workers=1)


class Event:
    """One Faust event that remembers whether it was acknowledged."""

    def __init__(self, value: bytes, offset: int = 0) -> None:
        self.message = SimpleNamespace(
            value=value,
            key=b"k",
            topic="articles.clean",
            partition=0,
            offset=offset,
            timestamp=1_700_000_000.0,
            headers=[("traceparent", b"00-a-b-01")],
        )
        self.acked = False

    def ack(self) -> bool:
        self.acked = True
        return True


@dataclass
class Broker:
    """Takes records; each fault is raised once, in order, by the send or by the delivery."""

    sent: list[tuple[str, bytes | None, bytes, Headers | None]] = field(default_factory=list)
    send_faults: list[Exception | None] = field(default_factory=list)
    delivery_faults: list[Exception | None] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def send(self, topic: str, key: bytes | None, value: bytes, headers: Headers | None) -> Awaitable[Any]:
        if self.send_faults and (fault := self.send_faults.pop(0)):
            raise fault
        fault = self.delivery_faults.pop(0) if self.delivery_faults else None

        async def delivery() -> None:
            if self.hold is not None:
                await self.hold.wait()
            if fault:
                raise fault
            self.sent.append((topic, key, value, headers))

        return delivery()


def map_runner(function: Any, broker: Broker, **fields: Any) -> StageRunner:
    stage = MapStage(
        "toy", "7", reads=Topic.CLEAN, writes=Topic.TAGGED, accepts=Article, build=lambda _: function, **fields
    )
    return StageRunner(stage, function, send=broker.send, thread=THREAD, settings=SETTINGS, metrics=Metrics())


def events(*ids: str) -> list[Event]:
    return [Event(article(id=name).to_json(), offset) for offset, name in enumerate(ids)]


def value(runner: StageRunner, name: str, **labels: str) -> float:
    return runner.metrics.registry.get_sample_value(name, labels) or 0.0


def headers(parcel: tuple[str, bytes | None, bytes, Headers | None]) -> dict[str, str]:
    return {name: value.decode() for name, value in parcel[3] or []}


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


async def test_what_a_stage_tells_of_itself_stays_in_its_trace() -> None:
    removed = [RemovedText(text="TT", reason="widget")]
    told = {"toy": StageTrace(version="", seconds=0, worker="", removed=removed)}
    broker = Broker()
    await map_runner(lambda a, _: [a.model_copy(update={"trace": told})], broker).handle(events("a"))
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


@pytest.mark.parametrize("data", [b"", b"not json", b'{"id": 1}', b"\xff\xfe"])
async def test_unreadable_bytes_become_dead_letters_unchanged(data: bytes) -> None:
    broker = Broker()
    event = Event(data)
    await map_runner(lambda a, _: [a], broker).handle([event])
    assert broker.sent[0][0] == "articles.dlq"
    assert broker.sent[0][2] == data
    assert event.acked


async def test_a_batched_stage_gets_what_is_readable_at_once_and_results_find_their_records() -> None:
    asked: list[list[str]] = []

    def stage(records: Sequence[Article], arrivals: Sequence[Arrival]) -> list[list[Article]]:
        assert [arrival.timestamp for arrival in arrivals] == [1_700_000_000.0] * len(records)
        asked.append([record.id for record in records])
        return [[record.model_copy(update={"title": f"title of {record.id}"})] for record in records]

    broker = Broker()
    runner = map_runner(stage, broker, batched=True)
    batch = [*events("a"), Event(b"junk", 1), Event(article(id="c").to_json(), 2)]
    await runner.handle(batch)
    assert asked == [["a", "c"]]
    (letter,) = (parcel for parcel in broker.sent if parcel[0] == "articles.dlq")
    assert (letter[2], headers(letter)["__connect.errors.offset"]) == (b"junk", "1")
    passed = [Article.model_validate_json(parcel[2]) for parcel in broker.sent if parcel[0] == "articles.tagged"]
    assert [(one.id, one.title) for one in passed] == [("a", "title of a"), ("c", "title of c")]
    assert all(one.trace["toy"].seconds >= 0 for one in passed)
    assert all(event.acked for event in batch)
    assert value(runner, "rasd_stage_seconds_count", stage="toy") == 3


@pytest.mark.parametrize(
    ("defect", "reason"), [(ZeroDivisionError("x"), "poison"), (Rejected(Reason.EMPTY_BODY, "nothing"), "empty_body")]
)
async def test_of_a_batch_only_the_guilty_record_becomes_a_dead_letter(defect: Exception, reason: str) -> None:
    def stage(records: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        if any(record.id == "b" for record in records):
            raise defect
        return [[record] for record in records]

    broker = Broker()
    batch = events("a", "b", "c")
    await map_runner(stage, broker, batched=True).handle(batch)
    letters = [parcel for parcel in broker.sent if parcel[0] == "articles.dlq"]
    assert [(letter[2], headers(letter)["rasd.reason"]) for letter in letters] == [(batch[1].message.value, reason)]
    assert sorted(parcel[1] or b"" for parcel in broker.sent if parcel[0] == "articles.tagged") == [b"a", b"c"]
    assert all(event.acked for event in batch)


async def test_in_a_batch_that_failed_each_failure_and_result_stays_with_its_record() -> None:
    def stage(records: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        for record in records:
            if record.id != "c":
                raise Rejected(Reason.EMPTY_BODY, f"{record.id} has nothing")
        return [[record] for record in records]

    broker = Broker()
    batch = events("a", "b", "c")
    await map_runner(stage, broker, batched=True).handle(batch)
    told = [
        (headers(parcel).get("__connect.errors.exception.message"), parcel[2])
        for parcel in broker.sent
        if parcel[0] == "articles.dlq"
    ]
    assert told == [("a has nothing", batch[0].message.value), ("b has nothing", batch[1].message.value)]
    assert [parcel[1] for parcel in broker.sent if parcel[0] == "articles.tagged"] == [b"c"]


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


async def test_a_batched_stage_that_loses_count_loses_no_record() -> None:
    def stage(records: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        return [[record] for record in records[:1]]

    broker = Broker()
    await map_runner(stage, broker, batched=True).handle(events("a", "b"))
    assert sorted(parcel[1] or b"" for parcel in broker.sent) == [b"a", b"b"]


async def test_a_batch_is_tried_again_when_the_world_is_away() -> None:
    calls = 0

    def stage(records: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Retryable("away")
        return [[record] for record in records]

    broker = Broker()
    await map_runner(stage, broker, batched=True).handle(events("a", "b"))
    assert calls == 2
    assert [parcel[0] for parcel in broker.sent] == ["articles.tagged"] * 2


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


async def test_what_kafka_did_not_confirm_is_sent_again_and_nothing_else() -> None:
    broker = Broker(delivery_faults=[None, KafkaTimeoutError(), None], send_faults=[None, None, KafkaTimeoutError()])
    runner = map_runner(lambda a, _: [a], broker)
    batch = events("a", "b", "c")
    await runner.handle(batch)
    assert sorted(key or b"" for _, key, *_ in broker.sent) == [b"a", b"b", b"c"]
    assert all(event.acked for event in batch)


async def test_a_result_that_kafka_will_never_take_becomes_a_dead_letter() -> None:
    broker = Broker(send_faults=[MessageSizeTooLargeError()])
    runner = map_runner(lambda a, _: [a], broker)
    (event,) = events("a")
    await runner.handle([event])
    assert broker.sent[0][0] == "articles.dlq"
    assert broker.sent[0][2] == event.message.value
    assert headers(broker.sent[0])["rasd.reason"] == "too_large"
    assert event.acked


async def test_cancellation_acknowledges_nothing() -> None:
    broker = Broker(hold=asyncio.Event())
    batch = events("a")
    task = asyncio.create_task(map_runner(lambda a, _: [a], broker).handle(batch))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not batch[0].acked


@dataclass
class Store:
    """A sink made of one function."""

    function: Any
    closed: bool = False

    async def write(self, articles: Sequence[Article], /) -> Sequence[Rejected | None]:
        verdicts: Sequence[Rejected | None] = await self.function(articles)
        return verdicts

    async def close(self) -> None:
        self.closed = True


def sink_runner(write: Any, broker: Broker) -> StageRunner:
    store = Store(write)
    stage = SinkStage("index", "1", reads=Topic.ENRICHED, accepts=Article, build=lambda _: store)
    return StageRunner(stage, store, send=broker.send, thread=THREAD, settings=SETTINGS, metrics=Metrics())


async def test_a_defect_of_a_sink_acknowledges_nothing_and_is_tried_again() -> None:
    calls = 0

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise AssertionError("a defect")
        return [None] * len(articles)

    runner = sink_runner(write, Broker())
    batch = events("a")
    await runner.handle(batch)
    assert calls == 2
    assert batch[0].acked
    await runner.close()
    assert runner.function.closed


async def test_a_sink_gets_only_readable_articles_and_its_verdicts_find_their_records() -> None:
    seen: list[str] = []

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        seen.extend(a.id for a in articles)
        return [Rejected(Reason.INDEX_REFUSED, "mapping") if a.id == "c" else None for a in articles]

    broker = Broker()
    runner = sink_runner(write, broker)
    batch = [*events("a"), Event(b"junk", 1), Event(article(id="c").to_json(), 2)]
    await runner.handle(batch)
    assert seen == ["a", "c"]
    assert {(headers(p)["__connect.errors.offset"], headers(p)["rasd.reason"]) for p in broker.sent} == {
        ("1", "not_json"),
        ("2", "index_refused"),
    }
    assert all(event.acked for event in batch)
    assert value(runner, "rasd_articles_total", stage="index", outcome="ok") == 1


async def test_a_sink_that_is_away_acknowledges_nothing_until_it_is_back() -> None:
    back = asyncio.Event()

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        if not back.is_set():
            raise Retryable("Elasticsearch is away")
        return [None] * len(articles)

    runner = sink_runner(write, Broker())
    batch = events("a")
    task = asyncio.create_task(runner.handle(batch))
    await asyncio.sleep(0.05)
    assert runner.waiting
    assert not batch[0].acked
    back.set()
    await task
    assert batch[0].acked
    assert not runner.waiting


async def test_refused_credentials_are_waited_out_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise CommandError("Elasticsearch refuses our API key", hint="RASD_ELASTICSEARCH_API_KEY")
        return [None] * len(articles)

    runner = sink_runner(write, Broker())
    batch = events("a")
    said = CapturingLogger()
    monkeypatch.setattr("streams.runner.log", said)
    await runner.handle(batch)
    assert batch[0].acked
    assert value(runner, "rasd_stage_retries_total", stage="index") == 3
    lines = [(call.args, call.kwargs.get("hint")) for call in said.calls if call.args]
    assert lines == [(("waiting",), "RASD_ELASTICSEARCH_API_KEY"), (("going on",), None)]


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


class Shelf:
    """A sink that refuses ids beginning with `bad`."""

    async def write(self, records: Sequence[Article]) -> list[Rejected | None]:
        return [Rejected(Reason.INDEX_REFUSED, "no") if r.id.startswith("bad") else None for r in records]

    async def close(self) -> None:
        return None


async def test_only_articles_that_were_stored_count_as_searchable() -> None:
    stage = SinkStage("shelf", "1", reads=Topic.ENRICHED, accepts=Article, build=lambda _: Shelf())
    runner = StageRunner(stage, Shelf(), send=Broker().send, thread=THREAD, settings=SETTINGS, metrics=Metrics())
    entities = [{"text": "بيروت", "name": "بيروت", "type": "LOC", "start": 0, "end": 5, "score": 1.0}] * 2
    stored = [
        article(id="a", fetched_at="2024-02-03T04:05:06Z", entities=entities),
        article(id="bad", fetched_at="2024-02-03T04:05:06Z"),
        article(id="b"),
    ]
    await runner.handle([Event(record.to_json(), offset) for offset, record in enumerate(stored)])
    assert value(runner, "rasd_end_to_end_seconds_count") == 2
    assert value(runner, "rasd_fetched_to_searchable_seconds_count") == 1
    assert value(runner, "rasd_article_entities_sum", type="LOC") == 2
    assert value(runner, "rasd_article_entities_count", type="PER") == 2
    assert value(runner, "rasd_article_places_count") == 2
