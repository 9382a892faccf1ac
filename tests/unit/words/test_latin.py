"""Names in Latin letters and the Arabic names that they stand for."""

import math

import pytest

from streams.words import latin
from streams.words.latin import FOREIGN, arabic_names, foreign_names, shown_name, spelling_cost
from streams.words.terms import text_words

SPELLINGS = {
    "@السيسي": ["sisi", "sissi", "essissi"],
    "@ماكرون": ["macron"],
    "@القذافي": ["gaddafi", "qaddafi", "kadhafi", "gadhafi"],
    "@بوتين": ["putin", "poutine"],
    "@محمد": ["mohammed", "muhammad", "mohamed"],
    "@القاهره": ["cairo"],
    "@SY": ["syria"],
    "@ترامب": ["trump"],
    "@نتانياهو": ["netanyahu", "netanyahou"],
    "@حزبالله": ["hezbollah", "hizbullah", "hizballah"],
}


@pytest.mark.parametrize(("family", "words"), SPELLINGS.items())
def test_spellings_of_a_name_stand_for_it(family: str, words: list[str]) -> None:
    assert all(family in arabic_names(word) for word in words)


@pytest.mark.parametrize(
    "word", ["the", "of", "rights", "xylophone", "price", "said", "prix", "", "x", "ماكرون", "3d", "w" * 64]
)
def test_other_words_stand_for_no_name(word: str) -> None:
    assert arabic_names(word) == ()


@pytest.mark.parametrize("word", ["cl" * 12, "cl" * 32, "glvc" * 6, "gm" * 32])
def test_a_word_of_confusable_consonants_is_looked_up_under_few_keys(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[str] = []

    class Index(dict[str, list[object]]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            keys.append(key)
            assert len(keys) <= 128, "the number of keys grows with the word"
            return default

    monkeypatch.setattr(latin, "_by_consonants", Index)
    assert arabic_names(word) == ()
    assert bool(keys) == (len(word) <= 24)


def test_a_spelling_costs_what_its_letters_cost() -> None:
    assert spelling_cost("بوتين", "butin") == 0
    assert spelling_cost("بوتين", "putin") == pytest.approx(0.05)
    assert spelling_cost("بوتين", "putan") > 0.5
    assert spelling_cost("بوتين", "macron") == math.inf
    assert spelling_cost("بوتين", "putin", dearest=0.01) == math.inf


def test_words_that_are_parts_of_a_name_are_none_of_their_own() -> None:
    assert foreign_names(["abdel", "fattah", "el", "sisi"]) == [("@عبدالفتاح",), None, None, ("@السيسي",)]
    assert foreign_names(["saudi", "arabia"]) == [("@SA",), None]
    assert foreign_names(["el", "nothing"])[0] == ()
    assert foreign_names([]) == []


def test_an_ordinary_word_beside_a_name_is_a_part_of_it() -> None:
    assert arabic_names("bush") == ()
    assert foreign_names(["george", "bush"]) == [("@جورج",), ("@بوش",)]
    assert foreign_names(["syria", "bush"]) == [("@SY",), ()]


def test_a_name_of_two_words_has_the_family_of_its_one_latin_word() -> None:
    for text in ("حزب الله", "لحزب الله", "حزب اللّه"):
        assert "@حزبالله" in text_words(text)[-1].families
    assert all("@حزبالله" not in word.families for word in text_words("حزب قال الله"))


def test_spellings_of_a_transliterated_name_with_and_without_a_long_vowel_are_one() -> None:
    for spellings in ("نتنياهو نتانياهو", "فرانسوا فرنسوا", "بلومبرغ بلومبيرغ"):
        assert len({word.families for word in text_words(spellings)}) == 1
    for others in ("سالم سلم", "كريستيان كريستين", "عبدالله عبدالاله"):
        assert len({word.families for word in text_words(others)}) == 2


def test_countries_are_shown_by_name() -> None:
    assert shown_name("@SY") == "سوريا"
    assert shown_name("@ماكرون") == "ماكرون"


def test_a_text_in_latin_letters_has_the_arabic_names_of_capitalised_words_only() -> None:
    words = {word.forms[0]: word.families for word in text_words("Emmanuel Macron visits macron")}
    assert FOREIGN + "@ماكرون" in words["macron"]
    assert all(not family.startswith(FOREIGN) for family in words["visits"])
