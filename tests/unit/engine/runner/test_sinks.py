"""Stages that write to a store: what is away is waited for, what is refused is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from streams.engine.runner import StageRunner
from streams.errors import OperatorError, Reason, Rejected, Retryable
from streams.observability.metrics import Metrics
from streams.pipeline import Link, WiredStage
from streams.records import Article
from streams.stage import SinkStage
from streams.topics import Topic
from tests.support.articles import article
from tests.unit.engine.runner.broker import SETTINGS, THREAD, Broker, Event, events, headers, value


@dataclass
class Store:
    """A sink made of one function."""

    function: Any
    closed: bool = False

    async def write(self, articles: Sequence[Article], /) -> Sequence[Rejected | None]:
        verdicts: Sequence[Rejected | None] = await self.function(articles)
        return verdicts

    async def check(self) -> None:
        """It always answers."""

    async def close(self) -> None:
        self.closed = True


# Over as soon as a write waits for anything.
NO_TIME = 1e-12


def sink_runner(write: Any, broker: Broker, *, own_timeouts: bool = False, **changes: Any) -> StageRunner:
    store = Store(write)
    stage = SinkStage("index", "1", accepts=Article, build=lambda _: store, own_timeouts=own_timeouts)
    wired = WiredStage(stage, Link("index", reads=Topic.ENRICHED))
    settings = SETTINGS.model_copy(update=changes)
    return StageRunner(wired, store, send=broker.send, thread=THREAD, settings=settings, metrics=Metrics())


def letters(broker: Broker) -> dict[str, str]:
    """Reasons of the dead letters, by offset of the record."""
    return {headers(p)["__connect.errors.offset"]: headers(p)["rasd.reason"] for p in broker.sent}


async def test_a_failure_of_a_sink_that_passes_costs_no_record() -> None:
    calls = 0

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise AssertionError("a defect")
        return [None] * len(articles)

    broker = Broker()
    runner = sink_runner(write, broker)
    batch = events("a")
    await runner.handle(batch)
    assert calls == 3
    assert batch[0].acked
    assert broker.sent == []
    await runner.close()
    assert runner.function.closed


class _UnprintableError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    "defect", [TypeError("no such field"), MemoryError(), _UnprintableError(), OSError(36, "name")]
)
async def test_a_record_on_which_a_sink_always_fails_becomes_a_dead_letter_and_the_others_are_stored(
    defect: Exception,
) -> None:
    stored: set[str] = set()

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        if any(each.id == "c" for each in articles):
            raise defect
        stored.update(each.id for each in articles)
        return [None] * len(articles)

    broker = Broker()
    batch = events(*"abcdefgh")
    await sink_runner(write, broker).handle(batch)
    assert stored == set("abdefgh")
    assert letters(broker) == {"2": "poison"}
    assert broker.sent[0][2] == batch[2].message.value
    assert type(defect).__name__ in headers(broker.sent[0])["__connect.errors.exception.message"]
    assert all(event.acked for event in batch)


@pytest.mark.parametrize("outage", [ConnectionResetError(), TimeoutError(), OSError(28, "no space"), None])
async def test_a_failure_for_want_of_the_store_is_waited_out_whatever_it_is_called(outage: Exception | None) -> None:
    tries = 0

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        nonlocal tries
        tries += 1
        if tries < 20:
            raise KeyError("a library's own error") from outage
        return [None] * len(articles)

    async def check() -> None:
        if outage is None and tries < 20:
            raise RuntimeError("it does not answer")

    broker = Broker()
    runner = sink_runner(write, broker)
    runner.function.check = check
    batch = events("a", "b")
    await runner.handle(batch)
    assert broker.sent == []
    assert all(event.acked for event in batch)
    assert value(runner, "rasd_stage_retries_total", stage="index") > 3


async def test_a_record_on_which_a_sink_never_returns_becomes_a_dead_letter() -> None:
    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        if any(each.id == "b" for each in articles):
            await asyncio.Event().wait()
        return [None] * len(articles)

    broker = Broker()
    runner = sink_runner(write, broker, record_seconds=NO_TIME)
    batch = events("a", "b", "c")
    await runner.handle(batch)
    assert letters(broker) == {"1": "too_slow"}
    assert all(event.acked for event in batch)


async def test_a_sink_with_timeouts_of_its_own_is_not_cancelled() -> None:
    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        for _ in range(3):  # passes of the loop, in the first of which a time limit would end
            await asyncio.sleep(0)
        return [None] * len(articles)

    broker = Broker()
    await sink_runner(write, broker, own_timeouts=True, record_seconds=NO_TIME).handle(events("a"))
    assert broker.sent == []


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
    back, again = asyncio.Event(), asyncio.Event()
    tries = 0

    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        nonlocal tries
        tries += 1
        if tries > 1:
            again.set()
        if not back.is_set():
            raise Retryable("Elasticsearch is away")
        return [None] * len(articles)

    runner = sink_runner(write, Broker())
    batch = events("a")
    task = asyncio.create_task(runner.handle(batch))
    await again.wait()
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
            raise OperatorError("Elasticsearch refuses our API key", hint="RASD_ELASTICSEARCH_API_KEY")
        return [None] * len(articles)

    runner = sink_runner(write, Broker())
    batch = events("a")
    said = CapturingLogger()
    monkeypatch.setattr("streams.engine.runner.log", said)
    await runner.handle(batch)
    assert batch[0].acked
    assert value(runner, "rasd_stage_retries_total", stage="index") == 3
    lines = [(call.args, call.kwargs.get("hint")) for call in said.calls if call.args]
    assert lines == [(("waiting",), "RASD_ELASTICSEARCH_API_KEY"), (("continuing",), None)]


async def test_what_another_sink_stores_does_not_count_as_searchable() -> None:
    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        return [None] * len(articles)

    runner = sink_runner(write, Broker())
    await runner.handle(events("a"))
    assert value(runner, "rasd_articles_total", stage="index", outcome="ok") == 1
    assert value(runner, "rasd_end_to_end_seconds_count") == 0, "the index's own sink counts what it made searchable"


@pytest.mark.parametrize("verdicts", [[], [None, None], [True]])
async def test_a_sink_that_does_not_say_what_it_stored_is_asked_again(verdicts: list[Any]) -> None:
    answers = [verdicts, [None]]

    async def write(_: Sequence[Article]) -> Any:
        return answers.pop(0)

    broker = Broker()
    runner = sink_runner(write, broker)
    batch = events("a")
    await runner.handle(batch)
    assert answers == [], "the batch was written again"
    assert broker.sent == []
    assert batch[0].acked


async def test_a_refusal_that_a_sink_raises_concerns_one_record() -> None:
    async def write(articles: Sequence[Article]) -> list[Rejected | None]:
        if any(each.id == "b" for each in articles):
            raise Rejected(Reason.INDEX_REFUSED, "mapping")
        return [None] * len(articles)

    broker = Broker()
    batch = events("a", "b", "c")
    await sink_runner(write, broker).handle(batch)
    assert all(event.acked for event in batch)
    (letter,) = broker.sent
    assert (letter[2], headers(letter)["rasd.reason"]) == (batch[1].message.value, "index_refused")
