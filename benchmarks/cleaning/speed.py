"""Measure the speed of the stage and its parts, in CPU time of one core, best of three."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from agents.clean.dates.mentions import find_dates
from agents.clean.page import Limits, clean_page
from agents.text.display import display_text
from agents.text.search import search_text
from streams.errors import Rejected
from streams.records import RawArticle

_NOW = datetime(2024, 3, 5, tzinfo=UTC)
_ROUNDS = 3


def _seconds(function: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


def _clean_all(pages: Iterable[RawArticle]) -> None:
    for raw in pages:
        try:
            clean_page(raw, ingested_at=_NOW, limits=Limits())
        except Rejected:
            continue


def as_html(raw: RawArticle) -> RawArticle:
    """Put the article on a page with menus, other stories, scripts and a footer: 25 KB besides its own text."""
    paragraphs = "".join(f"<p>{line}</p>" for line in raw.content.split("\n") if line.strip())
    menu = "".join(f'<li><a href="/{n}">قسم رقم {n}</a></li>' for n in range(20))
    cards = "".join(
        f'<div class="card"><a href="/m/{n}"><img src="/{n}.jpg"><h3>قصة أخرى رقم {n} من أخبار المدينة</h3></a></div>'
        for n in range(40)
    )
    script = "var a=1;" * 1500
    html = (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{raw.title}</title><script>{script}</script></head>'
        f"<body><nav><ul>{menu}</ul></nav><article><h1>{raw.title}</h1>{paragraphs}</article><aside>{cards}</aside>"
        "<footer><p>جميع الحقوق محفوظة</p></footer></body></html>"
    )
    return raw.model_copy(update={"content": html, "content_type": "text/html"})


def measure(articles: Sequence[RawArticle]) -> dict[str, float]:
    """Return figures by name: text functions in MB of UTF-8 per second, the stage in pages per second."""
    texts = [raw.content for raw in articles]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    pages = [as_html(raw) for raw in articles[: len(articles) // 4]]
    _clean_all([articles[0], pages[0]])
    return {
        "display_text, MB/s": megabytes / _seconds(lambda: [display_text(text) for text in texts]),
        "search_text, MB/s": megabytes / _seconds(lambda: [search_text(text) for text in texts]),
        "find_dates, MB/s": megabytes / _seconds(lambda: [find_dates(text, _NOW) for text in texts]),
        "plain pages/s": len(articles) / _seconds(lambda: _clean_all(articles)),
        "HTML pages/s": len(pages) / _seconds(lambda: _clean_all(pages)),
    }
