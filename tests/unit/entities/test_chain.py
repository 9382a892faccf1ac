"""The batch algorithm against the sum over all tag sequences."""

from itertools import product

import numpy as np
import pytest

from agents.entities.chain import marginals

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
    scores = random.normal(scale=3, size=(sum(lengths), TAG_COUNT)).astype(np.float32)
    transitions = random.normal(scale=2, size=(TAG_COUNT, TAG_COUNT)).astype(np.float32)
    probability = marginals(scores, transitions, lengths)
    start = 0
    for length in lengths:
        part = slice(start, start + length)
        paths = every_path(scores[part], transitions)
        total = sum(np.exp(score) for score in paths.values())
        expected = np.zeros((length, TAG_COUNT))
        for tags, score in paths.items():
            expected[np.arange(length), tags] += np.exp(score) / total
        np.testing.assert_allclose(probability[part], expected, atol=1e-4)
        start += length


def test_large_potentials_neither_overflow_nor_vanish() -> None:
    scores = np.array([[900.0, -900, 0], [-900, 900, 0]] * 200, dtype=np.float32)
    probability = marginals(scores, np.zeros((3, 3), dtype=np.float32), [400])
    assert np.isfinite(probability).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-5)
