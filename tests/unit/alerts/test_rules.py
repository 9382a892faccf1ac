from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from streams.alerts import rules
from streams.alerts.records import Alert, Match, StoryState, Tally
from streams.alerts.rules import SearchMemory, expected_stories
from tests.support.alert_records import BEGIN, match, standing_search


def memory(**fields: object) -> SearchMemory:
    return SearchMemory(standing_search(**fields))


def alerts(memory: SearchMemory) -> list[Alert]:
    return sorted(memory.alerts.values(), key=lambda alert: alert.moment)


def take(memory: SearchMemory, matches: Iterable[Match]) -> list[Alert]:
    for each in matches:
        memory.take(each)
    return alerts(memory)


def stored(memory: SearchMemory) -> SearchMemory:
    """The memory as another process reads it back."""
    return SearchMemory(
        memory.search,
        Tally.model_validate_json(memory.tally.model_dump_json(exclude_none=True)),
        [StoryState.model_validate_json(s.model_dump_json(exclude_none=True)) for s in memory.stories.values()],
        [Alert.model_validate_json(a.model_dump_json(exclude_none=True)) for a in memory.alerts.values()],
    )


def test_a_copy_extends_the_alert_of_its_story() -> None:
    found = take(memory(), [match("a"), match("b", 2, story="a", outlet="annahr", relation="near"), match("c", 3)])
    assert [[m.article for m in alert.stories[0].articles] for alert in found] == [["a", "b"], ["c"]]
    assert found[0].stories[0].outlets == ["almina", "annahr"]


def test_a_match_that_is_taken_again_changes_nothing() -> None:
    search = memory()
    take(search, [match("a"), match("b", 2, story="a")])
    before = stored(search)
    again = stored(search)
    take(again, [match("a"), match("b", 2, story="a")])
    assert again.alerts == before.alerts and again.stories == before.stories
    assert not again.new_alerts and not again.changed_stories


def test_each_article_of_a_large_story_counts_once() -> None:
    search, matches = memory(), [match(f"c{number}", number / 60, story="a") for number in range(700)]
    take(search, matches)
    again = stored(search)
    (alert,) = take(again, matches)
    assert alert.stories[0].count == 700
    assert not again.changed_stories


def test_more_articles_of_a_story_than_can_be_remembered_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_KNOWN_ARTICLES", 3)
    search, matches = memory(), [match(f"c{number}", number, story="a") for number in range(5)]
    (alert,) = take(search, [*matches, *matches])
    assert alert.stories[0].count == 3
    assert search.stories["a"].touched == matches[-1].moment, "but they keep the story"


def test_a_batch_that_is_judged_again_without_its_memory_gives_the_same_alerts() -> None:
    search = standing_search(when={"kind": "frequency", "count": 2, "minutes": 60})
    matches = [match(name, number) for number, name in enumerate("abcd")]
    first, second = SearchMemory(search), SearchMemory(search)
    assert take(first, matches) == take(second, matches) != []


def test_a_story_that_gets_another_cluster_is_not_told_again() -> None:
    search = memory()
    search.take(match("late", 1))
    search.move("late", "earlier")
    search = stored(search)
    found = take(search, [match("earlier", 2), match("copy", 3, story="earlier")])
    assert [[m.article for m in alert.stories[0].articles] for alert in found] == [["late", "earlier", "copy"]]
    assert found[0].stories[0].clusters == ("late", "earlier")


def test_an_article_that_comes_again_in_another_cluster_stays_in_its_story() -> None:
    found = take(memory(), [match("a"), match("a", 2, story="z", text="other"), match("b", 3, story="z")])
    assert [[m.article for m in alert.stories[0].articles] for alert in found] == [["a", "b"]]


def test_within_a_pause_stories_wait_for_one_alert_at_its_end() -> None:
    search = memory(pause_minutes=30)
    take(search, [match("a", 0), match("b", 10), match("c", 20), match("c2", 25, story="c")])
    assert len(alerts(search)) == 1
    assert search.deadline() == BEGIN + timedelta(minutes=30)
    search = stored(search)
    search.advance(BEGIN + timedelta(minutes=29))
    assert len(alerts(search)) == 1
    search.advance(BEGIN + timedelta(minutes=31))
    second = alerts(search)[1]
    assert (second.moment, [s.clusters[0] for s in second.stories]) == (BEGIN + timedelta(minutes=30), ["b", "c"])
    assert search.deadline() is None


