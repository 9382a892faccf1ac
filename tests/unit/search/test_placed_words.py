"""Finding words by their places finds what reading all of them finds."""

from __future__ import annotations

import pytest

from streams.search.placed_words import PlacedWords
from streams.search.request import Filters
from streams.search.wanted import WantedPhrase
from streams.words.terms import text_words

TEXT = "افتتح وزير الثقافة معرض الكتاب في بيروت، وبيروت تستضيف المعرض وزير بعد وزير الثقافة والكتاب معرض الكتاب"


def phrases(q: str) -> list[WantedPhrase]:
    found = [one for choice in Filters.model_validate({"q": q}).wanted().required for one in choice]
    return [one for one in found if isinstance(one, WantedPhrase)]


@pytest.mark.parametrize(
    "q",
    ['"وزير الثقافة"', '"معرض الكتاب"', '"بيروت"', '"وزير بعد وزير"', '"الكتاب في بيروت"', '"كتاب القراءة"', '"وزير"'],
)
def test_a_phrase_begins_at_the_same_words(q: str) -> None:
    words = PlacedWords(text_words(TEXT))
    (phrase,) = phrases(q)
    assert list(words.starts(phrase)) == [n for n in range(len(words)) if phrase.starts_at(words, n)]


def test_families_and_printed_forms_name_the_same_words() -> None:
    words = PlacedWords(text_words(TEXT))
    families = {family for word in words[:4] for family in word.families}
    assert words.having(families, ()) == {
        number for number, word in enumerate(words) if not families.isdisjoint(word.families)
    }
    assert words.having((), {"في", "وبيروت"}) == {
        number for number, word in enumerate(words) if word.forms[0] in {"في", "وبيروت"}
    }
