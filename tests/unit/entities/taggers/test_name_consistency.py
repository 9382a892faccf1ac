import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.bio import TAGS
from agents.entities.model.features import WordEntry, core
from agents.entities.taggers.name_consistency import LENT, WINDOW, lend
from tests.support.tags import row

BEGINS, GOES_ON, PLACE = TAGS.index("B-PER"), TAGS.index("I-PER"), TAGS.index("B-LOC")


def stem(word: str) -> str:
    return core(word).removeprefix("و")


def test_a_clear_mention_lends_to_one_that_is_not() -> None:
    sentences = [["العالم", "نادر", "الصالح"], ["قال", "الصالح"], ["والصالح", "هنا"]]
    before = np.stack(
        [row(), row(B_PER=0.9), row(I_PER=0.95), row(), row(B_PER=0.1, B_LOC=0.2), row(B_LOC=0.02), row()]
    )
    after = lend(sentences, before, stem, {})
    lent = LENT * (np.mean([0.95, 0.1, 0]) + 0.95) / 2
    assert after[4, BEGINS] == pytest.approx(0.3 * 0.1 + lent, abs=1e-5)
    assert after[4, PLACE] == pytest.approx(0.2 * (1 - after[4, BEGINS]) / 0.9, abs=1e-5)
    assert after[5, BEGINS] == pytest.approx(lent, abs=1e-5)
    np.testing.assert_array_equal(after[[0, 1, 2, 3, 6]], before[[0, 1, 2, 3, 6]])


def test_a_word_after_a_person_goes_on_and_one_that_begins_a_sentence_begins() -> None:
    sentences = [["نادر", "الصالح"], ["سلمى", "الصالح"], ["الصالح"]]
    before = np.stack([row(B_PER=0.9), row(I_PER=0.9), row(B_PER=0.9), row(), row()])
    after = lend(sentences, before, stem, {})
    assert after[3, GOES_ON] > 0.4 > after[3, BEGINS]
    assert after[4, BEGINS] > 0.4 > after[4, GOES_ON]


def test_texts_far_apart_and_words_too_short_lend_nothing() -> None:
    far = [["الصالح"], *[["كلام"]] * WINDOW, ["الصالح"]]
    before = np.stack([row(B_PER=0.9), *[row()] * (WINDOW + 1)])
    np.testing.assert_array_equal(lend(far, before, stem, {}), before)
    short = [["لي"], ["لي"]]
    before = np.stack([row(B_PER=0.9), row()])
    np.testing.assert_array_equal(lend(short, before, stem, {}), before)


def test_what_the_news_seldom_takes_for_a_person_is_lent_nothing() -> None:
    sentences = [["قال", "علي", "الصالح"], ["علي", "الطاوله"]]
    before = np.stack([row(), row(B_PER=0.9), row(I_PER=0.9), row(B_PER=0.05), row()])
    preposition = {"علي": WordEntry(9000, (), (0.02, 0.0, 0.0))}
    np.testing.assert_array_equal(lend(sentences, before, stem, preposition), before)
    for entry in (WordEntry(9000, (), (0.5, 0.0, 0.0)), WordEntry(9, (), (0.02, 0.0, 0.0))):
        assert lend(sentences, before, stem, {"علي": entry})[3, BEGINS] > 0.4


def test_words_of_places_and_organisations_are_lent_nothing() -> None:
    sentences = [["نادر"], ["مستشفى", "نادر"]]
    before = np.stack([row(B_PER=0.9), row(B_ORG=0.6), row(I_ORG=0.25, B_LOC=0.2, B_PER=0.1)])
    np.testing.assert_array_equal(lend(sentences, before, stem, {}), before)


@given(
    st.lists(st.lists(st.sampled_from(["نادر", "ونادر", "سلمى", "في", "و", "."]), min_size=1), min_size=1), st.data()
)
def test_rows_stay_probabilities_and_no_person_is_lost(sentences: list[list[str]], data: st.DataObject) -> None:
    count = sum(map(len, sentences))
    seed = data.draw(st.integers(0, 99))
    before = np.random.default_rng(seed).dirichlet(np.full(len(TAGS), 0.3), size=count).astype(np.float32)
    after = lend(sentences, before, stem, {})
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-4)
    person = before[:, [BEGINS, GOES_ON]].sum(axis=1)
    assert (after[:, [BEGINS, GOES_ON]].sum(axis=1) >= person - 1e-5).all()
    assert (after >= 0).all()
