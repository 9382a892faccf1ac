"""Sitemaps, news sitemaps and sitemap indexes, also compressed (sitemaps.org)."""

from __future__ import annotations

import gzip
import io
import zlib
from datetime import UTC, datetime

from lxml import etree

from streams.sources.watch.readers.base import Entry, Listing, UnreadableListError, absolute, iso_date

# sitemaps.org allows 50 MB.
MOST_BYTES = 50 * 1024 * 1024
# How many parts of an index are read in one visit, the newest ones.
PARTS = 4
_FIRST = datetime.min.replace(tzinfo=UTC)


def read_sitemap(data: bytes, url: str, most_parts: int | None = PARTS) -> Listing:
    """Read a sitemap or sitemap index.

    Args:
        data: the sitemap, also as a gzip file.
        url: its address.
        most_parts: how many parts of an index to return, the newest ones; None for all.

    Raises:
        UnreadableListError: it is neither, or larger than `MOST_BYTES`.
    """
    entries: list[Entry] = []
    parts: list[tuple[datetime, int, str]] = []
    known = False
    try:
        walk = etree.iterparse(
            io.BytesIO(_unpacked(data)),
            events=("end",),
            recover=True,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
        )
        for _, element in walk:
            name = _local(element)
            known = known or name in {"url", "sitemap", "urlset", "sitemapindex"}
            if name == "url":
                if (entry := _entry(element, url)) is not None:
                    entries.append(entry)
                element.clear()
            elif name == "sitemap":
                fields = _fields(element)
                if (part := absolute(url, fields.get("loc"))) is not None:
                    parts.append((iso_date(fields.get("lastmod")) or _FIRST, len(parts), part))
                element.clear()
    except etree.XMLSyntaxError as error:
        if not known:
            raise UnreadableListError(f"not a sitemap: {error}") from error
    if not known:
        raise UnreadableListError("not a sitemap")
    # Without dates the last ones are taken: most publishers append.
    newest = sorted(parts, reverse=True)[:most_parts]
    return Listing(
        entries=tuple(entries),
        lists=tuple(part for _, _, part in newest),
        changed={part: moment for moment, _, part in newest if moment != _FIRST},
    )


def _entry(element: etree._Element, base: str) -> Entry | None:
    fields = _fields(element)
    link = absolute(base, fields.get("loc"))
    if link is None:
        return None
    printed = fields.get("publication_date") or fields.get("lastmod")
    return Entry(
        url=link,
        title=fields.get("title"),
        published=iso_date(fields.get("publication_date")),
        modified=iso_date(fields.get("lastmod")),
        extra={"published": printed} if printed else {},
    )


def _fields(element: etree._Element) -> dict[str, str]:
    """The texts of the elements inside, by local name; the first of each. Those of images and videos are left out."""
    found: dict[str, str] = {}
    for child in element.iterdescendants(etree.Element):
        space = str(child.tag).partition("}")[0]
        if "image" not in space and "video" not in space and child.text and child.text.strip():
            found.setdefault(_local(child), child.text.strip())
    return found


def _local(element: etree._Element) -> str:
    # Without QName, which refuses the names that recovering from broken XML yields.
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _unpacked(data: bytes) -> bytes:
    """The XML, unpacked if it is a gzip file.

    Raises:
        UnreadableListError: it cannot be unpacked, or is too large.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableListError(f"a gzip file that cannot be unpacked: {error}") from error
    if len(unpacked) > MOST_BYTES:
        raise UnreadableListError(f"has more than {MOST_BYTES} bytes unpacked")
    return unpacked
