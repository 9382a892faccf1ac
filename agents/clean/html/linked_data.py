"""Read the JSON-LD of a page and choose the object that describes its story."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from agents.text.display import display_text
from agents.text.keys import match_key

# What scripts wrap JSON in so that old browsers and XML parsers leave it alone.
_WRAPPER_RE = re.compile(r"<!--|-->|(?://|/\*)?\s?<!\[CDATA\[(?:\s?\*/)?|(?://|/\*)?\s?\]\]>(?:\s?\*/)?")
_TRAILING_COMMA_RE = re.compile(r",\s{0,200}([}\]])")
# Keys under which the page's own story stands; under others are the stories that it links to.
_OWN_KEYS = ("@graph", "mainEntity", "mainEntityOfPage")
_MAX_OBJECTS, _MAX_NAMES = 2000, 20
# Of a page without an article's object, these say when it was published, if they have its headline.
_PAGES = frozenset(
    {"VideoObject", "AudioObject", "ImageGallery", "MediaGallery", "WebPage", "ItemPage", "Report", "PodcastEpisode"}
)
_NO_ARTICLES = frozenset({"JobPosting", "SocialMediaPosting"})
_OVERLAP = 0.3
_URL_MATCHES, _TITLE_MATCHES, _TITLE_DIFFERS, _URL_DIFFERS = 3, 3, -1, -3

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LinkedData:
    """JSON-LD of a page.

    Attributes:
        objects: all objects that describe the page, its story or what is beside it, in page order.
        by_id: the objects by their `@id`.
    """

    objects: tuple[Object, ...]
    by_id: dict[str, Object]

    def story(self, titles: Iterable[str], urls: Iterable[str]) -> Object:
        """Return the article that the page is about, or an empty dict.

        Args:
            titles: the page's headline as it is printed, and as other metadata has it.
            urls: the page's address, and its canonical one.
        """
        keys = [key for title in titles if (key := match_key(title))]
        paths = {path for url in urls if (path := _path(url))}
        best: Object = {}
        best_score = -1
        for item in self.objects:
            if not is_article(item):
                continue
            score = _title_score(item, keys) + _url_score(item, paths)
            if score > best_score:
                best, best_score = item, score
        if best:
            return best
        return next((item for item in self.objects if _is_page(item) and _title_score(item, keys) > 0), {})

    def by_title(self, title: str) -> Object:
        """Return the article with this headline, or an empty dict."""
        key = match_key(title)
        return next((item for item in self.objects if is_article(item) and _title_score(item, [key]) > 0), {})

    def names(self, value: object) -> list[str]:
        """Return the names in a value: a string, an object with a name, a reference to one, or a list of these."""
        found: list[str] = []
        waiting = [value]
        for _ in range(_MAX_OBJECTS):
            if not waiting or len(found) >= _MAX_NAMES:
                break
            item = waiting.pop()
            if isinstance(item, list):
                waiting.extend(reversed(item))
            elif isinstance(item, str):
                if name := " ".join(display_text(item).split()):
                    found.append(name)
            elif isinstance(item, dict):
                known = self.by_id.get(item["@id"]) if isinstance(item.get("@id"), str) else None
                waiting.append(item.get("name") or (known or {}).get("name"))
        return list(dict.fromkeys(found))


def read_linked_data(tree: LexborHTMLParser) -> LinkedData:
    """Read all JSON-LD scripts of a page; what is no JSON, even with allowances, is left out."""
    objects: list[Object] = []
    by_id: dict[str, Object] = {}
    for node in tree.css('script[type*="ld+json"]'):
        for data in _load(node.text() or ""):
            for item in _objects(data):
                if len(objects) >= _MAX_OBJECTS:
                    break
                objects.append(item)
                name = item.get("@id")
                if isinstance(name, str) and (item.get("name") or name not in by_id):
                    by_id[name] = item
    return LinkedData(tuple(objects), by_id)


def _load(text: str) -> list[object]:
    """Parse JSON as pages print it: in a wrapper, with commas too many, escaped quotes or several values."""
    text = _WRAPPER_RE.sub("", text).strip().rstrip(";").strip()
    if not text:
        return []
    candidates = [text, _TRAILING_COMMA_RE.sub(r"\1", text)]
    if "&quot;" in text:
        candidates.append(_TRAILING_COMMA_RE.sub(r"\1", html.unescape(text)))
    decoder = json.JSONDecoder(strict=False)
    for candidate in dict.fromkeys(candidates):
        values: list[object] = []
        position = 0
        try:
            while position < len(candidate) and len(values) < _MAX_OBJECTS:
                value, end = decoder.raw_decode(candidate, position)
                values.append(value)
                position = end
                while position < len(candidate) and candidate[position] in ", \t\r\n;":
                    position += 1
        except (ValueError, RecursionError):
            if values:
                return values
            continue
        return values
    return []


def _objects(data: object) -> Iterator[Object]:
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            yield item
            waiting.extend(item[key] for key in reversed(_OWN_KEYS) if isinstance(item.get(key), dict | list))


def is_article(item: Object) -> bool:
    """Return whether an object's type is an article of any kind."""
    kinds = item.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(
        isinstance(name, str) and name.endswith(("Article", "Posting")) and name not in _NO_ARTICLES for name in names
    )


def _is_page(item: Object) -> bool:
    kinds = item.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    dated = item.get("datePublished") or item.get("uploadDate")
    return bool(dated) and any(isinstance(name, str) and name in _PAGES for name in names)


def headline_of(item: Object) -> str | None:
    """Return the headline of an article, or None."""
    for name in ("headline", "name"):
        value = item.get(name)
        if isinstance(value, str) and (text := " ".join(display_text(value).split())):
            return text
    return None


def _title_score(item: Object, keys: list[str]) -> int:
    title = headline_of(item)
    key = match_key(title) if title else ""
    if not key or not keys:
        return 0
    if any(key == other or key.startswith(other) or other.startswith(key) for other in keys):
        return _TITLE_MATCHES
    words = set(key.split())
    alike = any(len(words & set(other.split())) >= _OVERLAP * min(len(words), len(other.split())) for other in keys)
    return 0 if alike else _TITLE_DIFFERS


def _url_score(item: Object, paths: set[str]) -> int:
    page = item.get("mainEntityOfPage")
    values = (item.get("url"), page, page.get("@id") if isinstance(page, dict) else None, item.get("@id"))
    own = {path for value in values if isinstance(value, str) and "://" in value and (path := _path(value))}
    if not own or not paths:
        return 0
    return _URL_MATCHES if own & paths else _URL_DIFFERS


def _path(url: str) -> str:
    """Return what tells one page of a site from another; empty for the front page."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    path = unquote(parts.path).rstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
