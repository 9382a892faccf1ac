"""What is usual of a source's items, and the verdicts when it changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import ConsumerRecord

from streams.errors import Reason, Rejected
from streams.kafka.dead_letters import Origin, failure_headers
from streams.sources.watch.directory import Kind, WatchedSource, Watching
from streams.sources.watch.habits import note_items, note_pages, script_of
from streams.sources.watch.health import Verdict, judge
from streams.sources.watch.readers import Entry
from streams.sources.watch.refusals import Refusals

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SOURCE = WatchedSource(name="jisr", url="https://jisr.example/rss", kind=Kind.FEED, outlet="الجسر")
KNOWN = Watching(first_visit=NOW, last_visit=NOW, last_success=NOW, last_new=NOW, items=50)


def entry(title: str, ahead: timedelta | None = None) -> Entry:
    return Entry(url="https://jisr.example/1", title=title, published=None if ahead is None else NOW + ahead)


def verdict(state: Watching, source: WatchedSource = SOURCE) -> Verdict:
    return judge(source, state, NOW).verdict


ARABIC, LATIN = entry("افتتاح الجسر الجديد في وسط المدينة"), entry("The new bridge in the city opens today")


@pytest.mark.parametrize(
    ("title", "script"),
    [
        ("افتتاح الجسر الجديد Bridge", "Arabic"),
        ("The new bridge opens, الجسر", "Latin"),
        ("Мост открыт в городе", "Cyrillic"),
        ("1234 !!", None),
        ("الجسر", None),
    ],
)
def test_the_script_of_an_item(title: str, script: str | None) -> None:
    assert script_of(entry(title)) == script


def test_markup_is_no_letter() -> None:
    text = Entry(url="https://jisr.example/1", summary="<p class='first paragraph in the text'>الجسر الجديد يفتح</p>")
    assert script_of(text) == "Arabic"


def test_items_in_other_letters_mean_another_language() -> None:
    state = note_items(KNOWN, [], [ARABIC] * 3, NOW)
    assert verdict(state) is Verdict.HEALTHY
    state = note_items(state, [], [LATIN] * 4, NOW)
    assert verdict(state) is Verdict.HEALTHY, "an outlet may print some foreign items"
    assert verdict(note_items(state, [], [LATIN], NOW)) is Verdict.LANGUAGE
    assert verdict(note_items(state, [], [ARABIC, LATIN], NOW)) is Verdict.HEALTHY


def test_the_language_that_was_said_counts_from_the_beginning() -> None:
    said = SOURCE.model_copy(update={"language": "ar-SA"})
    state = note_items(KNOWN, [], [LATIN] * 5, NOW)
    assert verdict(state, said) is Verdict.LANGUAGE
    assert verdict(state) is Verdict.HEALTHY


@pytest.mark.parametrize(
    ("leads", "wrong"),
    [
        ([0.1, -5.0], False),
        ([3.0, -5.0], False),  # one item, perhaps scheduled
        ([3.0, 2.9], True),  # local time that says it is UTC
        ([48.0], True),
        ([], False),
    ],
)
def test_dates_ahead_of_the_visit(leads: list[float], wrong: bool) -> None:
    entries = [entry("خبر", timedelta(hours=lead)) for lead in leads]
    state = note_items(KNOWN, entries, [], NOW)
    assert (verdict(state) is Verdict.CLOCK) == wrong
    assert verdict(note_items(state, [entry("خبر", timedelta())], [], NOW)) is Verdict.HEALTHY


def test_pages_that_cleaning_refuses() -> None:
    state = note_pages(KNOWN, 60, 1)
    assert verdict(state) is Verdict.HEALTHY
    for _ in range(3):
        state = note_pages(state, 5, 5)
    assert verdict(state) is Verdict.TEMPLATE
    assert "%" in judge(SOURCE, state, NOW).advice
    for _ in range(4):
        state = note_pages(state, 5, 0)
    assert verdict(state) is Verdict.HEALTHY, "it was mended"
    assert note_pages(state, 0, 0) == state


def letter(reason: Reason, stage: str = "clean", value: bytes | None = None) -> ConsumerRecord:
    raw = json.dumps({"url": "https://jisr.example/1", "extra": {"watched_source": "jisr"}}).encode()
    headers = failure_headers(stage, Rejected(reason, "x"), Origin("articles.raw", 0, 1))
    return ConsumerRecord("articles.dlq", 0, 7, 0, 0, None, value or raw, None, 0, 0, tuple(headers))


def test_refused_pages_are_counted_for_their_source() -> None:
    refusals = Refusals()
    refusals.begin("jisr")
    for record in (letter(Reason.NO_ARTICLE), letter(Reason.EMPTY_BODY)):
        refusals.count(record)
    for other in (
        letter(Reason.TOO_LARGE),
        letter(Reason.NO_ARTICLE, stage="geotag"),
        letter(Reason.NO_ARTICLE, value=b"{"),
        letter(Reason.NO_ARTICLE, value=b"[1]"),
        letter(Reason.NO_ARTICLE, value=b'{"extra": {"watched_source": 3}}'),
    ):
        refusals.count(other)
    assert (refusals.take("jisr"), refusals.take("jisr"), refusals.take("3")) == (2, 0, 0)
    refusals.count(letter(Reason.NO_ARTICLE))
    assert refusals.take("jisr") == 1


def test_only_sources_of_this_process_are_counted_and_from_when_it_has_them() -> None:
    refusals = Refusals()
    for number in range(100):
        sent = json.dumps({"extra": {"watched_source": f"s{number}"}}).encode()
        refusals.count(letter(Reason.NO_ARTICLE, value=sent))
    refusals.count(letter(Reason.NO_ARTICLE))
    assert not refusals._numbers, "the names in records are whatever their senders wrote"
    refusals.begin("jisr")
    assert refusals.take("jisr") == 0, "what was refused before is another process's to judge"
    refusals.count(letter(Reason.NO_ARTICLE))
    refusals.end("jisr")
    refusals.count(letter(Reason.NO_ARTICLE))
    assert refusals.take("jisr") == 0
