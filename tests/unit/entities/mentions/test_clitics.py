import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.mentions.clitics import part_clitics
from agents.entities.model.features import WordEntry
from agents.entities.taggers.registry import load_tagger

WORDS = load_tagger().words


def parted(word: str) -> str:
    clitics = part_clitics(word, WORDS)
    return ("ا" if clitics.elided else "") + word[clitics.length :]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("وبيروت", "بيروت"),
        ("ولفرنسا", "فرنسا"),
        ("بالرياض", "الرياض"),
        ("للرياض", "الرياض"),
        ("وللرياض", "الرياض"),
        ("كالقاهرة", "القاهرة"),
        ("فواشنطن", "واشنطن"),
        ("وَبَيْروت", "بَيْروت"),
        ("لِلرياض", "الرياض"),
    ],
)
def test_clitics_are_parted(word: str, name: str) -> None:
    assert parted(word) == name


def test_of_a_rare_word_the_rest_decides() -> None:
    person, mixed = (0.9, 0.0, 0.0), (0.2, 0.0, 0.0)
    words = {"لبشر": WordEntry(3, (), person), "بشر": WordEntry(100, (), mixed), "لطيف": WordEntry(50, (), person)}
    assert part_clitics("لبشر", words).length == 1
    words["برايان"], words["رايان"] = WordEntry(20, (), person), WordEntry(60, (), person)
    assert part_clitics("برايان", words).length == 0
    words["بنادر"], words["نادر"] = WordEntry(5, (), person), WordEntry(60, (), person)
    assert part_clitics("بنادر", words).length == 1
    assert part_clitics("لطيف", words | {"طيف": WordEntry(100, (), mixed)}).length == 0


@pytest.mark.parametrize(
    "word",
    ["واشنطن", "بيروت", "لبنان", "فرنسا", "كوريا", "فيصل", "فراس", "كامل", "كمال", "وليد", "بسام", "وهران", "باريس"],
)
def test_first_letters_of_names_stay(word: str) -> None:
    assert parted(word) == word


def test_a_rest_that_is_no_name_is_not_parted_however_frequent() -> None:
    words = {"باسل": WordEntry(5, (), (0.9, 0, 0)), "اسل": WordEntry(900, (), (0, 0, 0))}
    assert part_clitics("باسل", words).length == 0
    words["اسل"] = WordEntry(900, (), (0.9, 0, 0))
    assert part_clitics("باسل", words).length == 1


def test_of_unknown_words_only_clitics_before_the_article_are_parted() -> None:
    assert part_clitics("والزغنبوط", {}).length == 1
    assert part_clitics("وزغنبوط", {}).length == 0


@given(st.text(st.sampled_from("ولبفكاّلرياضَ ـ"), max_size=12))
def test_a_name_is_always_left(word: str) -> None:
    assert 0 <= part_clitics(word, WORDS).length < max(len(word), 1)
