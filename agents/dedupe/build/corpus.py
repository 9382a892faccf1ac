"""Articles of saudinewsnet (one zip of one JSON array a day) as the dedupe stage gets them: cleaned."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from agents.clean.page import Limits, clean_page
from streams.errors import Rejected
from streams.records import Article, RawArticle


def read_days(folder: Path) -> dict[str, list[Article]]:
    """The articles of each day that have a body, each URL once, days ascending.

    `ingested_at` spreads a day's articles evenly over it in the order of the file: the dumps do not say when each came.
    """
    seen: set[str] = set()
    days: dict[str, list[Article]] = {}
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            raw = [a for name in archive.namelist() for a in json.loads(archive.read(name).decode("utf-8-sig"))]
        start = datetime.fromisoformat(path.stem).replace(tzinfo=UTC)
        day: list[Article] = []
        for number, item in enumerate(raw):
            article = _article(item, start + timedelta(days=number / len(raw)))
            if article is not None and item["url"] not in seen:
                seen.add(item["url"])
                day.append(article)
        days[path.stem] = day
    return days


def article_id(url: str) -> str:
    """A short stable id, of the length of the pipeline's own."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def _article(item: dict[str, str], ingested_at: datetime) -> Article | None:
    """The article of a page, the longest where it holds several; None for a page without text."""
    raw = RawArticle(
        id=article_id(item["url"]),
        url="".join(quote(c) if c.isspace() else c for c in item["url"].strip()),
        source=item["source"],
        title=item["title"],
        content=item["content"],
        date_extracted=item["date_extracted"],
    )
    try:
        articles = clean_page(raw, ingested_at=ingested_at, limits=Limits())
    except Rejected:
        return None
    return max(articles, key=lambda article: len(article.body)).model_copy(update={"id": raw.id})
