"""Suggests corrections of a query that finds few articles, from the terms of the index. Pure.

The server proposes terms that differ from a word by one edit: a letter more, less, another, or two exchanged. Words
that were typed as one (وزارةالداخلية) or as two are proposed here. A proposal counts if the index has it far more often
than the word, and if the corrected query finds more articles. Proposals are ordered by how often the index has them
and by how easily the one is typed for the other.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, Field

from streams.search.query import build_query
from streams.search.request import SearchRequest
from streams.words.families import has_article
from streams.words.letters import MARKS, normalise_word
from streams.words.terms import PARTED, Word, query_words

Body = dict[str, Any]

# Articles up to which a query has few hits.
FEW = 3
MOST = 3
# Corrected queries that are tried, and terms that the server proposes for one word.
TRIED, PROPOSED = 8, 20
MOST_WORDS = 8
# Letters of a word that may be misspelt. Each place to part a longer one would be a query of its own.
SHORTEST, LONGEST = 3, 40
ARTICLE = "ال"
# How much more often than the word itself the index must have a proposal.
TIMES = 10
FORMS, FORMS_ANALYZER = "forms.body", "word_forms"

# Letters that are typed for each other: they differ by dots, sound alike in dialects, or are neighbours in the hand.
_ALIKE = (
    "ذد", "ذز", "ظض", "ظط", "تط", "سص", "ثس", "ثت", "حخ", "حج", "جخ", "غع", "كق", "ءا", "ءي", "ءو", "اع", "شس", "بن",
    "بت", "تن", "بي", "رز", "ضص", "ضد", "فق", "ءع", "هح", "جغ", "ون",
)  # fmt: skip
_CONFUSED = frozenset(pair for two in _ALIKE for pair in (two, two[::-1]))
# Rows of the Arabic keyboard.
_ROWS = ("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ءرليهوزظ")
_NEIGHBOURS = frozenset(pair for row in _ROWS for a, b in pairwise(row) for pair in (a + b, b + a))
# Logarithms of how much likelier a kind of slip is than an arbitrary other letter.
_WEIGHT_CONFUSED, _WEIGHT_NEIGHBOUR, _WEIGHT_EXCHANGED, _WEIGHT_DOUBLED, _WEIGHT_LONG_VOWEL, _WEIGHT_LETTER = (
    4.0, 2.0, 3.0, 3.0, 2.5, 1.5,
)  # fmt: skip
_WEIGHT_PARTED, _WEIGHT_JOINED, _FIRST_LETTER = 4.0, 4.0, -2.0
_MARKS_RE = re.compile(f"[{MARKS}]+")


class Suggestion(BaseModel):
    """A corrected query."""

    q: str = Field(description="The query with the correction, to search for instead.")
    total: int = Field(description="Number of articles that it finds with the same filters.")


@dataclass(frozen=True, slots=True)
class TypedWord:
    """A word of a query that may be misspelt.

    Attributes:
        start, end: code points of the query.
        form: normalised.
        families: what it is found by.
        parts: its clitics, as typed, and the rest; for each way to part it.
    """

    start: int
    end: int
    form: str
    families: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another spelling of one word.

    Attributes:
        word: number of the word.
        last: number of the last word that it replaces; two that become one.
        forms: normalised words to write instead.
        score: natural logarithm of how likely it was meant, but for a constant.
    """

    word: int
    last: int
    forms: tuple[str, ...]
    score: float


def typed_words(request: SearchRequest) -> list[TypedWord]:
    """Return the words of a query that may be misspelt: letters only, neither excluded nor exact, no stop words."""
    parsed = request.parsed()
    operands = [operand for choice in parsed.required for operand in choice]
    texts = [operand.text for operand in operands if not (operand.exact or operand.prefix or operand.filters)]
    searched = {word.forms[0] for text in (*parsed.words, *texts) for word in query_words(text)}
    typed = query_words(request.q)
    # A sign such as ﷺ reads as several words.
    words_at = Counter((word.start, word.end) for word in typed)
    found = [
        TypedWord(word.start, word.end, word.forms[0], word.families, tuple(_parts(word)))
        for word in typed
        if words_at[word.start, word.end] == 1
        and word.forms[0] in searched
        and word.families
        and word.forms[0].isalpha()
        and len(word.forms[0]) >= SHORTEST
        and max(word.end - word.start, len(word.forms[0])) <= LONGEST
    ]
    return found[:MOST_WORDS]


