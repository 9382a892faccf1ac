"""Read what an HTML page says about its article: headline, author, time, captions, the outlet's name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.parse import MAX_CREDIT_CHARS
from agents.clean.dates.mentions import find_dates
from agents.clean.layout.lines import MAX_CAPTION_CHARS
from agents.text.display import display_text

# Elements that hold the article in most content management systems.
_CONTAINERS = (
    "[itemprop=articleBody]",
    ".article-body, .article__body, .articleBody, #articleBody, .article-content, .article_content, .article-text,"
    " .story-body, .story-content, .news-body, .news-content, .news-text, .article-details",
    ".entry-content, .post-content, .post-body, .td-post-content, .node-content, .field-name-body, .wysiwyg",
    "article",
    "main",
)
_MIN_CONTAINER_CHARS = 20
_AUTHORS = (
    "[rel=author], [itemprop=author], .byline, .author-name, .authorName, .author_name, .article-author,"
    " .article__author, .article-writer, .post-author, .entry-author, .writer, .writer-name, .writeBy, .reporter,"
    " .journalist, .author"
)
_DATES = (
    ".date, .article-date, .news-date, .newsDate, .newsStoryDate, .post-date, .entry-date, .publish-date,"
    " .date-time, .published, .published-date, .story-date, .timestamp"
)
_CAPTIONS = (
    "figcaption, .caption, .wp-caption-text, .image-caption, .img-caption, .photo-caption, .picture-caption,"
    " .img-cap, .media-caption, .article-image-caption, .imgCaption, .img_caption, [itemprop=caption]"
)
# The content of these belongs to another story or to a reader's comment.
_ELSEWHERE_TAGS = frozenset({"aside", "nav", "footer", "a", "form"})
_ELSEWHERE_RE = re.compile(r"(?<![a-z])(?:comments?|related|sidebar|widget|card|teaser|most-read|recommended)(?![a-z])")
_MAX_CLIMB = 12
# No article has more, and each one costs a walk up the tree.
_MAX_WRITERS, _MAX_CAPTIONS = 20, 300
_ARTICLE_TYPES = {
    "NewsArticle", "Article", "ReportageNewsArticle", "AnalysisNewsArticle", "OpinionNewsArticle", "BlogPosting",
    "LiveBlogPosting",
}  # fmt: skip
# «العنوان - الصحيفة», «الصحيفة | العنوان»
_TITLE_SIGNS = " \t\u00a0-–—|:·»«"
_MAX_SITE_WORDS = 5


def find_container(tree: LexborHTMLParser) -> LexborNode | None:
    """Find the element that holds the article's text by the names in common content systems; None if unsure."""
    for selector in _CONTAINERS:
        nodes = [node for node in tree.css(selector) if len(node.text(strip=True)) > _MIN_CONTAINER_CHARS]
        if len(nodes) == 1:
            return nodes[0]
    return None


def find_captions(tree: LexborHTMLParser, container: LexborNode | None, selector: str | None) -> tuple[str, ...]:
    """Find the texts of the article's captions, each with its credit in brackets if the page has one.

    Args:
        tree: the page.
        container: the element that holds the article's text, if known.
        selector: the outlet's own selector of captions, if any.

    Returns:
        The texts in page order, each once.
    """
    scope = _around(tree, container)
    found = []
    for node in scope.css(selector or _CAPTIONS)[:_MAX_CAPTIONS]:
        inner = [other for other in node.css(selector or _CAPTIONS) if other.mem_id != node.mem_id]
        if inner or _is_elsewhere(node, scope) or _is_link(node):
            continue
        line = node_line(node)
        if line and len(line) <= MAX_CAPTION_CHARS:
            found.append(line)
    return tuple(dict.fromkeys(found))


def _around(tree: LexborHTMLParser, container: LexborNode | None) -> LexborHTMLParser | LexborNode:
    """Return the smallest element with both headline and text, because pictures are often between the two."""
    scope = container
    for _ in range(_MAX_CLIMB):
        if scope is None or scope.css_first("h1") is not None:
            break
        scope = scope.parent
    return scope if scope is not None else tree


def _is_elsewhere(node: LexborNode, scope: LexborHTMLParser | LexborNode) -> bool:
    above = node.parent
    end = scope.mem_id if isinstance(scope, LexborNode) else None
    while above is not None and above.mem_id != end:
        if above.tag in _ELSEWHERE_TAGS:
            return True
        attributes = above.attributes
        name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower()
        if above.tag not in {"body", "html"} and _ELSEWHERE_RE.search(name) is not None:
            return True
        above = above.parent
    return False


def _is_link(node: LexborNode) -> bool:
    """Return whether a caption is mostly a link: then it is a card with the headline of another story."""
    linked = sum(len(link.text(strip=True)) for link in node.css("a"))
    return linked * 2 > len(node.text(strip=True))


