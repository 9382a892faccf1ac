"""Measure what is made of whole HTML pages: composed pages in the habits of real systems, each with what is right.

`pages/NAME.html` is a page, `pages/NAME.json` its address and its articles. The texts are our own; the structures are
those of WordPress, Drupal, Blogger, AMP, ASP.NET, page builders, pages of scripts, old papers' tables and others.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.clean.page import Limits, clean_page
from agents.text.keys import match_key
from streams.errors import Rejected
from streams.records import RawArticle

FOLDER = Path(__file__).parent / "pages"
FIELDS = ("title", "subtitle", "byline", "published_at")
# The pages were composed in 2024's habits and are read as if they arrived at the end of 2026.
_NOW = datetime(2026, 11, 30, tzinfo=UTC)

Story = dict[str, Any]
Extract = Callable[[str, str], Sequence[Story]]


@dataclass(frozen=True, slots=True)
class Page:
    """One composed page.

    Attributes:
        name: of its files.
        html, url: the page and its address.
        articles: what is right: title, subtitle, byline, published_at (ISO 8601) and body (list of lines) of each.
    """

    name: str
    html: str
    url: str
    articles: list[Story]


@dataclass(slots=True)
class Score:
    """Scores of one extractor.

    Attributes:
        exact: pages of which all articles have exactly the right body.
        f1: F1 of the words of the bodies, one number for each article.
        right: for each field, how many articles have it right, of those that have it or for which it was made up.
        asked: for each field, how many articles these are.
        wrong: what is not right, for reading: page, field, what was found.
    """

    exact: int = 0
    f1: list[float] = field(default_factory=list)
    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str, object]] = field(default_factory=list)

    @property
    def body(self) -> float:
        """Mean F1 of the bodies."""
        return sum(self.f1) / len(self.f1)

    def share(self, name: str) -> float:
        """Return the share of articles of which a field is right."""
        return self.right[name] / self.asked[name]

    @property
    def metadata(self) -> float:
        """Share of right fields, all fields together."""
        return sum(self.right[name] for name in FIELDS) / sum(self.asked[name] for name in FIELDS)


def load(folder: Path = FOLDER) -> Iterator[Page]:
    """Yield the pages of a folder by name."""
    for path in sorted(folder.glob("*.html")):
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        yield Page(path.stem, path.read_text(encoding="utf-8"), told["url"], told["articles"])


def rasd(html: str, url: str) -> list[Story]:
    """Extract the articles of a page with the stage `clean`."""
    raw = RawArticle(url=url, source="page", content=html, content_type="text/html")
    try:
        found = clean_page(raw, ingested_at=_NOW, limits=Limits())
    except Rejected:
        return []
    return [
        {
            "title": article.title,
            "subtitle": article.subtitle,
            "byline": article.byline,
            "published_at": article.published_at.isoformat() if article.published_at else None,
            "body": article.body.split("\n"),
        }
        for article in found
    ]


def measure(extract: Extract, pages: Sequence[Page]) -> Score:
    """Score an extractor on pages.

    Args:
        extract: returns the articles of a page from its HTML and address; without `None` fields it is not asked for.
        pages: the pages.
    """
    score = Score()
    for page in pages:
        found = list(extract(page.html, page.url))
        right = len(found) == len(page.articles)
        for number, told in enumerate(page.articles):
            story = _counterpart(found, told, number)
            score.f1.append(_f1(_words(story.get("body") or []), _words(told["body"])))
            if list(story.get("body") or []) != told["body"]:
                right = False
                score.wrong.append((page.name, "body", story.get("body")))
            for name in FIELDS:
                _compare(score, page.name, name, told[name], story.get(name))
        score.exact += right
        if len(found) != len(page.articles):
            score.wrong.append((page.name, "articles", len(found)))
    return score


def _counterpart(found: Sequence[Story], told: Story, number: int) -> Story:
    same = [story for story in found if match_key(story.get("title") or "") == match_key(told["title"])]
    return same[0] if same else found[number] if number < len(found) else {}


def _compare(score: Score, page: str, name: str, told: str | None, found: str | None) -> None:
    if told is None and found is None:
        return
    score.asked[name] += 1
    if name == "published_at":
        one, two = _instant(told or ""), _instant(found or "")
        right = one is not None and one == two
        # Some libraries give only the day.
        score.asked["day"] += 1
        score.right["day"] += one is not None and two is not None and one.date() == two.date()
    else:
        right = match_key(told or "") == match_key(found or "")
    score.right[name] += right
    if not right:
        score.wrong.append((page, name, found))


def _instant(value: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _words(lines: Sequence[str]) -> Counter[str]:
    return Counter(match_key("\n".join(lines)).split())


def _f1(found: Counter[str], told: Counter[str]) -> float:
    common = (found & told).total()
    return 2 * common / (found.total() + told.total()) if found or told else 1.0
