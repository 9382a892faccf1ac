"""Pairs are drawn by strata, with a seed, and none twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.dedupe.fingerprint import body_words
from benchmarks.dedupe.draw import BANDS, SHORT, Text, candidates, described, draw
from tests.unit.dedupe.conftest import make_article, random_words

HALVES = ["one", "two"]


def _population() -> tuple[list[Text], list[NDArray[np.uint64]]]:
    """Thirty stories, each cut to nine lengths in the other outlet a day later; and one that came a week later."""
    texts, runs = [], []
    for story in range(30):
        words = random_words(900 + story, 120)
        for at, length in enumerate((120, 110, 100, 90, 80, 70, 60, 50, 30)):
            body = " ".join(words[: length // 2] + random_words(5000 + 50 * story + at, 120 - length // 2))
            made = make_article(f"{story}-{at}", body, source="الأفق" if at else "المرصد")
            text, hashes = described(made, f"2026-03-0{1 + (at > 0)}")
            texts.append(text)
            runs.append(hashes)
    text, hashes = described(make_article("late", " ".join(random_words(900, 120))), "2026-03-20")
    return [*texts, text], [*runs, hashes]


def test_candidates_share_enough_and_are_no_more_than_three_days_apart() -> None:
    texts, runs = _population()
    found = list(candidates(texts, runs))
    assert found
    assert len({(one, other) for _, one, other in found}) == len(found)
    assert all(one < other < len(texts) - 1 for _, one, other in found), "the late article is no candidate"
    for (short, same, band), one, other in found:
        share = len(set(runs[one].tolist()) & set(runs[other].tolist())) / min(len(runs[one]), len(runs[other]))
        assert BANDS[band] <= share < (*BANDS[1:], 2.0)[band]
        assert same == (texts[one].source == texts[other].source)
        assert short == (min(texts[one].words, texts[other].words) < SHORT)


def test_a_draw_is_repeatable_and_leaves_out_what_was_judged() -> None:
    texts, runs = _population()
    first = draw(texts, runs, HALVES, set(), seed=3)
    assert first == draw(texts, runs, HALVES, set(), seed=3)
    assert first != draw(texts, runs, HALVES, set(), seed=4)
    pairs = [frozenset((str(row["a"]), str(row["b"]))) for row in first]
    assert len(set(pairs)) == len(pairs)
    assert {row["half"] for row in first} == set(HALVES)
    assert all(row["copy"] is None for row in first)
    again = draw(texts, runs, HALVES, set(pairs), seed=3)
    assert not {frozenset((str(row["a"]), str(row["b"]))) for row in again} & set(pairs)


def test_texts_without_words_are_nobody_s_pair() -> None:
    assert body_words("…") == []
    text, hashes = described(make_article("none", "…"), "2026-03-01")
    assert (text.words, len(hashes)) == (0, 0)
    assert list(candidates([text, text], [hashes, hashes])) == []
