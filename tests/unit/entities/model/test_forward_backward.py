"""The batch algorithm against the sum over all tag sequences."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.model.forward_backward import SentenceLayout, expectations, marginals, side_by_side

TAG_COUNT = 3


def every_path(scores: np.ndarray, transitions: np.ndarray) -> dict[tuple[int, ...], float]:
    return {
        path: float(
            sum(scores[i, tag] for i, tag in enumerate(path)) + sum(transitions[a, b] for a, b in zip(path, path[1:]))  # noqa: B905, RUF007
        )
        for path in product(range(TAG_COUNT), repeat=len(scores))
    }


@pytest.mark.parametrize("lengths", [[1], [4], [2, 5, 1, 3], [3, 3, 5]])
@pytest.mark.parametrize("seed", range(5))
def test_against_enumeration(lengths: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(scale=3, size=(2, sum(lengths), TAG_COUNT)).astype(np.float32)
    transitions = random.normal(scale=2, size=(2, TAG_COUNT, TAG_COUNT)).astype(np.float32)
    layout = SentenceLayout.of(lengths)
    probability = marginals(scores, transitions, layout)
    expected = expectations(scores, transitions, layout)
    for chain in range(2):
        start, log_sum, counts = 0, 0.0, np.zeros((TAG_COUNT, TAG_COUNT))
        for length in lengths:
            part = slice(start, start + length)
            paths = every_path(scores[chain, part], transitions[chain])
            total = sum(np.exp(score) for score in paths.values())
            log_sum += np.log(total)
            tags = np.zeros((length, TAG_COUNT))
            for path, score in paths.items():
                tags[np.arange(length), path] += np.exp(score) / total
                np.add.at(counts, (path[:-1], path[1:]), np.exp(score) / total)
            np.testing.assert_allclose(probability[chain, part], tags, atol=1e-4)
            np.testing.assert_allclose(expected.tags[chain, part], tags, atol=1e-4)
            start += length
        np.testing.assert_allclose(expected.transitions[chain], counts, atol=1e-3)
        assert expected.log_sums[chain] == pytest.approx(log_sum, rel=1e-4)


def test_large_potentials_neither_overflow_nor_vanish() -> None:
    scores = np.array([[[900.0, -900, 0], [-900, 900, 0]] * 200], dtype=np.float32)
    probability = marginals(scores, np.zeros((1, 3, 3), dtype=np.float32), SentenceLayout.of([400]))
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=2), 1, atol=1e-5)


def test_sentences_are_read_side_by_side_from_both_ends() -> None:
    layout = SentenceLayout.of([2, 3, 1])
    assert layout.active == [3, 2, 1]
    assert layout.lengths.tolist() == [3, 2, 1]
    assert layout.ranks.tolist() == [1, 1, 0, 0, 0, 2]
    assert layout.steps.tolist() == [0, 1, 0, 1, 2, 0]
    assert layout.backs.tolist() == [1, 0, 2, 1, 0, 0]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 300))
def test_sentences_read_side_by_side_are_all_there_and_within_bounds(lengths: list[int], cells: int) -> None:
    groups = list(side_by_side(lengths, cells))
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[place] for place in group) <= cells
    in_order = [lengths[place] for group in groups for place in group]
    assert in_order == sorted(lengths, reverse=True)
