"""What is proposed for a misspelt word, and how it is ordered. What an index proposes is tested in tests/pipeline."""

from __future__ import annotations

import math
from typing import Any

import pytest

from streams.search import suggest
from streams.search.request import SearchRequest
from streams.search.suggest import (
    Correction,
    Proposal,
    build_proposals,
    corrections,
    read_printed,
    read_proposals,
    slip_weight,
    typed_words,
)
from streams.words.terms import Word, query_words


def _words(q: str) -> list[str]:
    return [q[word.start : word.end] for word in typed_words(SearchRequest(q=q))]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("القدافي ليبيا", ["القدافي", "ليبيا"]),
        ('"القدافي ليبيا" أو title:طرابلص', ["القدافي", "ليبيا", "طرابلص"]),
        ("في من زلزال", ["زلزال"]),
        ("زلزال -رياضة =أحمد وزا* source:almina 2024 كوفيد19", ["زلزال", "كوفيد"]),
        ("قط", []),
        (f"{'ا' * 41} {'ب' * 40}", ["ب" * 40]),
        ("زلزال ﷺ", ["زلزال"]),
    ],
)
def test_words_that_may_be_misspelt(q: str, expected: list[str]) -> None:
    assert _words(q) == expected


@pytest.mark.parametrize(
    ("typed", "likelier", "than"),
    [
        ("القدافي", "القذافي", "القصافي"),
        ("الثلوح", "الثلوج", "الثلوث"),
        ("الجنايايت", "الجنايات", "الجناياتت"),
        ("رئسي", "رئيس", "رئمي"),
        ("مظاهره", "مظاهرات", "بظاهره"),
        ("محممد", "محمد", "محمود"),
    ],
)
def test_common_slips_are_likelier_than_others(typed: str, likelier: str, than: str) -> None:
    assert slip_weight(typed, likelier) > slip_weight(typed, than)


def test_clitics_and_article_are_kept_and_words_are_asked_for_without_them() -> None:
    request = SearchRequest(q="بالقدافي")
    words = typed_words(request)
    asked = build_proposals(request, words, [0])["suggest"]
    texts = [entry["text"] for entry in asked.values()]
    assert "بالقدافي" in texts
    assert "قدافي" in texts
    way = next(key for key, entry in asked.items() if entry["text"] == "قدافي")
    answer = {"suggest": {way: [{"options": [{"text": "قذافي", "freq": 50}, {"text": "~قذافي", "freq": 9}]}]}}
    (only,) = read_proposals(request, words, [0], answer)
    assert only.forms == ("بالقذافي",)
    assert only.score == pytest.approx(math.log(50) + slip_weight("قدافي", "قذافي"))


def test_a_proposal_must_be_far_more_frequent_than_the_word() -> None:
    request = SearchRequest(q="كوربين")
    answer = {"suggest": {"0 0": [{"options": [{"text": "كوربان", "freq": 60}]}]}}
    assert read_proposals(request, typed_words(request), [6], answer) == []
    assert len(read_proposals(request, typed_words(request), [5], answer)) == 1


def test_words_that_were_typed_as_one_are_parted_and_parted_ones_joined() -> None:
    request = SearchRequest(q="وزارةالداخلية انتخا بات")
    words = typed_words(request)
    body = build_proposals(request, words, [0, 1, 2])
    filters = body["aggs"]["counted"]["filters"]["filters"]
    parted = next(
        key
        for key, one in filters.items()
        if one.get("match_phrase", {}).get("forms.body", {}).get("query") == "وزاره|~وزاره الداخليه"
    )
    joined = next(key for key, one in filters.items() if one == {"term": {"forms.body": "انتخابات"}})
    buckets = {parted: {"doc_count": 7}, joined: {"doc_count": 5}}
    found = read_proposals(request, words, [0, 0, 0], {"aggregations": {"counted": {"buckets": buckets}}})
    assert [(one.word, one.last, one.forms) for one in found] == [(0, 0, ("وزاره", "الداخليه")), (1, 2, ("انتخابات",))]
    (together, *_) = corrections(found)
    spelling = {"وزاره": "وزارة", "الداخليه": "الداخلية"}
    assert together.text(request.q, words, spelling) == "وزارة الداخلية انتخابات"


def test_signs_and_other_words_of_the_query_stay() -> None:
    q = 'title:"الثلوح في" -مطر +لبنان'
    words = typed_words(SearchRequest(q=q))
    corrected = Correction((Proposal(0, 0, ("الثلوج",), 1.0),)).text(q, words, {})
    assert corrected == 'title:"الثلوج في" -مطر +لبنان'


def test_the_spelling_is_that_of_an_article() -> None:
    def bucket(body: str) -> dict[str, Any]:
        return {"doc_count": 1, "example": {"hits": {"hits": [{"_source": {"body": body}}]}}}

    buckets = {"سءال": bucket("طرح سُؤالًا ثم سؤالٌ آخر وسؤال"), "الداخليه": bucket("بالداخلية"), "غاءب": bucket("لا شيء")}
    found = read_printed({"aggregations": {"counted": {"buckets": buckets}}})
    assert found == {"سءال": "سؤال", "الداخليه": "الداخلية"}


def test_an_article_is_read_up_to_the_first_occurrence_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def spy(text: str) -> list[Word]:
        read.append(text)
        return query_words(text)

    monkeypatch.setattr(suggest, "query_words", spy)
    hits = {"hits": {"hits": [{"_source": {"body": "مقدمة\nطرح سؤالٌ\nخاتمة طويلة"}}]}}
    buckets = {"سءال": {"doc_count": 1, "example": hits}}
    assert read_printed({"aggregations": {"counted": {"buckets": buckets}}})
    assert read == ["مقدمة", "طرح سؤالٌ"]
