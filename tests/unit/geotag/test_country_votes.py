"""Votes for countries beside a name."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.geotag.country_votes import NEAR, NEAR_WORDS, CountryVotes

VOTES = st.tuples(st.sampled_from(["EG", "SY"]), st.sampled_from([0.5, 1.0, 0.6]), st.none() | st.integers(0, 40))


@given(st.lists(VOTES, max_size=30), st.integers(0, 40), st.integers(1, 3))
def test_nearer_votes_weigh_more_and_the_words_themselves_are_left_out(
    votes: list[tuple[str, float, int | None]], first: int, length: int
) -> None:
    countries = CountryVotes()
    expected: dict[str, float] = {}
    for country, weight, word in votes:
        countries.add(country, weight, word)
        if word is None or first <= word < first + length:
            continue
        distance = first - word if word < first else word - (first + length) + 1
        if distance <= NEAR_WORDS:
            expected[country] = expected.get(country, 0.0) + weight * NEAR / math.sqrt(distance)
    assert countries.near(first, first + length) == pytest.approx(expected)
