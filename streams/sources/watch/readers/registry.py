"""Which reader reads which kind of list."""

from __future__ import annotations

from collections.abc import Mapping

from streams.sources.watch.directory import Kind
from streams.sources.watch.readers.base import Listing
from streams.sources.watch.readers.feeds import read_feed
from streams.sources.watch.readers.pages import read_channel, read_page
from streams.sources.watch.readers.sitemaps import read_sitemap


def read_listing(kind: Kind, data: bytes, url: str, headers: Mapping[str, str], links: str | None = None) -> Listing:
    """Read a list.

    Args:
        kind: what it is.
        data: its bytes.
        url: its address, after redirects.
        headers: HTTP headers of the answer.
        links: for a page, the pattern of its articles' addresses.

    Raises:
        UnreadableListError: the bytes are not such a list.
    """
    match kind:
        case Kind.FEED:
            return read_feed(data, url, headers)
        case Kind.SITEMAP:
            return read_sitemap(data, url)
        case Kind.PAGE:
            return read_page(data, url, links)
        case Kind.TELEGRAM:
            return read_channel(data)
