"""Measure what becomes of the text of real articles: no body loses text, and no ordinary page is split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.clean.layout.lines import Rule
from agents.clean.page import Limits, read_page
from benchmarks.cleaning.corpus import letters
from streams.errors import Rejected
from streams.records import RawArticle

# Text that never was body: boilerplate, and lines that belong outside the body by definition.
NOT_BODY = {
    Rule.WIDGET,
    Rule.CODE,
    Rule.TAGS,
    Rule.SELF_LINK,
    Rule.BYLINE,
    Rule.TITLE_ECHO,
    Rule.DATE_LINE,
    Rule.SOURCE_LINE,
    Rule.END_MARK,
    Rule.COLOPHON,
}


@dataclass(slots=True)
class Kept:
    """Counts over all pages.

    Attributes:
        pages: pages with an article.
        rejected: pages without one, by reason.
        split: URLs of pages that were split.
        poorer: (URL, share of the body's letters that are not in the body) if more than 1%.
        unrecorded: URLs of pages with letters that are neither in the body nor in a recorded removal.
        removals: removals by rule.
    """

    pages: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    split: list[str] = field(default_factory=list)
    poorer: list[tuple[str, float]] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    removals: Counter[str] = field(default_factory=Counter)


def measure(pages: Iterable[RawArticle]) -> Kept:
    """Clean every page and compare its letters before and after."""
    kept = Kept()
    for raw in pages:
        try:
            articles = read_page(raw, Limits()).articles
        except Rejected as rejected:
            kept.rejected[rejected.reason] += 1
            continue
        kept.pages += 1
        if len(articles) > 1:
            kept.split.append(raw.url)
        removals = [removal for parts in articles for removal in parts.removed]
        kept.removals.update(removal.reason.value for removal in removals)
        body = letters("\n".join(paragraph for parts in articles for paragraph in parts.body))
        boilerplate = letters("\n".join(removal.text for removal in removals if removal.reason in NOT_BODY))
        others = letters("\n".join(removal.text for removal in removals if removal.reason not in NOT_BODY))
        wanted = letters(raw.content) - boilerplate
        missing = (wanted - body).total()
        if missing > 0.01 * wanted.total():
            kept.poorer.append((raw.url, missing / wanted.total()))
        if wanted - body - others:
            kept.unrecorded.append(raw.url)
    return kept
