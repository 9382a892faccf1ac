from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.bio import TAGS, repair
from agents.entities.taggers.viterbi import decode
from tests.support.tags import row


def test_the_likeliest_tags_when_they_make_a_whole() -> None:
    rows = np.stack([row(B_PER=0.5, B_LOC=0.3), row(I_PER=0.6), row(B_LOC=0.5)])
    tags, scores = decode(rows, [3])
    assert tags == ["B-PER", "I-PER", "B-LOC"]
    np.testing.assert_allclose(scores, [0.5, 0.6, 0.5], atol=1e-6)


def test_else_the_likeliest_whole() -> None:
    # Each for itself: «مستشفى» O, «الملك» inside an organisation.
    rows = np.stack([row(B_ORG=0.4), row(I_ORG=0.6, B_PER=0.1), row(I_ORG=0.5, B_PER=0.4)])
    assert decode(rows, [3])[0] == ["B-ORG", "I-ORG", "I-ORG"]


def test_a_sentence_begins_anew() -> None:
    rows = np.stack([row(B_PER=0.9), row(I_PER=0.55, B_PER=0.4)])
    assert decode(rows, [2])[0] == ["B-PER", "I-PER"]
    assert decode(rows, [1, 1])[0] == ["B-PER", "B-PER"]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 999))
def test_no_whole_is_likelier(lengths: list[int], seed: int) -> None:
    rows = np.random.default_rng(seed).dirichlet(np.full(len(TAGS), 0.5), size=sum(lengths)).astype(np.float32)
    tags, scores = decode(rows, lengths)
    chances = np.log(rows * np.array([0.67, *[1] * (len(TAGS) - 1)]) + 1e-30)
    start = 0
    for length in lengths:
        here, found = chances[start : start + length], tags[start : start + length]
        assert repair(found) == found
        best = max(
            sum(here[at, TAGS.index(tag)] for at, tag in enumerate(path))
            for path in product(TAGS, repeat=length)
            if repair(path) == list(path)
        )
        assert abs(sum(here[at, TAGS.index(tag)] for at, tag in enumerate(found)) - best) < 1e-3
        start += length
    np.testing.assert_allclose(scores, [rows[at, TAGS.index(tag)] for at, tag in enumerate(tags)], atol=1e-6)
