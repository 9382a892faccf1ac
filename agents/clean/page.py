"""Clean a page: the stage's pure function from a raw page to its articles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape

from agents.clean.article_id import article_id
from agents.clean.credits.cited_agencies import cited_agencies
from agents.clean.credits.outlet import outlet_of
from agents.clean.dates.mentions import find_dates
from agents.clean.dates.timestamps import parse_time
from agents.clean.html.body import Markup, looks_like_html, read_stories
from agents.clean.html.encoding import decode_bytes, repair
from agents.clean.language import detect_language
from agents.clean.layout.lines import Removal, Rule
from agents.clean.layout.parts import Hints, Parts
from agents.clean.layout.segment import segment
from agents.clean.visual_order import logical_order
from agents.text.display import display_text
from agents.text.keys import match_key
from streams.errors import Reason, Rejected
from streams.records import Article, Caption, DateMention, RawArticle, RemovedText, StageTrace

STAGE = "clean"

# A page of several articles may have more lines than one article, but not any number.
_LINES_PER_PARAGRAPH = 10
# A page that claims to be published this long after it arrived does not say when it was.
_LATEST = timedelta(days=366)
_TAG_RE = re.compile("<[^<>]*>")
_ESCAPED_TAG_RE = re.compile(
    r"\s*&(?:amp;)?lt;(?:!doctype|!--|html|body|article|section|div|p|br|h[1-6]|span|ul|ol|figure|img|table|strong|b|a)\b",
    re.IGNORECASE,
)
_MOST_ESCAPES = 2
_WORD_RE = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits beyond which a whole page is rejected.

    Attributes:
        max_content_bytes: size of the page in bytes (of its UTF-8, if it arrived as text).
        max_paragraphs: paragraphs of one article.
        max_articles: articles on one page.
    """

    max_content_bytes: int = 5 * 1024 * 1024
    max_paragraphs: int = 2000
    max_articles: int = 200


@dataclass(frozen=True, slots=True)
class Page:
    """A segmented page, from which `clean_page` makes records.

    Attributes:
        articles: in page order, each with its body and everything that was removed from it.
        published_at: of the whole page, from the record; None if it has none.
        notes: what was unusual in the record's fields, one sentence each.
    """

    articles: list[Parts]
    published_at: datetime | None
    notes: list[str]


def clean_page(raw: RawArticle, *, ingested_at: datetime, limits: Limits, explain: bool = False) -> list[Article]:
    """Return the articles of one page.

    Args:
        raw: the page as it arrived.
        ingested_at: when it arrived; copied into the articles.
        limits: what a page may hold.
        explain: whether to list in each article's `trace` what was removed and why.

    Returns:
        At least one article. Equal input gives equal output.

    Raises:
        Rejected: the page is too large, in no known encoding, without text, or markup without an article.
    """
    page = read_page(raw, limits, ingested_at + _LATEST)
    alone = len(page.articles) == 1
    found: dict[str, tuple[Article, Parts]] = {}
    for parts in page.articles:
        article = _article(raw, parts, page.published_at or parts.published_at, ingested_at, alone=alone)
        twin = found.get(article.id)
        if twin is not None and twin[0].body != article.body:
            # Two articles with one headline get different ids by their bodies.
            name = f"{parts.title or ''} {article.body[:200]}"
            article = article.model_copy(update={"id": article_id(raw, name, alone=False)})
            twin = found.get(article.id)
        if twin is None:
            found[article.id] = article, parts
        else:
            # The page prints one article twice.
            twin[1].removed.extend([*(Removal(line, Rule.REPEAT) for line in parts.body), *parts.removed])
    if not explain and not page.notes:
        return [article for article, _ in found.values()]
    return [
        article.model_copy(update={"trace": {STAGE: _trace(parts if explain else None, page.notes)}})
        for article, parts in found.values()
    ]


def read_page(raw: RawArticle, limits: Limits, latest: datetime | None = None) -> Page:
    """Segment one page without making records.

    Args:
        raw: the page as it arrived.
        limits: what a page may hold.
        latest: times of publication after this one are none; None if unknown.

    Raises:
        Rejected: see `clean_page`.
    """
    text = _content(raw, limits)
    html = raw.content_type == "text/html" or (raw.content_type is None and looks_like_html(text))
    if (unescaped := _unescaped_markup(text)) is not None:
        text, html = unescaped, True
    if html:
        articles = _stories(text, raw, limits, latest)
    else:
        articles = _segmented(display_text(logical_order(text)), raw, None, limits)
    if len(articles) > limits.max_articles:
        raise Rejected(Reason.TOO_LARGE, f"{len(articles)} articles on one page, more than {limits.max_articles}")
    longest = max(len(parts.body) for parts in articles)
    if longest > limits.max_paragraphs:
        raise Rejected(Reason.TOO_LARGE, f"an article of {longest} paragraphs, more than {limits.max_paragraphs}")
    told, notes = _published(raw)
    return Page(articles, told, notes)


