"""A clitic inside a person's span shows that another phrase begins there."""

import numpy as np
import pytest

from agents.entities.bio import TAGS
from agents.entities.model.features import WordEntry
from agents.entities.taggers.clitics_in_names import part_names
from agents.entities.taggers.viterbi import decode
from tests.support.tags import row

PERSON, NO_PERSON = (0.9, 0.0, 0.0), (0.0, 0.1, 0.1)
WORDS = {
    "نادر": WordEntry(90, (), kinds=PERSON),
    "ونادر": WordEntry(9, (), kinds=PERSON),
    "وليد": WordEntry(60, (), kinds=PERSON),
    "ليد": WordEntry(1, (), kinds=PERSON),
    "يلي": WordEntry(70, (), kinds=NO_PERSON),
}


def tags_of(tokens: str) -> list[str]:
    """The tags of words that are all taken for one person's name."""
    words = tokens.split()
    probability = np.stack([row(B_PER=0.9), *[row(I_PER=0.9)] * (len(words) - 1)])
    before = probability.copy()
    parted = part_names([words], probability, WORDS)
    np.testing.assert_array_equal(probability, before)
    np.testing.assert_allclose(parted.sum(axis=1), 1, rtol=1e-5)
    return decode(parted, [len(words)])[0]


@pytest.mark.parametrize(
    ("tokens", "tags"),
    [
        ("سالم ونادر الحلبي", "B-PER B-PER I-PER"),
        ("سالم وليد الحلبي", "B-PER I-PER I-PER"),
        ("سالم ويلي الحلبي", "B-PER I-PER I-PER"),
        ("سالم وعنقاء", "B-PER I-PER"),
        ("سالم الحلبي للزمالك", "B-PER I-PER O"),
        ("سالم لطفي", "B-PER I-PER"),
    ],
)
def test_names_are_parted(tokens: str, tags: str) -> None:
    assert tags_of(tokens) == tags.split()


def test_other_classes_keep_their_words() -> None:
    probability = np.stack([row(B_ORG=0.9), row(I_ORG=0.9), row(I_ORG=0.9)])
    np.testing.assert_array_equal(part_names([["بنك", "ونادر", "للتنمية"]], probability, WORDS), probability)
    assert TAGS[part_names([["للزمالك"]], np.stack([row(B_PER=0.9)]), WORDS).argmax()] == "B-PER"
