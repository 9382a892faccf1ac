from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.model.row_cache import RowCache


class Lengths:
    """Rows that tell the word, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, words: Sequence[str]) -> np.ndarray:
        self.asked.append(list(words))
        return np.array([[len(word), ord(word[0])] for word in words], dtype=np.float32)


def expected(words: Sequence[str]) -> list[list[float]]:
    return [[len(word), ord(word[0])] for word in words]


def test_unknown_words_are_computed_together_and_once() -> None:
    compute = Lengths()
    rows = RowCache(compute, (2,), np.float32, 10)
    assert rows(["a", "bb", "a"]).tolist() == expected(["a", "bb", "a"])
    assert rows(["bb", "c", "a"]).tolist() == expected(["bb", "c", "a"])
    assert compute.asked == [["a", "bb"], ["c"]]


@given(st.lists(st.lists(st.text("abcdefg", min_size=1, max_size=3), min_size=1, max_size=12), max_size=12))
def test_however_small_it_is_the_rows_are_right(batches: list[list[str]]) -> None:
    rows = RowCache(Lengths(), (2,), np.float32, 5)
    for words in batches:
        assert rows(words).tolist() == expected(words)


def test_when_it_is_full_all_rows_go() -> None:
    compute = Lengths()
    rows = RowCache(compute, (2,), np.float32, 3)
    for words in (["a", "b"], ["a", "c"], ["d", "a"], ["a", "d", "b"]):
        rows(words)
    assert compute.asked == [["a", "b"], ["c"], ["d", "a"], ["b"]]


def test_it_grows() -> None:
    rows = RowCache(Lengths(), (2,), np.float32, 10_000)
    words = [f"{number:b}" for number in range(5_000)]
    rows(words[:1500])
    assert rows(words).tolist() == expected(words)


def test_threads_share_it() -> None:
    rows = RowCache(Lengths(), (2,), np.float32, 50)
    batches = [[chr(97 + (start + step) % 26) * (1 + step % 4) for step in range(20)] for start in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert [found.tolist() for found in pool.map(rows, batches)] == list(map(expected, batches))
