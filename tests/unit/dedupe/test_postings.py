"""The inverted index."""

from __future__ import annotations

import random

import numpy as np
import pytest

from agents.dedupe.postings import Keys, Postings

COLUMNS = 5


def keys(*values: int) -> Keys:
    return np.array(values, np.uint32)


def found(postings: Postings, wanted: Keys) -> dict[int, int]:
    numbers, hits = postings.find(wanted)
    return dict(zip(numbers.tolist(), hits.tolist(), strict=True))


def test_articles_are_found_by_the_keys_that_they_share_column_by_column() -> None:
    postings = Postings(3, 10, pytest.fail)
    one = postings.add(keys(1, 2, 3), 1.0)
    other = postings.add(keys(1, 3, 2), 2.0)
    alone = postings.add(keys(9), 3.0)
    assert found(postings, keys(1, 2, 3)) == {one: 3, other: 1}
    assert found(postings, keys(9)) == {alone: 1}
    assert found(postings, keys(2, 1, 1)) == {}


@pytest.mark.parametrize("lowest", [16, 0], ids=["keys of few slots", "keys of few checks"])
def test_a_full_key_gives_its_newest_and_says_so(lowest: int) -> None:
    capped: list[None] = []
    postings = Postings(1, 3, lambda: capped.append(None))
    key = keys(5 << lowest)
    numbers = [postings.add(key, at) for at in range(3)]
    assert set(found(postings, key)) == set(numbers)
    assert not capped
    numbers.append(postings.add(key, 3.0))
    assert set(found(postings, key)) == set(numbers[1:])
    assert len(capped) == 1
    assert set(postings.sharing(int(key[0]))) == set(numbers)


def test_sorted_lists_do_not_depend_on_the_order_of_adding() -> None:
    for seed in range(20):
        order = list(range(9))
        random.Random(seed).shuffle(order)
        postings = Postings(1, 4, lambda: None)
        numbers = {time: postings.add(keys(7), float(time)) for time in order}
        postings.sort()
        assert set(found(postings, keys(7))) == {numbers[time] for time in (5, 6, 7, 8)}


def test_it_answers_as_a_plain_index_does_through_growth_and_removal() -> None:
    """More articles than slots a column, keys that collide in slot or check, removals all along."""
    rng = random.Random(4)
    postings = Postings(COLUMNS, 10**6, pytest.fail)
    plain: dict[int, Keys] = {}
    bits = postings._bits
    pool = [rng.choice((1 << 16, 1, 1 << 12, 1 << 31)) * rng.randrange(40) & 0xFFFFFFFF for _ in range(60)]
    for step in range(4000):
        made = keys(*(rng.choice(pool) for _ in range(rng.choice((1, COLUMNS)))))
        plain[postings.add(made, rng.random())] = made
        if rng.random() < 0.3:
            gone = rng.choice(list(plain))
            postings.remove(gone)
            del plain[gone]
        if step % 1500 == 1499:
            postings._relink(postings._bits + 1)
        if step % 97 == 0:
            wanted = keys(*(rng.choice(pool) for _ in range(COLUMNS)))
            expected = {}
            for number, filed in plain.items():
                shared = sum(a == b for a, b in zip(filed, wanted, strict=False))
                if shared:
                    expected[number] = shared
            assert found(postings, wanted) == expected
    assert len(postings) == len(plain)
    assert postings._bits > bits
