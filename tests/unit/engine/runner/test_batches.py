"""Stages that take many records at once: each result and each fault stays with its record."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from streams.errors import Reason, Rejected, Retryable
from streams.records import Article
from streams.stage import Arrival
from tests.support.articles import article
from tests.unit.engine.runner.broker import Broker, Event, events, headers, map_runner, value


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
    letters = [
        (headers(parcel).get("__connect.errors.exception.message"), parcel[2])
        for parcel in broker.sent
        if parcel[0] == "articles.dlq"
    ]
    assert letters == [("a has nothing", batch[0].message.value), ("b has nothing", batch[1].message.value)]
    assert [parcel[1] for parcel in broker.sent if parcel[0] == "articles.tagged"] == [b"c"]


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
