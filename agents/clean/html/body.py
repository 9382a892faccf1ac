"""Read an HTML page: the article's lines, which `segment` then reads, and what the markup says about it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files

import trafilatura
from selectolax.lexbor import LexborHTMLParser, LexborNode
from trafilatura.settings import Extractor

from agents.clean.html.metadata import Metadata, find_captions, find_container
from agents.text.display import display_text
from agents.text.keys import hostname

# Its warnings would repeat what the dead letter says with the page's origin.
logging.getLogger("trafilatura").setLevel(logging.ERROR)

# HTML parsers take quadratic time on open tags, and trafilatura recurses; no article is nested this deeply.
MAX_DEPTH = 400
# trafilatura takes quadratic time on some runs of equal tags; the largest pages of news sites have a third of this.
MAX_TAGS = 20_000
_BLOCKS = "p, h2, h3, h4, li, blockquote, figcaption, pre, td"
_EDGES = "div, section, h1, h2, h3, h4, p, ul, li, table, tr, figure"
_NOISE = "script, style, noscript, template, nav, aside, form, button, iframe, svg"
_STRUCTURE = (
    "div, section, ul, ol, dl, table, header, footer, article, main, pre, video, audio, details, dialog, menu, center,"
    " object, embed"
)
_PLAIN_BLOCKS = "p, h1, h2, h3, h4, figcaption"
_PLAIN_SHARE, _LINK_SHARE = 0.98, 0.9
# Replaces `<br>` until the line ends of the source are removed; no page contains this rune.
_BREAK = "\u16de"
_SOURCE_BREAK_RE = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_MIN_SPACES = 5
# If trafilatura's text is this many times shorter than the page's text outside links, it missed the article.
_LEAST_SHARE = 5
# A table cell or list with at least so many links and less text than this between them is a menu.
_MENU_LINKS, _MENU_CHARS = 3, 20
_BULLET = "\n- "
# trafilatura removes zero-width joiners, but Persian names and some Arabic abbreviations are spelled with them. Two
# runes that no page contains replace them meanwhile.
_STAND_INS = (("\u200c", "\u16dc"), ("\u200d", "\u16dd"))
# `fast` skips the library's fallbacks, which take half of its time; our fallback is the container.
_OPTIONS = Extractor(fast=True, precision=True, comments=False)
_TAG_START_RE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_TAG_RE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]{0,2000})>")
_VOID = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "p", "li", "td", "tr", "th", "dd", "dt", "option",
}  # fmt: skip


_FLAT = {
    "html", "head", "body", "meta", "title", "script", "style", "p", "br", "h1", "h2", "h3", "h4", "time",
    "article", "figcaption",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Markup:
    """Content of an HTML page.

    Attributes:
        text: the article's lines, display text.
        title, author, published_at: from JSON-LD, OpenGraph, meta or time elements, the first that has it; or None.
        captions: texts of the article's captions, each with its credit.
        site: the outlet's name according to the metadata or the title, or None.
    """

    text: str
    title: str | None
    author: str | None
    published_at: datetime | None
    captions: tuple[str, ...]
    site: str | None


@dataclass(frozen=True, slots=True)
class OutletRules:
    """CSS selectors of one outlet's pages, a row of data/outlets.json; None where the general rules suffice.

    Attributes:
        title, body, byline, published, caption: elements that hold these.
        drop: elements inside `body` to remove.
    """

    title: str | None = None
    body: str | None = None
    byline: str | None = None
    published: str | None = None
    caption: str | None = None
    drop: str | None = None


@lru_cache(maxsize=1)
def outlet_rules() -> dict[str, OutletRules]:
    """Read data/outlets.json: host to the selectors of its pages."""
    table = json.loads(files("agents.clean").joinpath("data/outlets.json").read_text(encoding="utf-8"))
    return {host: OutletRules(**rules) for host, rules in table.items()}


def _rules_for(url: str) -> OutletRules:
    labels = hostname(url).split(".")
    return next(
        (rules for n in range(len(labels)) if (rules := outlet_rules().get(".".join(labels[n:])))), OutletRules()
    )


def looks_like_html(text: str) -> bool:
    """Return whether a page without a content type is HTML."""
    return (
        re.search(r"<(?:!doctype\s+html|html|head|body|article|div|p|br|h1|meta)\b", text[:5000], re.IGNORECASE)
        is not None
    )


def read_markup(html: str, url: str) -> Markup:
    """Read one HTML page.

    The outlet's own selectors (data/outlets.json) take precedence, then trafilatura. If trafilatura's text is not what
    the article's container holds, as happens with flashes of one sentence, the container is read instead.

    Args:
        html: the page, decoded.
        url: its address, which selects the outlet's rules.
    """
    if _too_deep(html):
        html = _flatten(html)
    tree = LexborHTMLParser(html)
    rules = _rules_for(url)
    container = find_container(tree)
    metadata = Metadata(tree, title=rules.title, byline=rules.byline, published=rules.published)
    return Markup(
        title=metadata.title,
        author=metadata.author,
        published_at=metadata.published_at,
        captions=find_captions(tree, container, rules.caption),
        site=metadata.site,
        # Last, because it modifies the tree.
        text=_article_text(tree, rules, container, metadata.title),
    )


def _article_text(tree: LexborHTMLParser, rules: OutletRules, container: LexborNode | None, title: str | None) -> str:
    if rules.body and (nodes := tree.css(rules.body)):
        for node in nodes[0].css(rules.drop) if rules.drop else ():
            node.decompose()
        text = "\n".join(_block_lines(nodes[0]))
        if text.strip():
            return text
    for noise in tree.css(_NOISE):
        noise.decompose()
    if container is not None and (plain := _plain_lines(container)):
        return "\n".join(plain)
    # Without the page around it, trafilatura is faster and takes nothing from other stories.
    pruned = (f"<html><body>{container.html}</body></html>" if container is not None else tree.html) or ""
    if "<br" in pruned and "<pre" not in pruned:
        # Between `<br>`, trafilatura keeps the line ends of the source, which no reader sees.
        pruned = _SOURCE_BREAK_RE.sub(" ", pruned)
    extracted = _trafilatura(pruned) if pruned.count("<") <= MAX_TAGS else ""
    if _BULLET in f"\n{extracted}" and tree.body is not None:
        extracted = _without_bullets(extracted, tree.body)
    if container is None:
        if tree.body is not None and len(_solid(extracted)) * _LEAST_SHARE < len(_solid(_unlinked(tree.body))):
            extracted = ""  # it took a menu or a footer for the article
        return extracted or "\n".join(_bare_page(tree, title))
    held = _solid(display_text(container.text(separator=" ")))
    lines = [solid for line in extracted.split("\n") if (solid := _solid(line))]
    inside = sum(len(solid) for solid in lines if solid[:200] in held)
    if lines and inside * 2 >= sum(map(len, lines)):
        return extracted
    return "\n".join(_unless_links(list(_block_lines(container)), tree, title)) or extracted


def _unlinked(body: LexborNode) -> str:
    """Return the text outside links, which menus consist of, without white space."""
    linked = sum(len(_solid(link.text())) for link in body.css("a"))
    text = _solid(body.text())
    return text[: len(text) - linked]


def _without_bullets(extracted: str, body: LexborNode) -> str:
    """Remove the dashes that trafilatura puts before list items where the page prints none."""
    printed = _solid(display_text(body.text(separator=" ")))
    lines = extracted.split("\n")
    return "\n".join(line if _solid(line) in printed else line.removeprefix("- ") for line in lines)


def _solid(text: str) -> str:
    return "".join(text.split())


def _trafilatura(html: str) -> str:
    hidden = [(joiner, rune) for joiner, rune in _STAND_INS if joiner in html]
    for joiner, rune in hidden:
        html = html.replace(joiner, rune)
    text = trafilatura.extract(html, options=_OPTIONS) or ""
    for joiner, rune in hidden:
        text = text.replace(rune, joiner)
    return display_text(text)


def _too_deep(html: str) -> bool:
    depth = 0
    for match in _TAG_START_RE.finditer(html):
        if match[2].lower() in _VOID:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > MAX_DEPTH:
            return True
    return False


def _bare_page(tree: LexborHTMLParser, title: str | None) -> list[str]:
    """Return the lines of a page that has no article container."""
    menus = [node for node in tree.css("td, ul") if len(node.css("a")) >= _MENU_LINKS and not node.css("td, ul")[1:]]
    for frame in [*tree.css("header, footer"), *(node for node in menus if len(_unlinked(node)) < _MENU_CHARS)]:
        frame.decompose()
    return _unless_links(list(_block_lines(tree.body)), tree, title) if tree.body is not None else []


def _unless_links(lines: list[str], tree: LexborHTMLParser, title: str | None) -> list[str]:
    """Return the lines, or none if besides the headline there are only links and labels."""
    prose = any(line.count(" ") >= _MIN_SPACES and " ".join(line.split()) != title for line in lines)
    return lines if prose or tree.css_first("a") is None else []


def _flatten(html: str) -> str:
    """Remove the tags that only nest."""
    return _TAG_RE.sub(lambda match: match.group() if match[2].lower() in _FLAT else " ", html)


def _plain_lines(container: LexborNode) -> list[str]:
    """Return the container's paragraphs if it holds paragraphs and nothing that could be a box; else no lines.

    Then trafilatura, which takes three quarters of the page's time, has nothing to add. Paragraphs that consist of a
    link lead to other stories and are left out.
    """
    if any(node.mem_id != container.mem_id for node in container.css(_STRUCTURE)):
        return []
    blocks = container.css(_PLAIN_BLOCKS)
    held = sum(len(block.text(strip=True)) for block in blocks)
    if not blocks or held < _PLAIN_SHARE * len(container.text(strip=True)):
        return []
    kept = [block for block in blocks if block.tag not in {"h1", "figcaption"} and not _is_all_link(block)]
    return [line for block in kept for line in _lines_of(block) if line.strip()]


def _is_all_link(block: LexborNode) -> bool:
    linked = sum(len(link.text(strip=True)) for link in block.css("a"))
    return linked > 0 and linked >= _LINK_SHARE * len(block.text(strip=True))


def _lines_of(block: LexborNode) -> list[str]:
    """Return the block's text in the lines of a browser: broken at `<br>`, not at the line ends of the source."""
    for mark in block.css("br"):
        mark.replace_with(_BREAK)
    text = block.text(separator="")
    if block.tag != "pre":
        text = _SOURCE_BREAK_RE.sub(" ", text)
    return display_text(text.replace(_BREAK, "\n")).split("\n")


def _block_lines(node: LexborNode) -> Iterator[str]:
    """Yield the node's text, one block a line; without blocks, bare text is split at `<br>`."""
    for noise in node.css(_NOISE):
        noise.decompose()
    blocks = [block for block in node.css(_BLOCKS) if all(inner.mem_id == block.mem_id for inner in block.css(_BLOCKS))]
    held = sum(len(block.text(strip=True)) for block in blocks)
    if held * 2 < len(node.text(strip=True)):
        edges = node.css(_EDGES)
        # Text without any tags is broken where its source is.
        if not edges and node.css_first("br") is None:
            yield from display_text(node.text(separator="")).split("\n")
            return
        for edge in edges:
            edge.insert_before(_BREAK)
            edge.insert_after(_BREAK)
        blocks = [node]
    for block in blocks:
        yield from _lines_of(block)
