"""Extract articles with other libraries, to compare them on the same pages.

They are no dependency of Rasd: `pip install --group bench` installs them; one that is missing is left out.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from benchmarks.cleaning.pages import Extract, Story


def available() -> Iterator[tuple[str, Extract]]:
    """Yield the name and the extractor of each library that is installed."""
    logging.disable(logging.CRITICAL)
    for name, module, extract in (
        ("trafilatura", "trafilatura", _trafilatura),
        ("newspaper4k", "newspaper", _newspaper),
        ("readability-lxml", "readability", _readability),
        ("news-please", "newsplease", _news_please),
    ):
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        yield name, _bound(extract, library)


def _bound(extract: Callable[[Any, str, str], Story], library: object) -> Extract:
    def one(html: str, url: str) -> Sequence[Story]:
        # A library that fails on a page found no article there.
        try:
            return [extract(library, html, url)]
        except ImportError:
            raise  # it lacks a part, which says nothing of the page
        except Exception:
            return []

    return one


def _trafilatura(library: Any, html: str, url: str) -> Story:
    found = library.bare_extraction(html, url=url, with_metadata=True, include_comments=False, favor_precision=True)
    told = found.as_dict() if hasattr(found, "as_dict") else found
    return _story(told["text"], told.get("title"), told.get("author"), told.get("date"))


def _newspaper(library: Any, html: str, url: str) -> Story:
    article = library.Article(url, language="ar")
    article.download(input_html=html)
    article.parse()
    time = article.publish_date
    return _story(article.text, article.title, "، ".join(article.authors), time.isoformat() if time else None)


def _readability(library: Any, html: str, url: str) -> Story:
    document = library.Document(html, url=url)
    tree = LexborHTMLParser(document.summary())
    blocks = [node.text(strip=True) for node in tree.css("p, li, h2, h3, h4, td, pre, blockquote")]
    text = "\n".join(blocks) if blocks else tree.text(separator="\n")
    return _story(text, document.short_title(), document.author(), None)


def _news_please(library: Any, html: str, url: str) -> Story:
    found = library.NewsPlease.from_html(html, url=url, fetch_images=False)
    time = found.date_publish
    return _story(found.maintext, found.title, "، ".join(found.authors or ()), time.isoformat() if time else None)


def _story(text: str | None, title: str | None, author: str | None, time: str | None) -> Story:
    lines = [" ".join(line.split()) for line in (text or "").split("\n")]
    return {"title": title, "byline": author or None, "published_at": time, "body": [line for line in lines if line]}
