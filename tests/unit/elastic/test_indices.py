"""Which index an article belongs to."""

from datetime import UTC, datetime, timedelta

from streams.elastic.indices import IndexLayout, began, is_blocked, is_live

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)


def test_a_new_article_belongs_to_the_index_that_was_written_to_when_it_came_in() -> None:
    second = timedelta(seconds=1)
    before = IndexLayout("one", {"one": _ms(T0)})
    after = IndexLayout("two", {"one": _ms(T0), "two": _ms(T0 + 60 * second)})
    assert after.all == ("one", "two")
    for layout in (before, after):
        assert layout.home(T0 + 59 * second) == "one"
        assert layout.home(T0 - second) == "one", "older than everything: the oldest"
    assert after.home(T0 + 60 * second) == "two"
    assert after.home(T0 + 3600 * second) == "two"


def test_a_renewed_index_began_when_the_one_did_that_it_was_made_from() -> None:
    made = {"settings": {"index": {"creation_date": "2000"}}}
    assert began(made) == 2000
    assert began(made | {"mappings": {"_meta": {"migration": {"began": 1000}}}}) == 1000


def test_blocked_indices_are_told_apart() -> None:
    assert is_blocked({"index": {"blocks": {"write": "true"}}})
    assert not is_blocked({"index": {"blocks": {"write": "false"}}})
    assert not is_blocked({"index": {}})


def test_what_a_migration_has_not_finished_is_not_written_to() -> None:
    assert is_live({})
    assert not is_live({"mappings": {"_meta": {"migration": {"live": False}}}})
    assert is_live({"mappings": {"_meta": {"migration": {"live": True}}}})
