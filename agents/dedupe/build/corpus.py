"""Read days of SaudiNewsNet (one zip of one JSON array for each day) as the dedupe stage gets them: cleaned."""

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
    """Read and clean all days of a folder.

    Articles without a body are left out, and each URL appears once. `ingested_at` spreads a day's articles evenly over
    the day in the order of the file, because the dumps do not say when each arrived.

    Returns:
        Day (ISO 8601) to its articles, days ascending.

    Raises:
        OSError, zipfile.BadZipFile, ValueError: a file cannot be read.
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
    """Return a stable id of 32 hex digits, the length of the pipeline's own ids."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def _article(item: dict[str, str], ingested_at: datetime) -> Article | None:
    """Return the article of a page, or the longest of several; None for a page without text."""
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