class Metadata:
    """Metadata of one page. Values are display text, or None.

    Args:
        tree: the page.
        title, byline, published: the outlet's own selectors, which take precedence; None if it has none.
    """

    def __init__(self, tree: LexborHTMLParser, *, title: str | None, byline: str | None, published: str | None) -> None:
        self._tree = tree
        self._title, self._byline, self._published = title, byline, published
        self._linked = _json_ld(tree)

    @cached_property
    def title(self) -> str | None:
        """Return the headline, without the site's name if the page also prints it without."""
        title = self._named_title
        for printed in self._headings:
            if title and len(printed) * 2 > len(title) and printed != title and _holds(title, printed):
                return printed
        return title

    @property
    def author(self) -> str | None:
        """Return the author as printed."""
        named = (
            self._text(self._byline),
            _author(self._linked.get("author")),
            self._meta("author"),
            self._meta("article:author"),
        )
        # Some pages have the address of the writer's profile there.
        return next((name for name in named if name and "://" not in name), None) or self._printed_author()

    @property
    def published_at(self) -> datetime | None:
        """Return when the article was published, in UTC."""
        times = (
            _string(self._linked.get("datePublished")),
            self._meta("article:published_time"),
            self._meta("datePublished"),
            *self._times(),
        )
        return next((found for value in times if value and (found := parse_time(value))), None)

    @property
    def site(self) -> str | None:
        """Return the outlet's name: from the metadata, else the part of the title beside the headline."""
        publisher = self._linked.get("publisher")
        named = _string(publisher.get("name")) if isinstance(publisher, dict) else None
        named = self._meta("og:site_name") or named
        shown, title = self._text("title"), self.title
        if named or not shown or not title or shown == title or not _holds(shown, title):
            return named
        rest = shown.replace(title, "", 1).strip(_TITLE_SIGNS)
        return rest if rest and rest.count(" ") < _MAX_SITE_WORDS else None

    @cached_property
    def _headings(self) -> list[str]:
        return [node_line(node) for node in self._tree.css("h1, h2")[:10]]

    @cached_property
    def _named_title(self) -> str | None:
        return _first(
            self._text(self._title),
            _string(self._linked.get("headline")),
            self._meta("og:title"),
            self._text("h1"),
            self._text("title"),
        )

    def _printed_author(self) -> str | None:
        for node in self._tree.css(_AUTHORS)[:_MAX_WRITERS]:
            text = node_line(node)
            if text and len(text) <= MAX_CREDIT_CHARS and not _is_elsewhere_of_page(node):
                return text
        return None

    def _times(self) -> Iterator[str | None]:
        for node in self._tree.css(self._published or "time")[:3]:
            yield node.attributes.get("datetime")
            yield node_line(node)
        for node in self._tree.css(_DATES)[:3]:
            if is_date_line(line := node_line(node)) and not _is_elsewhere_of_page(node):
                yield line

    def _meta(self, name: str) -> str | None:
        node = self._tree.css_first(f'meta[property="{name}"], meta[name="{name}"], meta[itemprop="{name}"]')
        return _string(node.attributes.get("content")) if node is not None else None

    def _text(self, selector: str | None) -> str | None:
        node = self._tree.css_first(selector) if selector else None
        return (node_line(node) or None) if node is not None else None


def _is_elsewhere_of_page(node: LexborNode) -> bool:
    """Return the same as `_is_elsewhere` for a node that may itself be a link, as writers' names are."""
    above = node.parent
    return above is not None and (above.tag in _ELSEWHERE_TAGS - {"a"} or _is_elsewhere(above, _root(above)))


def _root(node: LexborNode) -> LexborNode:
    while node.parent is not None:
        node = node.parent
    return node


def _holds(whole: str, part: str) -> bool:
    return whole.startswith(part) or whole.endswith(part)


def node_line(node: LexborNode) -> str:
    """Return the node's text as one line of display text."""
    return " ".join(display_text(node.text(separator=" ")).split())


def _string(value: object) -> str | None:
    return (" ".join(display_text(value).split()) or None) if isinstance(value, str) else None


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value), None)


def _json_ld(tree: LexborHTMLParser) -> dict[str, Any]:
    """Return the first JSON-LD object of the page that is an article, or an empty dict."""
    for node in tree.css('script[type="application/ld+json"]'):
        try:
            data = json.loads(node.text(), strict=False)
        except (ValueError, RecursionError):
            continue  # many sites print broken JSON-LD; the other metadata is still valid
        for item in _items(data):
            kind = item.get("@type")
            if _ARTICLE_TYPES.intersection(kind if isinstance(kind, list) else [kind] if isinstance(kind, str) else []):
                return item
    return {}


def _items(data: object) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for item in data:
            yield from _items(item)
    elif isinstance(data, dict):
        yield data
        yield from _items(data.get("@graph"))


def _author(value: object) -> str | None:
    if isinstance(value, list):
        return "، ".join(filter(None, map(_author, value))) or None
    return _string(value.get("name")) if isinstance(value, dict) else _string(value)


def parse_time(value: str) -> datetime | None:
    """Parse a publication time as pages print it: ISO 8601, or a date in words or digits.

    Returns:
        The time in UTC, which is also assumed if there is no zone; None if there is no complete date.
    """
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        mentions = [mention.iso for mention in find_dates(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", mention.iso)]
        if not mentions:
            return None
        found = datetime.fromisoformat(mentions[0])
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