def _parts(word: Word) -> Iterator[tuple[str, str]]:
    form = word.forms[0]
    bases = [form, *(base[1:] for base in word.forms if base[0] == PARTED and form.endswith(base[1:]))]
    for base in dict.fromkeys(bases):
        yield form.removesuffix(base), base
        if has_article(base) and len(base) >= SHORTEST + len(ARTICLE):
            yield form.removesuffix(base) + ARTICLE, base.removeprefix(ARTICLE)


def build_known(words: Sequence[TypedWord]) -> Body:
    """Build the count of the articles that have each word."""
    return _counts({str(number): _has_word(word.families) for number, word in enumerate(words)})


def _has_word(families: Sequence[str]) -> Body:
    texts = ("body", "title")
    return {"bool": {"should": [{"terms": {f"families.{text}": list(families)}} for text in texts]}}


def _counts(filters: Mapping[str, Body]) -> Body:
    counted = {"counted": {"filters": {"filters": dict(filters)}}} if filters else {}
    return {"size": 0, "track_total_hits": False, "aggs": counted}


def build_totals(requests: Sequence[SearchRequest]) -> Body:
    """Build the count of the articles that each search finds."""
    return _counts({str(number): build_query(request) for number, request in enumerate(requests)})


def read_counts(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of a response to a body of this module, by key."""
    buckets = answer.get("aggregations", {}).get("counted", {}).get("buckets", {})
    return {key: bucket["doc_count"] for key, bucket in buckets.items()}


def build_proposals(request: SearchRequest, words: Sequence[TypedWord], rare: Sequence[int]) -> Body:
    """Build the question for terms like each rare word, and the count of articles that have it parted or joined."""
    asked: Body = {}
    for number in rare:
        for way, (_, rest) in enumerate(_asked(words[number])):
            term = {"field": FORMS, "analyzer": FORMS_ANALYZER, "suggest_mode": "always", "max_edits": 1}
            limits = {"prefix_length": 0, "min_word_length": SHORTEST, "size": PROPOSED, "max_inspections": 20}
            asked[f"{number} {way}"] = {"text": rest, "term": term | limits}
    parted = {
        f"{number} {at}": {"match_phrase": {FORMS: {"query": f"{first}|~{first} {second}", "analyzer": FORMS_ANALYZER}}}
        for number in rare
        for at, (first, second) in _splits(request.q, words[number])
    }
    joined = {f"{number} +": {"term": {FORMS: form}} for number, form in _joins(request.q, words, rare)}
    return _counts(parted | joined) | {"suggest": asked, "timeout": "2s"}


def _asked(word: TypedWord) -> list[tuple[str, str]]:
    """Return the parts of a word to ask for, and the word with the article: the index may have it in no other form."""
    own = [part for part in word.parts if len(part[1]) >= SHORTEST]
    arabic = "\u0620" <= word.form[0] <= "\u06ff"
    return [*own, ("-", ARTICLE + word.form)] if arabic and not has_article(word.form) else own


def _splits(q: str, word: TypedWord) -> Iterator[tuple[int, tuple[str, str]]]:
    typed = q[word.start : word.end]
    for at in range(2, len(typed) - 1):
        first, second = normalise_word(typed[:at]), normalise_word(typed[at:])
        if len(first) >= 2 and len(second) >= 2:
            yield at, (first, second)


def _joins(q: str, words: Sequence[TypedWord], rare: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield numbers of words that only a space parts from the next, and both as one."""
    for number, (word, following) in enumerate(pairwise(words)):
        if (number in rare or number + 1 in rare) and q[word.end : following.start].isspace():
            yield number, word.form + following.form


def read_proposals(
    request: SearchRequest, words: Sequence[TypedWord], known: Sequence[int], answer: Mapping[str, Any]
) -> list[Proposal]:
    """Return the proposals of a response to `build_proposals`, the likeliest first.

    Args:
        request: the search.
        words: its words.
        known: how many articles have each word.
        answer: the response.
    """
    best: dict[tuple[int, int, tuple[str, ...]], Proposal] = {}

    def add(word: int, last: int, forms: tuple[str, ...], score: float) -> None:
        key = (word, last, forms)
        if key not in best or best[key].score < score:
            best[key] = Proposal(word, last, forms, score)

    for key, entries in answer.get("suggest", {}).items():
        number, way = map(int, key.split())
        clitics, asked = _asked(words[number])[way]
        for option in (option for entry in entries for option in entry["options"]):
            term, count = option["text"], option["freq"]
            if not term.isalpha() or count <= TIMES * known[number]:
                continue
            if clitics == "-":
                if not term.startswith(ARTICLE):
                    continue
                form = term.removeprefix(ARTICLE)
            else:
                form = clitics + term
            add(number, number, (form,), math.log(count) + slip_weight(asked, term))
    counts = read_counts(answer)
    for number in range(len(words)):
        for at, pair in _splits(request.q, words[number]):
            if (count := counts.get(f"{number} {at}", 0)) > known[number]:
                add(number, number, pair, math.log(count) + _WEIGHT_PARTED)
    for number, form in _joins(request.q, words, range(len(words))):
        if (count := counts.get(f"{number} +", 0)) > min(known[number], known[number + 1]):
            add(number, number + 1, (form,), math.log(count) + _WEIGHT_JOINED)
    return sorted(best.values(), key=lambda proposal: -proposal.score)


def slip_weight(typed: str, meant: str) -> float:
    """Return how easily `meant` is typed as `typed`, which differs by one edit, as a logarithm."""
    at = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    first = _FIRST_LETTER if at == 0 else 0.0
    if len(typed) == len(meant):
        if typed[at : at + 2] == meant[at : at + 2][::-1] and typed[at + 2 :] == meant[at + 2 :]:
            return first + _WEIGHT_EXCHANGED
        pair = typed[at : at + 1] + meant[at : at + 1]
        if pair in _CONFUSED:
            return _WEIGHT_CONFUSED
        return first + (_WEIGHT_NEIGHBOUR if pair in _NEIGHBOURS else 0.0)
    longer, letter = (typed, typed[at]) if len(typed) > len(meant) else (meant, meant[at])
    if at and longer[at - 1] == letter:
        return _WEIGHT_DOUBLED
    return first + (_WEIGHT_LONG_VOWEL if letter in "اويء" else _WEIGHT_LETTER)


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected query, and the form by which the spelling of its new words is looked up."""

    proposals: tuple[Proposal, ...]

    def text(self, q: str, words: Sequence[TypedWord], spelling: Mapping[str, str]) -> str:
        """Return the query with the corrections.

        Args:
            q: as typed.
            words: its words.
            spelling: how forms are printed; those that are missing are written as they are.
        """
        for proposal in sorted(self.proposals, key=lambda proposal: -proposal.word):
            instead = " ".join(spelling.get(form, form) for form in proposal.forms)
            q = q[: words[proposal.word].start] + instead + q[words[proposal.last].end :]
        return q


def corrections(proposals: Sequence[Proposal]) -> list[Correction]:
    """Return the corrected queries to try: each proposal alone, and the best of each word together."""
    best = {proposal.word: proposal for proposal in reversed(proposals)}
    together = [Correction(tuple(best.values()))] if len(best) > 1 else []
    return (together + [Correction((proposal,)) for proposal in proposals])[:TRIED]


def new_forms(found: Sequence[Correction]) -> list[str]:
    """Return the forms that corrections bring, each once."""
    return list(dict.fromkeys(form for one in found for proposal in one.proposals for form in proposal.forms))


def build_printed(forms: Sequence[str]) -> Body:
    """Build the search for an article that has each form, to see how it is printed."""
    body = _counts({form: {"terms": {FORMS: [form, PARTED + form]}} for form in forms})
    example = {"top_hits": {"size": 1, "_source": ["body"]}}
    if forms:
        body["aggs"]["counted"]["aggs"] = {"example": example}
    return body


def read_printed(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return how the articles of a response to `build_printed` print each form, without vowel signs."""
    found = {}
    buckets = answer.get("aggregations", {}).get("counted", {}).get("buckets", {})
    for form, bucket in buckets.items():
        for hit in bucket["example"]["hits"]["hits"]:
            body = hit["_source"].get("body", "")
            printed = next(_printed(body, form), None)
            if printed is not None:
                found[form] = printed
    return found


def _printed(body: str, form: str) -> Iterator[str]:
    # Line by line, so that the lines after the first occurrence are not read.
    for line in body.splitlines():
        for word in query_words(line):
            text = _MARKS_RE.sub("", line[word.start : word.end])
            if word.forms[0] == form:
                yield text
            elif PARTED + form in word.forms and len(text) > len(form):
                yield text[-len(form) :]
