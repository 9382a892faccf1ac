"""Names of the list are more probable than the models alone find them."""

import numpy as np
import pytest

from agents.entities.bio import TAGS
from agents.entities.taggers.known_names import SHARE, Names, known_names, raise_known
from agents.entities.taggers.viterbi import decode
from agents.entities.training.corpus import Tagged
from agents.entities.training.known_names import agreed

NAMES: Names = {"سمير": [(("نادر", "الغالي"), "PER"), (("نادر",), "PER")], "نجوم": [(("الساحل",), "ORG")]}


def _tags(tokens: str, likely: str) -> list[str]:
    """The tags of tokens whose tag in `likely` has 60 percent, and O the rest."""
    words = tokens.split()
    probability = np.zeros((len(words), len(TAGS)), dtype=np.float32)
    for row, tag in enumerate(likely.split()):
        probability[row, TAGS.index(tag)] += 0.6
        probability[row, 0] += 0.4
    raised = raise_known([words], probability, lambda word: word.removeprefix("و"), NAMES)
    assert raised.sum(axis=1) == pytest.approx(1)
    return decode(raised, [len(words)])[0]


def test_a_listed_name_is_found_whole_and_with_a_clitic() -> None:
    assert _tags("غنى سمير نادر الغالي امس", "O O O O O") == ["O", "B-PER", "I-PER", "I-PER", "O"]
    assert _tags("غنى وسمير نادر امس", "O O O O") == ["O", "B-PER", "I-PER", "O"]
    assert _tags("فاز نجوم الساحل", "O O O") == ["O", "B-ORG", "I-ORG"]


def test_a_longer_name_keeps_its_borders() -> None:
    assert _tags("خالد سمير نادر رزق", "B-PER I-PER I-PER I-PER") == ["B-PER", "I-PER", "I-PER", "I-PER"]


def test_other_words_stay_as_they_are() -> None:
    probability = np.full((3, len(TAGS)), 1 / len(TAGS), dtype=np.float32)
    raised = raise_known([["سمير", "الغالي", "نادر"]], probability, str, NAMES)
    assert np.array_equal(raised, probability)
    assert 0 < SHARE < 1


def test_the_bundled_list_has_normalised_names_of_several_words() -> None:
    names = known_names()
    assert len(names) > 1000
    assert all(rest and kind in {"PER", "ORG"} for rests in names.values() for rest, kind in rests)
    assert "أ" not in "".join(names)


def test_names_that_the_tagged_text_contradicts_are_left_out() -> None:
    lines = ["ORG\tنجوم الساحل", "ORG\tمجلس البلدة", "PER\tسمير نادر", "ORG\tنادي المرفأ"]
    sentences = [
        Tagged(("فاز", "نجوم", "الساحل"), ("O", "B-ORG", "I-ORG")),
        Tagged(("قال", "مجلس", "البلدة"), ("O", "O", "O")),
        Tagged(("لنادي", "المرفأ"), ("O", "B-ORG")),
        Tagged(("نادي", "المرفأ"), ("B-ORG", "I-ORG")),
    ]
    assert agreed(lines, sentences, lambda word: word.removeprefix("ل")) == [
        "ORG\tنادي المرفأ",
        "ORG\tنجوم الساحل",
        "PER\tسمير نادر",
    ]
