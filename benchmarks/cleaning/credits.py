"""Measure how often bylines and datelines are found by outlet, and sample them for judging by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents.clean.credits.parse import Credit
from agents.clean.page import Limits, read_page
from streams.errors import Rejected
from streams.records import RawArticle


@dataclass(slots=True)
class Found:
    """Counts of one outlet: pages, and those with a byline or dateline."""

    pages: int = 0
    bylines: int = 0
    datelines: int = 0


def measure(articles: Sequence[RawArticle]) -> dict[str, Found]:
    """Count bylines and datelines by outlet."""
    counts: dict[str, Found] = defaultdict(Found)
    for raw in articles:
        try:
            parts = read_page(raw, Limits()).articles[0]
        except Rejected:
            continue
        found = counts[raw.source]
        found.pages += 1
        found.bylines += parts.credit.byline is not None
        found.datelines += parts.credit.dateline is not None
    return dict(counts)


def sample(articles: Sequence[RawArticle], size: int, seed: int) -> list[str]:
    """Sample lines for judging by hand: the author field, the first words of the page, and the result."""
    rng = random.Random(seed)
    lines: list[str] = []
    for raw in rng.sample(articles, len(articles)):
        if len(lines) == size:
            break
        try:
            parts = read_page(raw, Limits()).articles[0]
        except Rejected:
            continue
        credit = parts.credit
        if credit == Credit():
            continue
        lines.append(
            f"{raw.source} | {(raw.author or '').strip()[:60]} | {' '.join(raw.content.split())[:60]}"
            f" => {credit.byline or '-'} | {credit.dateline or '-'} | {', '.join(credit.agencies) or '-'}"
        )
    return lines
