"""Read saved pages, which say themselves where they come from, and plain text files."""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from streams.sources.base import Item
from streams.sources.readers.base import Document, Format, ReadOptions, first_lines
from streams.sources.readers.fields import host_of, read_fields

FILE_SOURCE = "file"
# A page's head is longer where its style sheets are saved within it.
_HEAD = 512 * 1024
_HEAD_END_RE = re.compile(rb"</head\s*>|<body[\s>]", re.IGNORECASE)
_META_CHARSET_RE = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
# What browsers and SingleFile write above a saved page.
_SAVED_RE = re.compile(r"saved from url=\(\d+\)(\S+)|Page saved with SingleFile\s+url:\s*(\S+)")
_HTML_RE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*+(?:<!DOCTYPE\s+html|<html[\s>]|<head[\s>]|<body[\s>])",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says about itself.

    Attributes:
        url: its address, or None.
        site: the outlet's name, or None.
    """

    url: str | None
    site: str | None


def page_facts(data: bytes, charset: str | None = None) -> PageFacts:
    """Read address and outlet from a page: canonical link, og:url, the comment of who saved it; og:site_name."""
    end = _HEAD_END_RE.search(data, 0, _HEAD)
    head = _decode(data[: end.start() if end else _HEAD], charset)
    saved = _SAVED_RE.search(head[:4000])
    tree = LexborHTMLParser(head)
    base = (saved[1] or saved[2]) if saved else None
    links = [
        *(node.attributes.get("href") for node in tree.css("link[rel~=canonical]")[:2]),
        *(node.attributes.get("content") for node in tree.css('meta[property="og:url"], meta[name="og:url"]')[:2]),
        base,
    ]
    found = [link for link in (_absolute(each, base) for each in links) if link is not None]
    # Some systems name the front page as the canonical address of every page.
    url = next((link for link in found if urlsplit(link).path.strip("/") or urlsplit(link).query), None)
    node = tree.css_first('meta[property="og:site_name"], meta[name="og:site_name"]')
    site = " ".join((node.attributes.get("content") or "").split()) if node is not None else ""
    return PageFacts(url or (found[0] if found else None), site[:200] or None)


def _absolute(link: str | None, base: str | None) -> str | None:
    try:
        whole = urljoin(base or "", link.strip()) if link else ""
        return whole if whole.lower().startswith(("http://", "https://")) and urlsplit(whole).hostname else None
    except ValueError:
        return None


def _decode(head: bytes, charset: str | None) -> str:
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            return head.decode(name, "replace")
    try:
        # The head may end in the middle of a character.
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        pass
    inside = _META_CHARSET_RE.search(head[:4096])
    for declared in (charset, inside[1].decode("ascii") if inside else None, "cp1256"):
        with suppress(LookupError):
            if declared:
                return head.decode(declared, "replace")
    return head.decode("utf-8", "replace")


def page_item(
    location: str,
    data: bytes,
    options: ReadOptions,
    *,
    uri: str,
    url: str | None = None,
    content_type: str = "text/html",
    charset: str | None = None,
    more: Mapping[str, object] | None = None,
) -> Item:
    """Make the record of a page whose bytes are kept; the cleaning stage detects their encoding.

    Args:
        location: names the page.
        data: its bytes.
        options: the user's outlet.
        uri: its address if it does not know its own.
        url: where it was fetched from, if known.
        content_type: text/html or text/plain.
        charset: as the server declared it.
        more: further fields.
    """
    facts = page_facts(data, charset) if content_type == "text/html" else PageFacts(None, None)
    address = url or facts.url
    record = {
        "url": address or uri,
        "source": options.source or facts.site or host_of(address) or FILE_SOURCE,
        "content": base64.b64encode(data).decode(),
        "encoding": charset or "auto",
        "content_type": content_type,
        **(more or {}),
    }
    return read_fields(location, record, ReadOptions(source=options.source), data=json.dumps(record).encode())


def _read_html(document: Document, options: ReadOptions) -> Iterator[Item]:
    yield page_item(document.location, document.read_whole(), options, uri=document.uri)


def _read_text(document: Document, options: ReadOptions) -> Iterator[Item]:
    data = document.read_whole()
    yield page_item(document.location, data, options, uri=document.uri, content_type="text/plain")


def _is_html(document: Document) -> bool:
    return _HTML_RE.match("\n".join(first_lines(document.head, 40))) is not None


HTML = Format("html", "saved web pages", (".html", ".htm", ".xhtml", ".xht", ".shtml"), _is_html, _read_html)
TEXT = Format("text", "plain text, in any encoding", (".txt", ".text"), lambda _: False, _read_text)
