"""Find the fields of a raw record in the records of other programs: by name, whatever crawler wrote them.

A record that is a raw record already is taken as it is, byte for byte. Of others, the names of news-please, Fundus,
newspaper, trafilatura, Scrapy projects, Zyte, WordPress, NewsAPI, Media Cloud and of tables in Arabic are known; names
are compared without case, spaces and signs. Values keep their form, as the reader of raw records is tolerant
(`streams.records.lenient`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from streams.errors import Reason, Rejected
from streams.records import RawArticle, decode
from streams.sources.base import Item
from streams.sources.readers.base import ReadOptions

FIELDS = ("url", "source", "content", "title", "author", "published_at", "fetched_at", "id", "content_type", "encoding")
REQUIRED = ("url", "source", "content")

# In order of preference. Names with dots lead into objects.
_NAMES: dict[str, tuple[str, ...]] = {
    "url": (
        "url", "canonical_url", "canonical_link", "article_url", "page_url", "original_url", "html.responded_url",
        "html.requested_url", "responded_url", "requested_url", "link", "permalink", "source_url", "uri", "href",
        "location", "source", "guid", "guid.rendered", "id", "الرابط", "رابط", "رابط الخبر", "العنوان الإلكتروني",
    ),
    "source": (
        "source", "outlet", "publisher", "site_name", "source_name", "media_name", "newspaper",
        "html.source_info.publisher", "html.source_info.name", "source-hostname", "meta_site_name",
        "source_domain", "publication", "website", "site", "hostname", "domain", "المصدر", "الصحيفة", "الموقع",
    ),
    "content": (
        "content", "maintext", "main_text", "article_body", "text", "full_text", "body", "raw_text", "article",
        "article_text", "article_content", "content_text", "content_html", "article_body_html", "body_text",
        "body_html", "text_cleaned", "story", "story_text", "plaintext", "html", "raw_html", "page_html",
        "html.content", "النص", "نص", "نص الخبر", "المحتوى", "محتوى الخبر", "الخبر", "المتن", "description",
        "summary", "excerpt",
    ),
    "title": ("title", "headline", "heading", "header", "meta_title", "name", "العنوان", "عنوان", "عنوان الخبر"),
    "author": (
        "author", "authors", "byline", "creator", "dc_creator", "writer", "reporter", "author_name", "الكاتب", "كاتب",
        "المؤلف", "المحرر",
    ),
    "published_at": (
        "published_at", "date_publish", "date_published", "publish_date", "publishing_date", "published", "pub_date",
        "publication_date", "published_on", "published_date", "publish_time", "published_time", "date_gmt", "date",
        "datetime", "created_at", "created", "post_date", "timestamp", "time", "date_published_raw", "تاريخ النشر",
        "التاريخ", "تاريخ",
    ),
    "fetched_at": (
        "fetched_at", "date_extracted", "date_download", "download_date", "date_downloaded", "html.crawl_date",
        "crawl_date", "crawled_at", "scraped_at", "scrape_date", "retrieved_at", "fetch_time",
        "metadata.date_downloaded",
    ),
    "content_type": ("content_type",),
    "encoding": ("encoding",),
}  # fmt: skip
# Objects that other programs wrap a record in.
_WRAPPERS = ("_source", "attributes", "article", "item", "doc")
_WEB_RE = re.compile(r"\s*(?:https?://|file:|urn:)", re.IGNORECASE)
_SIGNS_RE = re.compile(r"[\W_]+")
_DEPTH = 4


def _key(name: object) -> str:
    return _SIGNS_RE.sub("", str(name)).casefold()


_KEYS = {field: [(name, ".".join(map(_key, name.split(".")))) for name in names] for field, names in _NAMES.items()}


def read_record(location: str, data: bytes, options: ReadOptions) -> Item:
    """Read one record that is JSON; what cannot be read keeps its bytes."""
    failure: Rejected | None = None
    if not options.names and options.source is None:
        try:
            return Item(location, data, raw=decode(RawArticle, data))
        except Rejected as rejected:
            if rejected.reason is not Reason.BAD_SCHEMA:
                return Item(location, data, failure=rejected)
            failure = rejected
    try:
        value = json.loads(data.decode("utf-8", "surrogatepass"), strict=False)
    except (ValueError, RecursionError) as error:
        fault = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Item(location, data, failure=Rejected(Reason.NOT_JSON, fault))
    if not isinstance(value, dict):
        what = failure or Rejected(Reason.BAD_SCHEMA, "record: Input should be an object")
        return Item(location, data, failure=what)
    return read_fields(location, value, options, data=data, failure=failure)


def read_fields(
    location: str,
    fields: Mapping[str, Any],
    options: ReadOptions,
    *,
    data: bytes | None = None,
    failure: Rejected | None = None,
) -> Item:
    """Read one record whose fields may have other names.

    Args:
        location: names the record.
        fields: its fields.
        options: the user's names and outlet.
        data: what a dead letter keeps; the fields as JSON when None.
        failure: why it is no raw record as it stands, if that was tried: it names the fields as they were written.
    """
    found = raw_fields(fields, options)
    try:
        written = json.dumps(found, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
        raw = decode(RawArticle, written)
    except Rejected as rejected:
        kept = (
            data if data is not None else json.dumps(fields, ensure_ascii=False, default=str).encode(errors="replace")
        )
        missing = [name for name in REQUIRED if name not in found]
        # The record as it was written is what the user knows, unless other names than its own were found.
        shown = failure if failure is not None and missing else rejected
        hint = f"; fields there: {', '.join(map(str, list(fields)[:20]))} (--map)" if missing and fields else ""
        return Item(location, kept, failure=Rejected(shown.reason, shown.detail + hint))
    return Item(location, raw.to_json() if b"\\u0000" in written or _has_surrogates(written) else written, raw=raw)


def _has_surrogates(written: bytes) -> bool:
    try:
        written.decode()
    except UnicodeDecodeError:
        return True
    return False


def raw_fields(record: Mapping[str, Any], options: ReadOptions) -> dict[str, Any]:
    """Return the fields of a raw record that stand in a record of any program, with their values as they are."""
    flat = _flat(_unwrapped(record))
    # A record that leads with our own names means our own fields, its id too; so does an article of our own exports.
    own = {"url", "source", "content"} <= record.keys() or {"url", "body", "ingested_at"} <= record.keys()
    found: dict[str, Any] = {}
    for name in FIELDS:
        if (wanted := options.names.get(name)) is not None:
            value = _path(record, wanted)
        elif name in {"id", "encoding", "content_type"}:
            value = record.get(name) if own else None
        else:
            value = next(_candidates(name, flat), None)
        if value is not None:
            found[name] = value
    if isinstance(found.get("author"), int):
        del found["author"]  # the number of a user in WordPress
    if options.source is not None:
        found["source"] = options.source
    elif "source" not in found and (host := host_of(found.get("url"))):
        found["source"] = host
    if "provenance" in record:
        found["provenance"] = record["provenance"]
    return found


def host_of(url: object) -> str:
    """Return the host of an address without `www.`; empty if it has none."""
    try:
        host = urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return ""
    return (host or "").removeprefix("www.")


def _unwrapped(record: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _WRAPPERS:
        inner = record.get(name)
        if isinstance(inner, Mapping) and not any(_key(key) in {"content", "text", "maintext"} for key in record):
            return {**{key: value for key, value in record.items() if key != name}, **inner}
    return record


def _flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the values by key, those in objects by the keys that lead to them (`html.content`)."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        key = f"{prefix}{_key(name)}"
        found.setdefault(key, value)
        if isinstance(value, Mapping) and depth < _DEPTH:
            for inner, each in _flat(value, f"{key}.", depth + 1).items():
                found.setdefault(inner, each)
    return found


def _path(record: Mapping[str, Any], path: str) -> Any:
    """Return the value that a name of the user leads to: the whole name, else from object to object."""
    if path in record:
        return record[path]
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _candidates(field: str, flat: Mapping[str, Any]) -> Iterator[Any]:
    for name, key in _KEYS[field]:
        value = flat.get(key)
        if value is None or value == "" or value in ([], {}):
            continue
        if field == "url":
            # Some of the names hold an address in one program and something else in another.
            if isinstance(value, str) and (_WEB_RE.match(value) or name == "url"):
                yield value
        elif field == "source":
            yield from _outlet(value)
        elif field == "content":
            yield from _content(value)
        elif field == "title":
            if isinstance(value, str | int | float | list) or (isinstance(value, Mapping) and "rendered" in value):
                yield value
        else:
            yield value


def _outlet(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("name", "title", "domain", "url") if value.get(name)), None)
    if isinstance(value, str) and value.strip():
        yield host_of(value.strip()) if _WEB_RE.match(value) else value.strip().removeprefix("www.")


def _content(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "rendered" in value:
            value = value["rendered"]
        elif "sections" in value or "summary" in value:
            value = list(_fundus(value))
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        # What Scrapy's getall() returns: the paragraphs, or the text nodes of a page.
        value = "\n".join(value)
    if isinstance(value, str) and value.strip():
        yield value


def _fundus(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paragraphs of a Fundus ArticleBody: the summary, then each section with its headline."""
    yield from filter(None, body.get("summary") or ())
    for section in body.get("sections") or ():
        if isinstance(section, Mapping):
            headline = " ".join(section.get("headline") or ())
            yield from filter(None, [headline, *(section.get("paragraphs") or ())])
