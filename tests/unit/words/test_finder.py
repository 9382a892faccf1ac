"""Matches of words are found without reading all words of a text, and are those that reading all of them finds."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.records import Article
from streams.search.highlight import READ, highlight
from streams.search.request import Filters
from streams.words.finder import WordFinder
from streams.words.index import article_words
from streams.words.terms import text_words
from tests.support.articles import article

# What depends on the words beside it: names and months of two words, words that are joined, stop words that are names.
TRICKY = (
    "عبد", "الله", "عبدالله", "أبو", "ظبي", "أبوظبي", "وأبو", "حزب", "وحزب", "نيو", "يورك", "نيويورك", "كانون",
    "الثاني", "يناير", "تشرين", "الأول", "علي", "على", "حسن", "المصري", "مصر", "مصري", "السودان", "سوداني",
    "Hezbollah", "Macron", "macron", "ماكرون", "Trump", "لـ450", "450", "١٬٢٠٠", "ﷺ", "أ.ف.ب", "أ ف ب", "#حزب_الله",
    "@rasd", "كوفيد-19", "في", "من", "وزير", "الوزراء", "والوزيرة", "المدرسة", "مدارس", "،", ".", "\n", "ـ", "日本",
)  # fmt: skip
WORDS = st.lists(st.sampled_from(TRICKY), min_size=1, max_size=60).map(" ".join)
FEW = st.lists(st.sampled_from(TRICKY), min_size=1, max_size=4).map(" ".join)
OPERANDS = st.one_of(
    FEW,
    FEW.map("«{}»".format),
    st.sampled_from(TRICKY).map("={}".format),
    st.sampled_from(TRICKY).map(lambda word: f"{word[:3]}*"),
    FEW.map("title:«{}»".format),
    st.sampled_from(TRICKY).map("body:{}".format),
)


def _read_whole(one: Article, filters: Filters) -> object:
    wanted = filters.wanted()
    words = article_words(one.model_dump(mode="python", include=READ)) if wanted.searches else {}
    return highlight(one, wanted, words)


@given(WORDS, WORDS, st.lists(OPERANDS, min_size=1, max_size=3).map(" ".join), st.integers(0, 60))
def test_the_marks_are_those_of_the_text_read_whole(body: str, title: str, q: str, start: int) -> None:
    end = min(len(body), start + 12)
    named = [{"text": body[start:end], "type": "PER", "start": start, "end": end, "score": 1, "name": "n"}]
    one = article(title=title, body=body, entities=named if start < end else [])
    try:
        filters = Filters(q=q.replace("@", "").replace("#", ""))
    except ValidationError:  # a beginning of one letter
        assume(False)
    assert highlight(one, filters.wanted()) == _read_whole(one, filters)


@pytest.mark.parametrize(
    ("text", "q", "marked"),
    [
        ("زار وفد نيو يورك ثم نيويورك", "نيويورك", ["يورك", "نيويورك"]),
        ("في كانون الثاني وفي يناير", "يناير", ["الثاني", "يناير"]),
        ("قال عبد الله إن عبدالله", "عبدالله", ["عبد الله", "عبدالله"]),
        ("قال حزب الله إن الحزب", "Hezbollah", ["الله"]),
        ("President Macron met ماكرون", "ماكرون", ["Macron", "ماكرون"]),
        ("Macron" + " word" * 20 + " and macron", "ماكرون", ["Macron", "macron"]),
    ],
)
def test_words_that_depend_on_their_neighbours_are_found(text: str, q: str, marked: list[str]) -> None:
    wanted = Filters(q=q).wanted()
    families = frozenset(family for word in wanted.words for family in word.families)
    found = WordFinder(families, frozenset()).find(text)
    assert [text[start:end] for start, end in found] == marked


@pytest.mark.parametrize(
    ("q", "marked"),
    [
        ("«حزب الله»", ["حزب الله"]),
        ("«مجلس الأمن»", ["بمجلس الأمن", "مجلس الأمن"]),
        ("«عبد الله حسن»", ["عبد الله حسن", "عبدالله حسن"]),
        ("=أحمد", ["أحمد"]),
        ("السودا*", ["السوداني", "السودان"]),
    ],
)
def test_phrases_and_beginnings_are_found_among_many_words(q: str, marked: list[str]) -> None:
    between = " كلمة" * 40 + " "
    texts = (
        "قال حزب الله",
        "بمجلس الأمن",
        "في مجلس الأمن",
        "عبد الله حسن",
        "عبدالله حسن",
        "أحمد واحمد",
        "السوداني في السودان",
    )
    one, filters = article(body=between.join(texts)), Filters(q=q)
    shown = highlight(one, filters.wanted())
    assert shown == _read_whole(one, filters)
    assert {piece.text[start:end] for piece in shown.body for start, end in piece.marks} == set(marked)


def test_a_long_list_of_names_in_latin_letters_is_read_as_the_index_reads_it() -> None:
    # Of these, the index looks up the first hundred only.
    text = " ".join(f"Name{letter}{other}" for letter in "abcdefghijk" for other in "abcdefghijk") + " Macron"
    wanted = Filters(q="ماكرون").wanted()
    families = frozenset(family for word in wanted.words for family in word.families)
    read = [(word.start, word.end) for word in text_words(text) if not families.isdisjoint(word.families)]
    assert WordFinder(families, frozenset()).find(text) == read