def test_the_end_of_a_pause_is_judged_before_the_next_match() -> None:
    by_clock, by_match = memory(pause_minutes=30), memory(pause_minutes=30)
    by_match.search = by_clock.search
    matches = [match("a", 0), match("b", 10), match("c", 40)]
    take(by_match, matches)
    take(by_clock, matches[:2])
    by_clock.advance(BEGIN + timedelta(minutes=35))
    take(by_clock, matches[2:])
    assert alerts(by_clock) == alerts(by_match)
    assert [alert.count for alert in alerts(by_match)] == [1, 1]
    assert by_match.deadline() == BEGIN + timedelta(minutes=60)


@pytest.mark.parametrize(
    ("of", "due"),
    [("stories", ["d"]), ("outlets", ["e"]), ("articles", ["c"])],
)
def test_frequency_counts_what_it_is_asked_to(of: str, due: list[str]) -> None:
    search = memory(when={"kind": "frequency", "count": 3, "minutes": 60, "of": of})
    triggers = []
    arrivals = [("a", "a", "x"), ("b", "b", "x"), ("c", "a", "y"), ("d", "d", "y"), ("e", "e", "z")]
    for number, (article, story, outlet) in enumerate(arrivals):
        before = len(search.alerts)
        search.take(match(article, number, story=story, outlet=outlet))
        triggers += [article] * (len(search.alerts) - before)
    assert triggers == due


def test_frequency_forgets_what_is_older_than_its_time_and_counts_no_story_twice() -> None:
    search = memory(when={"kind": "frequency", "count": 3, "minutes": 60})
    take(search, [match("a", 0), match("b", 30), match("c", 61)])
    assert not search.alerts
    take(search, [match("d", 62), match("e", 63), match("f", 64)])
    (alert,) = alerts(search)
    assert [story.clusters[0] for story in alert.stories] == ["b", "c", "d"]
    assert alert.numbers == {"count": 3, "minutes": 60}


def test_a_spike_is_a_multiple_of_the_search_s_own_history() -> None:
    search = memory(when={"kind": "spike", "factor": 3, "least": 5, "minutes": 60, "days": 7})
    history = [match(f"h{hour}", hour * 60.0) for hour in range(72)]
    take(search, history)
    assert not search.alerts, "one story an hour is usual"
    take(search, [match(f"few{n}", 72 * 60 + n) for n in range(4)])
    assert not search.alerts, "four are fewer than the least"
    take(search, [match(f"many{n}", 73 * 60 + n) for n in range(8)])
    (alert,) = alerts(search)
    assert alert.numbers["count"] == 5 and 0.9 < alert.numbers["expected"] < 1.3


def test_copies_are_no_spike() -> None:
    search = memory(when={"kind": "spike", "factor": 3, "least": 5, "minutes": 60, "days": 7})
    take(search, [match(f"h{hour}", hour * 60.0) for hour in range(48)])
    take(search, [match(f"copy{n}", 49 * 60 + n, story="wire", outlet=f"outlet{n}") for n in range(40)])
    assert not search.alerts


def test_history_that_is_told_makes_a_spike_possible_at_once() -> None:
    when = {"kind": "spike", "factor": 3, "least": 5, "minutes": 60, "days": 7}
    burst = [match(f"many{n}", n) for n in range(6)]
    assert not take(memory(when=when), burst), "nothing is known of the days before"
    past = [match(f"h{hour}", -60.0 * hour, history=True) for hour in range(1, 72)]
    assert len(take(memory(when=when), [*past, *burst])) == 1


