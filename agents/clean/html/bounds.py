"""Bound what a parser of HTML must do.

Tags that nest or stay open without end take it quadratic time, or memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from streams.errors import Reason, Rejected

# No article is nested this deeply.
MAX_DEPTH = 400
# The longest pages of news sites, live blogs of a whole day, have a fifth of this. A tag takes about a kilobyte.
MAX_TAGS = 200_000
# A parser opens every formatting element that was left open again in each block; no page needs this many copies.
_MAX_REOPENED = 200_000
_MAX_TAG_CHARS = 4096
_TAG_NAME_RE = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)")
# Elements without content, and those that end where the next of their kind begins.
_VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
        "p", "li", "td", "tr", "th", "dd", "dt", "option", "html", "head", "body",
    }
)  # fmt: skip
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_FORMAT_TAG_RE = re.compile(rf"</?(?:{'|'.join(sorted(_FORMATTING))})(?=[\s>/])[^<>]*>", re.IGNORECASE)


def bounded(html: str) -> str:
    """Remove what would take a parser more than linear time: formatting that stays open, and nesting without end.

    Raises:
        Rejected: the page has more tags than any page needs.
    """
    tags = html.count("<")
    if tags > MAX_TAGS:
        raise Rejected(Reason.TOO_LARGE, f"a page of {tags} tags, more than {MAX_TAGS}")
    if html.count("<") - html.count("</") <= MAX_DEPTH:
        return html
    names = [name.lower() for name in _TAG_NAME_RE.findall(html)]
    count = Counter(names)
    opened = sum(max(0, count[name] - count[f"/{name}"]) for name in _FORMATTING)
    if opened * len(names) > _MAX_REOPENED:
        html = _FORMAT_TAG_RE.sub("", html)
        names = [name for name in names if name.removeprefix("/") not in _FORMATTING]
    elements = sum(number for name, number in count.items() if name[0] != "/" and name not in _VOID)
    return _flattened(html) if elements > MAX_DEPTH and _is_deep(names) else html


def _is_deep(names: Iterable[str]) -> bool:
    """Return whether tags with these names may nest deeper than `MAX_DEPTH`.

    A closing tag ends one element at most, and none if no element of its name is open, whatever else a parser would
    make of it. So this is never too low.
    """
    opened: Counter[str] = Counter()
    depth = 0
    for name in names:
        if name[0] == "/":
            if opened[name[1:]]:
                opened[name[1:]] -= 1
                depth -= 1
        elif name not in _VOID:
            opened[name] += 1
            depth += 1
            if depth > MAX_DEPTH:
                return True
    return False


def _flattened(html: str) -> str:
    """Remove the tags that open deeper than `MAX_DEPTH`, and those that close them."""
    parts: list[str] = []
    opened: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    depth = last = 0
    for match in _TAG_NAME_RE.finditer(html):
        name = match[1].lower()
        if name.removeprefix("/") in _VOID:
            continue
        drop = False
        if name[0] != "/":
            drop = depth >= MAX_DEPTH
            (dropped if drop else opened)[name] += 1
            depth += not drop
        elif dropped[name[1:]]:
            dropped[name[1:]] -= 1
            drop = True
        elif opened[name[1:]]:
            opened[name[1:]] -= 1
            depth -= 1
        if drop:
            parts.append(html[last : match.start()])
            end = html.find(">", match.end(), match.end() + _MAX_TAG_CHARS)
            last = end + 1 if end >= 0 else match.end()
    return "".join([*parts, html[last:]])
