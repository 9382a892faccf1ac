"""The inverted index."""

from __future__ import annotations

import itertools

from agents.dedupe.postings import Postings, Rank

RANKS: list[Rank] = [(1.0, "a"), (2.0, "b"), (2.0, "c"), (3.0, "d")]


def filled(order: tuple[Rank, ...], most: int, calls: list[None] | None = None) -> Postings:
    postings = Postings(most, lambda: (calls if calls is not None else []).append(None))
    for rank in order:
        postings.add([7, 8], rank)
        postings.add([7], rank)
    return postings


def test_a_full_key_gives_its_newest_whatever_the_order_of_filing() -> None:
    for order in itertools.permutations(RANKS):
        calls: list[None] = []
        assert filled(order, 2, calls).find([7]) == set(RANKS[2:])
        assert len(calls) == 1


def test_what_is_taken_out_is_gone_and_the_rest_is_found() -> None:
    for order in itertools.permutations(RANKS):
        postings = filled(order, 10)
        for gone in range(len(order)):
            assert postings.find([7, 9]) == set(order[gone:])
            postings.remove([7, 9], order[gone])
        assert postings.find([7]) == set()
        assert postings.find([8]) == set(RANKS)
