"""Explains why an article matches a search or does not, in the words that it prints. Pure.

It uses the live matcher, which equals the index term for term, so it needs no server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from streams.records import Article
from streams.search.cross_script import across_scripts
from streams.search.highlight import READ, occurrences
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from streams.search.source_scope import SourceScope
from streams.search.syntax import Operand, ParsedQuery
from streams.search.wanted import (
    Wanted,
    WantedFilter,
    WantedWord,
    WantedWords,
    has_families,
    wanted_operand,
)
from streams.words.index import article_words
from streams.words.terms import Word, query_words

MOST_FORMS = 20
Role = Literal["word", "required", "excluded"]
# Fields of `Filters` that select nothing by themselves.
_HELPERS = frozenset({"cross_script", "q", "zone", "radius"})


class Form(BaseModel):
    """A form in which an article prints something."""

    field: str = Field(description="The text of the article: title, subtitle, body or captions.")
    printed: str = Field(description="As printed there.")
    count: int = Field(description="How often.")


class Part(BaseModel):
    """One part of the text query."""

    part: str = Field(description="As typed.")
    role: Role = Field(description="`word`: some of these may be missing; `required`; `excluded`.")
    group: int | None = Field(None, description="Required parts with the same number are alternatives; one is enough.")
    occurs: bool = Field(description="Whether the article has it.")
    forms: list[Form] = Field(description="The forms that match.")
    other_forms: list[Form] = Field(
        default_factory=list, description="If it does not occur: forms of the same words, which are not exact enough."
    )


class FilterResult(BaseModel):
    """One filter."""

    name: str
    passes: bool = Field(description="Whether the article passes it.")


class Explanation(BaseModel):
    """Why an article matches a search, or does not."""

    matches: bool = Field(description="Whether the article matches the search.")
    words_needed: int = Field(description="How many of the parts with the role `word` an article must have.")
    words_found: int = Field(description="How many of them it has.")
    relaxed: bool = Field(description="Whether fewer words are needed because no article has enough.")
    parts: list[Part] = Field(description="All parts of the text query.")
    filters: list[FilterResult] = Field(description="All filters that are set.")
    reasons: list[str] = Field(description="Why it does not match, as sentences; empty if it does.")


def explain(article: Article, filters: Filters, scope: SourceScope | None = None) -> Explanation:
    """Explain whether an article matches a search.

    Args:
        article: the article.
        filters: the search, relaxed if searches are.
        scope: for collections of sources.
    """
    text = ArticleText(article)
    words = article_words(article.model_dump(mode="python", include=READ))
    matcher = LiveMatcher(filters, scope)
    parts = list(_parts(filters.parsed(), article, words, matcher, text))
    passed = [
        FilterResult(name=name, passes=LiveMatcher(one, scope).matches(text)) for name, one in _single_filters(filters)
    ]
    wanted = matcher.wanted
    found = sum(part.occurs for part in parts if part.role == "word")
    return Explanation(
        matches=matcher.matches(text),
        words_needed=wanted.needed if wanted.words else 0,
        words_found=found,
        relaxed=filters.relaxed,
        parts=parts,
        filters=passed,
        reasons=list(_reasons(parts, passed, wanted.needed if wanted.words else 0, found)),
    )


def _parts(
    parsed: ParsedQuery,
    article: Article,
    words: Mapping[str, Sequence[Word]],
    matcher: LiveMatcher,
    text: ArticleText,
) -> Iterator[Part]:
    texts = {"title": article.title, "subtitle": article.subtitle, "body": article.body}
    texts["captions"] = "\n".join(caption.text for caption in article.captions if caption.text)

    def forms(one: Wanted) -> list[Form]:
        counted = Counter(
            (name, (texts[name] or "")[start:end])
            for name, found in words.items()
            for start, end in occurrences(one, found, name)
        )
        return [Form(field=name, printed=printed, count=count) for (name, printed), count in counted.most_common()][
            :MOST_FORMS
        ]

    def part(typed: str, role: Role, one: Wanted, group: int | None = None) -> Part:
        occurs = matcher.excludes(one, text) if role == "excluded" else matcher.occurs(one, text)
        others = [] if occurs or isinstance(one, WantedFilter) else forms(_any_form(typed))
        return Part(
            part=typed, role=role, group=group, occurs=occurs, forms=forms(one) if occurs else [], other_forms=others
        )

    cross_script = matcher.filters.cross_script
    for typed, word in _plain_words(parsed.words, cross_script=cross_script):
        yield part(typed, "word", WantedWords((word,)))
    for group, choice in enumerate(parsed.required, start=1):
        for operand in choice:
            if (one := wanted_operand(operand, cross_script=cross_script)) is not None:
                yield part(shown(operand), "required", one, group)
    for operand in parsed.excluded:
        one = wanted_operand(operand, cross_script=cross_script)
        if one is not None and (not operand.plain or has_families(operand.text)):
            yield part(shown(operand), "excluded", one)


def _plain_words(texts: Sequence[str], *, cross_script: bool) -> Iterator[tuple[str, WantedWord]]:
    """Yield the plain words as typed, each once, as `wanted_text` counts them."""
    read = [(text[word.start : word.end], word) for text in texts for word in query_words(text)]
    if cross_script:
        left = across_scripts([word for _, word in read])
        # Parts of names (al, bin) are left out.
        kept = iter(read)
        read = [(next(typed for typed, old in kept if old.forms == word.forms), word) for word in left]
    chosen = [pair for pair in read if pair[1].families] or read
    seen: set[WantedWord] = set()
    for typed, word in chosen:
        wanted = WantedWord(word.forms[0], word.families)
        if wanted not in seen:
            seen.add(wanted)
            yield typed, wanted


def _any_form(typed: str) -> WantedWords:
    """Return the words of a part in any form, in any text."""
    return WantedWords(tuple(WantedWord(word.forms[0], word.families) for word in query_words(typed)))


def shown(operand: Operand) -> str:
    """Return an operand as it is typed, with its signs."""
    text = f'"{operand.text}"' if operand.phrase else operand.text
    field = f"{operand.field}:" if operand.field else ""
    return f"{field}{'=' * operand.exact}{text}{'*' * operand.prefix}"


def _single_filters(filters: Filters) -> Iterator[tuple[str, Filters]]:
    """Yield each filter that is set, alone."""
    default = Filters()
    for name, field in Filters.model_fields.items():
        value = getattr(filters, name)
        if name not in _HELPERS and value != getattr(default, name):
            extra = {"radius": filters.radius} if name == "near" else {}
            yield field.alias or name, Filters.model_validate({field.alias or name: value, **extra})


def _reasons(parts: Sequence[Part], filters: Sequence[FilterResult], needed: int, found: int) -> Iterator[str]:
    if found < needed:
        missing = "، ".join(part.part for part in parts if part.role == "word" and not part.occurs)
        yield f"it has {found} of the {needed} words needed; missing: {missing}"
    for group in sorted({part.group for part in parts if part.group is not None}):
        choice = [part for part in parts if part.group == group]
        if not any(part.occurs for part in choice):
            yield f"it does not have {' or '.join(part.part for part in choice)}"
    for part in parts:
        if part.role == "excluded" and part.occurs:
            yield f"it has {part.part}, which is excluded"
    for one in filters:
        if not one.passes:
            yield f"it does not pass the filter {one.name}"