def _stories(html: str, raw: RawArticle, limits: Limits, latest: datetime | None) -> list[Parts]:
    """Segment each story of an HTML page."""
    stories = read_stories(html, raw.url, latest)
    articles: list[Parts] = []
    unread: list[Removal] = []
    for story in stories:
        try:
            found = _segmented(story.text, raw, story, limits, alone=len(stories) == 1)
        except Rejected as rejection:
            if rejection.reason is Reason.TOO_LARGE or len(stories) == 1:
                raise
            # What was taken for a story is none: its lines stand beside the others.
            unread.extend(Removal(line, Rule.OUTSIDE) for line in story.text.split("\n") if line.strip())
            unread.extend(story.removed)
            continue
        found[0].removed.extend(story.removed)
        for parts in found:
            parts.published_at = story.published_at
        articles.extend(found)
    if not articles:
        raise Rejected(Reason.NO_ARTICLE, "the markup holds no article")
    articles[0].removed.extend(unread)
    return articles


def _segmented(
    shown: str, raw: RawArticle, markup: Markup | None, limits: Limits, *, alone: bool = True
) -> list[Parts]:
    """Segment the lines of a page, or of one story of an HTML page."""
    if _WORD_RE.search(shown) is None:
        if markup is not None and (markup.removed or markup.title):
            raise Rejected(Reason.NO_ARTICLE, "the markup holds no article")
        raise Rejected(Reason.EMPTY_BODY, "content has no letter or digit in it")
    lines = sum(1 for line in shown.split("\n") if line.strip())
    if lines > limits.max_paragraphs * _LINES_PER_PARAGRAPH:
        raise Rejected(Reason.TOO_LARGE, f"{lines} lines, more than {limits.max_paragraphs * _LINES_PER_PARAGRAPH}")
    # The record's headline and author are of the page, not of each of its stories.
    title = _shown(raw.title) if alone else None
    author = display_text(repair(raw.author)).strip() if raw.author and alone else None
    hints = Hints(
        title=title or (markup.title if markup else None),
        author=author or (markup.author if markup else None),
        captions=markup.captions if markup else (),
        outlet=outlet_of(raw.source, raw.url, markup.site if markup else None),
        heads=markup.heads if markup else frozenset(),
    )
    articles = segment(shown, hints)
    if not articles:
        raise Rejected(Reason.EMPTY_BODY, "content is boilerplate without a text")
    lines_left = [line for parts in articles for line in parts.body]
    if markup is not None and len(lines_left) == 1 and match_key(lines_left[0]) == match_key(hints.title or ""):
        raise Rejected(Reason.NO_ARTICLE, "the markup holds a headline and no article")
    first = articles[0]
    while markup is not None and len(first.body) > 1 and first.body[0] in markup.heads:
        first.removed.append(Removal(first.body.pop(0), Rule.BYLINE))
    if markup is not None and markup.subtitle and articles[0].subtitle is None:
        articles[0].subtitle = markup.subtitle
    return articles


def _published(raw: RawArticle) -> tuple[datetime | None, list[str]]:
    """Return the record's time of publication, read again as pages print it if it is in words, and the notes left."""
    told, notes = raw.published_at, []
    for note in raw.notes:
        words = note.value if note.field == "published_at" and note.lost and isinstance(note.value, str) else None
        if told is None and words is not None and (told := parse_time(words)) is not None:
            continue
        notes.append(str(note))
    return told, notes


def _content(raw: RawArticle, limits: Limits) -> str:
    data = raw.content_bytes()
    size = len(data) if data is not None else len(raw.content.encode("utf-8", "replace"))
    if size > limits.max_content_bytes:
        raise Rejected(Reason.TOO_LARGE, f"content of {size} bytes, more than {limits.max_content_bytes}")
    return repair(raw.content if data is None else decode_bytes(data, raw.encoding))


def _unescaped_markup(text: str) -> str | None:
    """Return the markup of a page that is escaped as a whole, once or twice, as some feeds carry it; else None."""
    if _ESCAPED_TAG_RE.match(text) is None:
        return None
    for _ in range(_MOST_ESCAPES):
        text = unescape(text)
        if _TAG_RE.match(text.lstrip()) is not None:
            return text
    return None


def _shown(text: str | None) -> str | None:
    return " ".join(display_text(repair(text)).split()) or None if text else None


def _trace(parts: Parts | None, notes: list[str]) -> StageTrace:
    """Return what was noted about one article: removals, if asked for. The runner fills in version, time and worker."""
    removed = (
        [RemovedText(text=removal.text, reason=removal.reason.value) for removal in parts.removed] if parts else None
    )
    return StageTrace(version="", seconds=0.0, worker="", removed=removed, notes=notes or None)


def _article(
    raw: RawArticle, parts: Parts, published_at: datetime | None, ingested_at: datetime, *, alone: bool
) -> Article:
    body = "\n".join(parts.body)
    return Article(
        id=article_id(raw, parts.title, body, alone=alone),
        url=raw.url,
        source=raw.source,
        language=detect_language(f"{parts.title or ''}\n{body}"),
        title=parts.title,
        subtitle=parts.subtitle,
        byline=parts.credit.byline,
        dateline=parts.credit.dateline,
        agencies=list(dict.fromkeys([*parts.credit.agencies, *cited_agencies(body)])),
        body=body,
        captions=[Caption(text=text, credit=credit) for text, credit in parts.captions],
        published_at=published_at,
        fetched_at=raw.fetched_at,
        provenance=raw.provenance,
        ingested_at=ingested_at,
        dates=[
            DateMention(
                text=body[found.start : found.end],
                start=found.start,
                end=found.end,
                date=found.iso,
                disagrees=found.disagrees,
            )
            for found in find_dates(body, published_at)
        ],
    )
