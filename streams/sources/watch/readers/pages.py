"""Section pages and the public preview pages of Telegram channels."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from streams.sources.watch.readers.base import Entry, Listing, UnreadableListError, absolute, iso_date

# A headline has at least this many letters; names of sections and buttons have fewer.
HEADLINE_LETTERS = 20
# Addresses of articles carry a number, a date or a slug of several words.
_ARTICLE_RE = re.compile(r"\d{4,}|/\d{4}/\d{1,2}/|(?:[^/]+[-_]){3,}[^/]*$|(?:%[0-9A-Fa-f]{2}){12,}")
_POST_RE = re.compile(rb"""data-post=|href=["']https?://t\.me/(?:s/)?\w+/\d+["'?]""")
_LISTS_RE = re.compile(r"/(?:tag|tags|category|author|authors|page|search|section|topic|topics)/", re.IGNORECASE)


def read_page(data: bytes, url: str, pattern: str | None) -> Listing:
    """Read the links to articles from a section page.

    Args:
        data: the page.
        url: its address. Links to other hosts are left out.
        pattern: regular expression that the articles' addresses match; if None, links with a headline's text and an
            address like an article's.

    Raises:
        UnreadableListError: it has no link to an article.
    """
    tree = LexborHTMLParser(data)
    wanted = re.compile(pattern) if pattern else None
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    titles: dict[str, str] = {}
    for link in tree.css("a[href]"):
        target = absolute(url, link.attributes.get("href"))
        if target is None or target == url or (urlsplit(target).hostname or "").removeprefix("www.") != host:
            continue
        text = " ".join(link.text(separator=" ").split()) or (link.attributes.get("title") or "").strip()
        if wanted is not None:
            fits = wanted.search(target) is not None
        else:
            path = urlsplit(target).path
            letters = sum(map(str.isalpha, text))
            fits = letters >= HEADLINE_LETTERS and bool(_ARTICLE_RE.search(path)) and not _LISTS_RE.search(path)
        if fits and len(text) >= len(titles.get(target, "")):
            titles[target] = text
    if not titles:
        raise UnreadableListError("a page without links to articles" + (f" that match {pattern}" if pattern else ""))
    root = tree.root
    language = root.attributes.get("lang") if root is not None else None
    node = tree.css_first("title")
    return Listing(
        entries=tuple(Entry(url=target, title=title or None) for target, title in titles.items()),
        title=node.text(strip=True) if node is not None else None,
        language=language,
        site=url,
    )


def read_channel(data: bytes) -> Listing:
    """Read the messages of a Telegram channel's preview page (`https://t.me/s/NAME`), with their texts.

    Raises:
        UnreadableListError: it is not such a page.
    """
    tree = LexborHTMLParser(data)
    entries = []
    messages = tree.css(".tgme_widget_message[data-post]")
    if not messages and _POST_RE.search(data):
        raise UnreadableListError("a channel whose messages are in a form that is not known")
    for message in messages:
        post = message.attributes.get("data-post") or ""
        text = message.css_first(".tgme_widget_message_text")
        if not post or text is None:  # a picture without words
            continue
        time = message.css_first("time[datetime]")
        printed = time.attributes.get("datetime") if time is not None else None
        entries.append(
            Entry(
                url=f"https://t.me/{post}",
                guid=f"telegram:{post}",
                published=iso_date(printed),
                text=text.html,
                extra={"published": printed} if printed else {},
            )
        )
    if not entries and tree.css_first(".tgme_channel_info") is None:
        raise UnreadableListError("not the preview page of a Telegram channel (https://t.me/s/NAME)")
    title = tree.css_first(".tgme_channel_info_header_title")
    return Listing(entries=tuple(entries), title=title.text(strip=True) if title is not None else None)
