"""rasd alerts edit: whose stories a digest has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from streams.alerts.standing_search import StandingSearch
from streams.alerts.store import Directory
from streams.cli.alert_settings import edited_condition, read_condition
from streams.errors import OperatorError
from tests.support.alert_records import standing_search

DAM = standing_search(name="السد").model_copy(update={"id": "d" * 12})
FAIRS = standing_search(name="معارض").model_copy(update={"id": "f" * 12})
QUAKES = standing_search(name="زلازل").model_copy(update={"id": "e" * 12})


def digest(*searches: str) -> StandingSearch:
    return standing_search(name="موجز", when={"kind": "digest", "every": "week", "searches": searches})


def edited(
    search: StandingSearch, when: str | None = None, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> dict[str, Any]:
    directory = Directory(searches={each.id: each for each in (DAM, FAIRS, QUAKES)})
    given = None if when is None else read_condition(when)
    return edited_condition(search, directory, given, list(include), list(exclude))


def test_searches_are_added_and_taken_out_by_name() -> None:
    before = digest(DAM.id, FAIRS.id)
    after = edited(before, include=["زلازل", "السد"], exclude=["معارض"])
    assert after["searches"] == [DAM.id, QUAKES.id]
    assert after["every"] == "week", "the rest of the condition stays"


def test_another_time_keeps_the_searches() -> None:
    after = edited(digest(DAM.id), when="digest:day@07:30")
    assert (after["every"], after["at"], after["searches"]) == ("day", "07:30", [DAM.id])


def test_another_kind_has_none() -> None:
    assert edited(digest(DAM.id), when="story") == {"kind": "story"}


def test_a_search_that_was_deleted_is_taken_out_by_its_id() -> None:
    assert edited(digest(DAM.id, "0" * 12), exclude=["0" * 12])["searches"] == [DAM.id]


@pytest.mark.parametrize(
    ("search", "changes", "message"),
    [
        (DAM, {"include": ["معارض"]}, "are for digests"),
        (digest(DAM.id), {"exclude": ["معارض"]}, "does not include"),
        (digest(DAM.id), {"include": ["لا شيء"]}, "there is no standing search"),
    ],
)
def test_what_cannot_be_is_refused(search: StandingSearch, changes: dict[str, Sequence[str]], message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        edited(search, include=changes.get("include", ()), exclude=changes.get("exclude", ()))