def test_expectations_follow_the_hours_of_the_day() -> None:
    hour = int(BEGIN.timestamp() // 3600)
    busy = {hour - 24 * day: 10 for day in range(1, 8)}
    args = (BEGIN - timedelta(days=7), BEGIN + timedelta(minutes=30), timedelta(hours=1))
    assert expected_stories(busy, *args) == pytest.approx(10 / 3, rel=0.2)
    assert expected_stories(busy, args[0], args[1] + timedelta(hours=12), args[2]) == pytest.approx(70 / 180, rel=0.2)


def test_a_silence_is_told_once_and_again_after_a_match() -> None:
    search = memory(when={"kind": "silence", "hours": 6})
    search.advance(BEGIN + timedelta(hours=5))
    assert not search.alerts
    search.advance(BEGIN + timedelta(hours=7))
    search.advance(BEGIN + timedelta(hours=20))
    search = stored(search)
    search.advance(BEGIN + timedelta(hours=30))
    assert [alert.moment for alert in alerts(search)] == [BEGIN + timedelta(hours=6)]
    search.take(match("a", 31 * 60))
    search.advance(BEGIN + timedelta(hours=38))
    assert [alert.moment for alert in alerts(search)][1:] == [BEGIN + timedelta(hours=37)]


def test_new_names_are_learned_first_and_then_told_once() -> None:
    search = memory(when={"kind": "new-name", "learn_hours": 1, "types": ["person"]})
    take(search, [match("a", 10, names=["person سمير الحلبي", "place حلب"])])
    assert not search.alerts
    found = take(
        search,
        [
            match("b", 70, names=["person سمير الحلبي", "person نادر الصباغ", "place دمشق"]),
            match("c", 80, names=["person نادر الصباغ"]),
        ],
    )
    assert [alert.detail for alert in found] == [("نادر الصباغ",)]


def test_a_name_may_need_several_stories() -> None:
    search = memory(when={"kind": "new-name", "learn_hours": 0, "stories": 2})
    take(search, [match("a", 1, names=["person نادر الصباغ"]), match("a2", 2, story="a", names=["person نادر الصباغ"])])
    assert not search.alerts
    take(search, [match("b", 3, names=["person نادر الصباغ"])])
    assert len(search.alerts) == 1


def test_a_changed_text_shows_what_was_added() -> None:
    search = memory(when={"kind": "change"})
    take(search, [match("a", 1, sentences=["ارتفع المنسوب.", "لا أضرار."], title="ارتفاع")])
    assert not search.alerts
    (alert,) = take(search, [match("a", 9, sentences=["ارتفع المنسوب.", "سقط قتيلان."], title="ارتفاع", text="second")])
    assert alert.detail == ("+ سقط قتيلان.", "(1 paragraph removed or changed)")


def test_a_changed_headline_is_found_under_another_id() -> None:
    search = memory(when={"kind": "change", "of": "headline"})
    take(search, [match("a", 1, title="ارتفاع المنسوب", url="https://almina.example.com/1")])
    changed = match("a-new", 9, story="a", title="انهيار السد", url="https://almina.example.com/1", relation="update")
    copy = match("b", 10, story="a", title="السد ينهار", url="https://annahr.example.com/7", outlet="annahr")
    (alert,) = take(search, [changed, copy])
    assert alert.detail == ("- ارتفاع المنسوب", "+ انهيار السد")


def test_quiet_sources_are_told_once_and_again_after_they_recovered() -> None:
    search = memory(filters={}, when={"kind": "source-quiet"})
    search.sources({"almina": "silent: nothing new"}, BEGIN)
    search.sources({"almina": "silent: nothing new"}, BEGIN + timedelta(hours=1))
    search.sources({}, BEGIN + timedelta(hours=2))
    search.sources({"almina": "gone", "annahr": "silent"}, BEGIN + timedelta(hours=3))
    assert [alert.detail for alert in alerts(search)] == [
        ("almina: silent: nothing new",),
        ("almina: gone", "annahr: silent"),
    ]


def test_old_stories_are_forgotten_with_their_clusters() -> None:
    search = memory()
    take(search, [match("a", 0), match("b", 600)])
    assert search.forget(BEGIN + timedelta(minutes=300)) == ["a"]
    take(search, [match("a", 700)])
    assert sorted(search.stories) == ["a", "b"] and len(search.alerts) == 2
