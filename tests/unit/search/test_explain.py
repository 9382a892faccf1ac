"""Why an article matches, in the words that it prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from streams.cli.explain import print_explanation
from streams.search.explain import Explanation, explain
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from tests.support.articles import article

ARTICLE = article(
    title="وزير الداخلية في صنعاء",
    body="زار الوزير صنعاء، وقالت وزارته إن أحمد غادر. وأحمد وزراء سابقون، كما قال احمد.",
    captions=[{"text": "الوزير في المطار"}],
    source="almina",
)


def _of(q: str, **filters: object) -> Explanation:
    return explain(ARTICLE, Filters.model_validate({"q": q, **filters}))


def test_words_are_told_with_the_forms_that_match_and_their_field() -> None:
    found = _of("وزراء صنعاء")
    assert (found.matches, found.words_needed, found.words_found, found.reasons) == (True, 2, 2, [])
    ministers = found.parts[0]
    assert (ministers.part, ministers.role, ministers.occurs) == ("وزراء", "word", True)
    assert {(form.field, form.printed, form.count) for form in ministers.forms} == {
        ("title", "وزير", 1),
        ("body", "الوزير", 1),
        ("body", "وزراء", 1),
        ("captions", "الوزير", 1),
    }


def test_an_exact_word_that_does_not_occur_is_told_with_the_forms_that_do() -> None:
    found = _of("=وأحمد =الرحمن")
    assert [(part.part, part.occurs) for part in found.parts] == [("=وأحمد", True), ("=الرحمن", False)]
    assert found.reasons == ["it does not have =الرحمن"]
    (name,) = _of("=الوزراء").parts
    assert ("body", "الوزير") in {(form.field, form.printed) for form in name.other_forms}
    assert not name.forms


def test_every_reason_against_an_article_is_told() -> None:
    found = _of(
        'باريس صنعاء +لندن (عدن أو "مجلس الأمن") -وزير title:مطار',
        source=["alufuq"], language=["ar"], **{"from": "2030-01-01"},
    )  # fmt: skip
    assert not found.matches
    assert found.reasons == [
        "it has 1 of the 2 words needed; missing: باريس",
        "it does not have لندن",
        'it does not have عدن or "مجلس الأمن"',
        "it does not have title:مطار",
        "it has وزير, which is excluded",
        "it does not pass the filter source",
        "it does not pass the filter from",
    ]
    assert {one.name: one.passes for one in found.filters} == {"source": False, "language": True, "from": False}


def test_a_relaxed_search_needs_fewer_words() -> None:
    filters = Filters(q="صنعاء باريس لندن")
    assert not explain(ARTICLE, filters).matches
    relaxed = filters.relax()
    assert relaxed is not None
    found = explain(ARTICLE, relaxed)
    assert (found.matches, found.relaxed, found.words_needed, found.words_found) == (True, True, 1, 1)


WORDS = [
    "وزير",
    "=وزير",
    '"وزير"',
    "وزا*",
    "title:صنعاء",
    "-احمد",
    "=أحمد",
    "source:almina",
    "-source:x",
    "في",
    "باريس",
]


@given(st.lists(st.sampled_from([*WORDS, "أو", "و"]), max_size=6))
def test_an_article_matches_exactly_if_there_is_no_reason_against_it(parts: list[str]) -> None:
    filters = Filters(q=" ".join(parts))
    found = explain(ARTICLE, filters)
    assert found.matches == (not found.reasons) == LiveMatcher(filters).matches(ArticleText(ARTICLE))


def test_it_is_printed_one_line_for_each_part(capsys: pytest.CaptureFixture[str]) -> None:
    print_explanation(_of("وزير =الوزراء source:x", country=["EG"]), ("a note",), Console(width=200))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "the article does not match"
    assert "  because it does not have =الوزراء" in lines
    assert any(line.startswith("وزير (word): occurs in ") and "body: الوزير" in line for line in lines)
    assert any(line.startswith("  in other forms in ") for line in lines)
    assert lines[-2:] == ["filter country: does not pass", "note: a note"]
