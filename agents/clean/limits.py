"""What one page may hold at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these a page is rejected whole.

    Attributes:
        max_content_bytes: size of the page, bytes (of its UTF-8 when it came as text).
        max_paragraphs: paragraphs of one article.
        max_articles: articles on one page.
    """

    max_content_bytes: int = 5 * 1024 * 1024
    max_paragraphs: int = 2000
    max_articles: int = 200
