"""Read what an HTML page says about its story: headline, author, time, the outlet's name.

Elements count only where they belong to the story: between headline and text, beside the headline, or below the text
in the same box; never in a menu, a comment or a box with another story.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, islice

from selectolax.lexbor import LexborHTMLParser

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import is_description, is_place, person_certainty
from agents.clean.credits.outlet import Outlet
from agents.clean.credits.parse import MAX_CREDIT_CHARS, parse_credit
from agents.clean.dates.timestamps import Stamp, parse_stamp
from agents.clean.html.frame import Frame
from agents.clean.html.linked_data import Object, headline_of, read_linked_data
from agents.clean.html.story import Story, is_credit_box, is_date_box
from agents.clean.html.tree import HEADINGS, Box, Row, Tree, names_profile
from agents.clean.layout.lines import Rule
from agents.text.display import display_text
from agents.text.keys import match_key

# Names of `meta` elements with the time of publication, the most specific first.
_TIME_NAMES = (
    "article:published_time", "article:published", "article:published_date", "og:article:published_time",
    "og:published_time", "og:pubdate", "datepublished", "date_published", "published_time", "published_at", "published",
    "publication_date", "publication-date", "publicationdate", "publish_date", "publish-date", "publishdate", "pubdate",
    "pub_date", "article_date_original", "article.published", "article-publish-time", "article:post_date",
    "originalpublicationdate", "rnews:datepublished", "cxenseparse:recs:publishtime", "cxenseparse:publishtime",
    "parsely-pub-date", "sailthru.date", "bt:pubdate", "vr:published_time", "dc.date.issued", "dcterms.issued",
    "dc.date.published", "dcterms.date", "dc.date", "dcterms.created", "dc.date.created", "dc.created", "datecreated",
    "release_date", "displaydate", "timestamp", "date",
)  # fmt: skip
_AUTHOR_NAMES = (
    "author", "article:author", "article:author_name", "dc.creator", "dcterms.creator", "parsely-author",
    "sailthru.author", "byl", "byline", "og:article:author", "creator", "citation_author", "cxenseparse:author",
    "cxenseparse:recs:articleauthor", "article.author", "author_name", "authors", "rnews:author", "dc.contributor",
)  # fmt: skip
_TITLE_NAMES = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title", "title")
_SITE_TYPES = frozenset({"WebSite", "NewsMediaOrganization"})
_NO_AUTHORS = frozenset({"admin", "administrator", "editor", "super user", "webmaster", "user", "root"})
_SEPARATOR_RE = re.compile(r"\s+[-–—|:·•»«]{1,2}\s+|\s*[|]\s*|\s*::\s*")
# «العنوان - الصحيفة», «الصحيفة | العنوان»
_TITLE_SIGNS = " \t\u00a0-–—|:·»«•"
_NOT_SITES = frozenset(map(match_key, ("فيديو", "صور", "شاهد", "بالصور", "بالفيديو", "تقرير", "تحديث", "خاص")))
_MAX_SITE_WORDS, _MIN_TITLE_WORDS = 5, 3
_MAX_UNNAMED_SITE_WORDS = 3
_LIST_NAME_RE = re.compile(r"^\[[A-Za-z][\w. -]{1,24}\]\s(?=\S)", re.ASCII)
_MAX_DATE_ROW = 130
_UPDATED_RE = re.compile(r"(?:آخر|اخر|تم ال)?\s?(?:تحديث|تعديل|حُ?دثت?)|updated|modified", re.IGNORECASE)
# The time of the reader's visit
_VISIT_RE = re.compile(
    r"(?:تاريخ|وقت)\s(?:ال)?(?:طباعة|يوم|زيارة|دخول)|طُ?بعت?\s(?:في|بتاريخ)|اليوم\sهو|printed", re.IGNORECASE
)
_FIRST_TIME_RE = re.compile(r"publish|posted|created|entry-date|post-date")
_LABELLED_RE = re.compile(
    r"(?:تاريخ|وقت)\s(?:ال)?نشر|نُ?شرت?\s(?:في|يوم|بتاريخ)|تم\s(?:ال)?نشر|أضيف\sفي|published", re.I
)
_LABEL_RE = re.compile(
    r"(?<!\w)(?:بقلم|كتابة|تأليف|كتب(?:ته|ها|ه|ت)?|بواسطة|نشره|نشرها|أعده|أعدها|(?:من\s)?إعداد|تحرير|حوار|الكاتبة?|by"
    r"|(?:حرر(?:ه|ها|ت)?|تحرير|نُ?شرت?|كتبت?)\s(?:من\sطرف|من\sقبل|بواسطة))(?:\s?[:：/–-]\s?|\s)"
    r"(?P<name>[^\d|•·:]{3,60}?)\s?(?=$|[\d|•·]|\s[–-]\s|\sفي\s|\sبتاريخ\s|\sيوم\s"
    r"|\sال(?:سبت|[أا]حد|[إا]ثنين|ثلاثاء|[أا]ربعاء|خميس|جمعة)(?!\w))",
    re.IGNORECASE,
)
_EDITOR_RE = re.compile(r"(?:تحرير|ترجمة|مراجعة|تدقيق|إخراج|تصوير)(?!\w)")
_COMMA_RE = re.compile(r"[،,|]| و(?=\S{3})")
_SIGN_RE = re.compile(r"^[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]{1,3}\s?")
# «writer-name», but not the name of the column
_NAME_BOX_RE = re.compile(r"(?<!column-)(?<!section-)(?<!site-)(?<!paper-)(?<!cat-)(?<![a-z])name(?![a-z])")
_MIN_NAME_WORDS, _MAX_NAME_WORDS, _MAX_ABOVE = 2, 4, 12
# «10:30 ص», «LOC16:41 13:41 GMT», «الساعة 10:30»
_CLOCK_ROW_RE = re.compile(
    r"(?:[^\W\d_]{0,8}\s?[-:|]?\s?\d{1,2}[:.٫]\d{2}(?:[:.]\d{2})?\s?(?:[صم]|صباح[اًا]{1,2}|مساء[اً]{0,2}|[AaPp]\.?[Mm]\.?)?\s?){1,2}"
    r"(?:\(?(?:GMT|UTC|بتوقيت\s\S{2,12}(?:\s\S{2,12})?)\)?)?"
)
_MAX_CLOCK_ROW = 40
_ABOVE, _BELOW, _CERTAIN = 8, 12, 2
_MIN_ALIKE_CHARS, _MIN_ALIKE, _MIN_HELD = 15, 0.4, 0.6
_ELLIPSIS = ("...", "…")
# A box in a frame of these kinds speaks of another story, or of a reader.
_NEVER = frozenset({Rule.COMMENTS, Rule.HIDDEN})
_BARS = frozenset({Rule.NAVIGATION, Rule.OUTSIDE})
_ELSEWHERE = frozenset({Rule.NAVIGATION, Rule.OUTSIDE, Rule.RELATED})
_EMPHASIS, _MAX_EMPHASISED = "b, strong, font, big", 50
_MAX_MARKED_ROWS, _MOST_OF_ROW = 4, 0.6


@dataclass(frozen=True, slots=True)
class Selectors:
    """The outlet's own selectors, which take precedence; None if it has none."""

    title: str | None = None
    byline: str | None = None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Headline:
    """A printed headline.

    Attributes:
        rows: its lines, at least one.
        text: the headline.
    """

    rows: tuple[Row, ...]
    text: str

    @property
    def last(self) -> Row:
        """The last of its rows."""
        return self.rows[-1]


class Head:
    """What a page says in its head, and by its headings.

    Args:
        tree: the page.
        url: its address.
        selectors: the outlet's own selectors.
        latest: no story was published after this time; None if unknown.
    """

    def __init__(
        self, tree: Tree, url: str, selectors: Selectors = Selectors(), latest: datetime | None = None
    ) -> None:
        self._tree = tree
        self._parser: LexborHTMLParser = tree.parser
        self._url = url
        self._selectors = selectors
        self._latest = latest
        self._metas = self._read_metas()
        self.linked = read_linked_data(self._parser)

    def _read_metas(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in self._parser.css("meta"):
            attributes = node.attributes
            name = attributes.get("property") or attributes.get("name")
            if name is None and node.parent is not None and node.parent.tag == "head":
                name = attributes.get("itemprop")  # in the body it may be of another story: see `Place`
            value = attributes.get("content")
            if name and value and (shown := " ".join(display_text(value).split())):
                found.setdefault(name.strip().lower(), shown)
        return found

    @cached_property
    def page_title(self) -> str | None:
        """The content of `<title>`."""
        node = self._parser.css_first("head > title") or self._parser.css_first("title")
        return (" ".join(display_text(node.text() or "").split()) or None) if node is not None else None

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """The page's addresses: as fetched, canonical, and in Open Graph."""
        node = self._parser.css_first('link[rel="canonical"]')
        canonical = node.attributes.get("href") if node is not None else None
        return tuple(url for url in (canonical, self._metas.get("og:url"), self._url) if url)

    @cached_property
    def is_article(self) -> bool:
        """Whether the head says that the page is one article."""
        return self._metas.get("og:type", "").startswith("article") or bool(self.story)

    @cached_property
    def names_story(self) -> bool:
        """Whether the head has a headline and not only the outlet's name or a section's."""
        sites = set(map(match_key, self._site_names))
        # «جريدة الضفة - محليات»
        longest = [max(self.parts(title), key=len) for title in self.titles if match_key(title) not in sites]
        return any(part.count(" ") >= _MIN_TITLE_WORDS for part in longest) or bool(self.story)

    @cached_property
    def named_titles(self) -> list[str]:
        """Headlines in the head, the most trustworthy first, with the outlet's name."""
        metas = [self._metas[name] for name in _TITLE_NAMES if name in self._metas]
        return list(dict.fromkeys(filter(None, [*metas, self.page_title])))

    @cached_property
    def site(self) -> str | None:
        """The outlet's name: from the metadata, else the part of the title beside the headline."""
        named = self._site_names
        if named:
            return named[0]
        shown = self.page_title
        for printed in self._printed_in(shown or ""):
            if shown and shown != printed and (shown.startswith(printed) or shown.endswith(printed)):
                rest = shown.replace(printed, "", 1).strip(_TITLE_SIGNS)
                # «العنوان | أخبار ثقافة | الصحيفة»: the section stands between
                rest = self.parts(rest)[-1 if shown.startswith(printed) else 0].strip(_TITLE_SIGNS)
                # «فلان الفلاني - العنوان», as sites of essays have it
                person = person_certainty(rest) >= _CERTAIN and not is_place(rest.rpartition(" ")[2])
                if rest and rest.count(" ") < _MAX_SITE_WORDS and not person:
                    return rest
        return None

    def _printed_in(self, title: str) -> Iterator[str]:
        """Yield the printed headings, then other lines as long as a headline with which the title begins or ends."""
        yield from self._printed
        for row in self._tree.rows:
            if not row.is_link and not row.hidden and len(row.text) < len(title) and title:
                held = title.startswith(row.text) or title.endswith(row.text)
                if held and row.text.count(" ") >= _MIN_TITLE_WORDS:
                    yield row.text

    @cached_property
    def _site_names(self) -> list[str]:
        publisher = self.linked.names(self.story.get("publisher")) if self.story else []
        sites = [
            name
            for item in self.linked.objects
            if str(item.get("@type")) in _SITE_TYPES
            for name in self.linked.names(item.get("name"))
        ]
        metas = [self._metas.get(name) for name in ("og:site_name", "application-name", "apple-mobile-web-app-title")]
        return list(dict.fromkeys(filter(None, [metas[0], *publisher, *metas[1:], *sites])))

    @cached_property
    def _printed(self) -> list[str]:
        return [row.text for row in self._tree.rows if row.tag in HEADINGS[:2] and not row.hidden]

    @cached_property
    def story(self) -> Object:
        """The JSON-LD of the page's story, or an empty dict."""
        titles = [*self.named_titles, *(row.text for row in self._tree.rows if row.tag == "h1" and not row.hidden)]
        return self.linked.story(titles, self.urls)

    @cached_property
    def titles(self) -> list[str]:
        """Headlines in the head without the outlet's name, the most trustworthy first."""
        named = [headline_of(self.story) if self.story else None, *self.named_titles]
        return list(dict.fromkeys(self.without_site(title) for title in named if title))

    @staticmethod
    def parts(title: str) -> list[str]:
        """Return the parts of a title between dashes and bars."""
        return _SEPARATOR_RE.split(title)

    def without_site(self, title: str) -> str:
        """Return a headline without the outlet's name and its section beside it."""
        parts = self.parts(title)
        if len(parts) < 2:
            return title
        sites = {match_key(name) for name in self._site_names}
        start, end = 0, len(parts)
        while end - start > 1:
            if self._is_site(parts[end - 1], sites):
                end -= 1
            elif self._is_site(parts[start], sites):
                start += 1
            else:
                break
        if (start, end) == (0, len(parts)) and not sites:
            last = match_key(parts[-1])
            words = last.count(" ") + 1
            if last not in _NOT_SITES and words <= _MAX_UNNAMED_SITE_WORDS and len(title) - len(parts[-1]) > 25:
                end -= 1
        kept = parts[start:end]
        if len(kept) == len(parts):
            return title
        begin = title.find(kept[0])
        finish = title.rfind(kept[-1]) + len(kept[-1])
        return title[begin:finish].strip(_TITLE_SIGNS) or title

    @staticmethod
    def _is_site(part: str, sites: set[str]) -> bool:
        key = match_key(part)
        return bool(key) and any(
            key == site or (f" {site} " in f" {key} " and len(key) < 2 * len(site)) for site in sites
        )

    def headline(self) -> Headline | None:
        """Return the headline as the page prints it, or None."""
        found = self._chosen() or self._exact()
        if found is not None:
            return found
        keys = [key for title in [*self.titles, *self.named_titles] if (key := match_key(title))]
        best: tuple[tuple[float, ...], Headline] | None = None
        for rank, candidate in self._candidates():
            if rank > len(HEADINGS) and best is not None and best[0][0] >= 1 and -best[0][1] <= len(HEADINGS):
                break  # a heading is the headline, if one matches
            key = match_key(candidate.text)
            match = max((_alike(key, other) for other in keys), default=0.0)
            words = key.count(" ") + 1
            heading = candidate.last.tag in HEADINGS
            if match < 1 and not (rank == 0 and words >= _MIN_TITLE_WORDS):
                continue
            if candidate.last.is_link and not heading:
                continue
            score = (min(match, 2.0), -rank, words >= _MIN_TITLE_WORDS, -candidate.last.number)
            if best is None or score > best[0]:
                best = score, candidate
        if best is not None and not self._is_site(best[1].text, set(map(match_key, self._site_names))):
            return best[1]
        return self._emphasised() if best is None else None

    def _emphasised(self) -> Headline | None:
        """Return the first line in bold or large letters above the text of a page without headings.

        Printed versions and old pages have such lines, and only the outlet's name in their head.
        """
        rows = self._tree.rows
        first = next((row.number for row in rows if row.prose and not row.hidden), 0)
        if any(row.tag in HEADINGS and not row.hidden for row in rows):
            return None
        nodes = self._parser.css(_EMPHASIS)[:_MAX_EMPHASISED]
        emphasised = {" ".join(display_text((node.text() or "")[: _MAX_DATE_ROW * 2]).split()) for node in nodes}
        for row in rows[:first]:
            whole = row.text in emphasised and not row.linked and row.text.count(" ") >= _MIN_TITLE_WORDS
            if whole and not row.hidden and not is_date_line(row.text) and _labelled(row.text) is None:
                return Headline((row,), row.text)
        return None

    def _chosen(self) -> Headline | None:
        """Return what the outlet's selector chooses."""
        node = self._parser.css_first(self._selectors.title) if self._selectors.title else None
        box = next((box for box in self._tree.boxes if node is not None and box.node == node.mem_id), None)
        rows = tuple(self._tree.rows[box.start : max(box.end, box.start + 1)]) if box is not None else ()
        return Headline(rows, box.text or " ".join(row.text for row in rows)) if rows and box is not None else None

    def _exact(self) -> Headline | None:
        """Return the first of the highest headings that is the headline letter by letter, as on most pages."""
        titles = {*self.titles, *self.named_titles}
        rows = [row for row in self._tree.rows if row.text in titles and not row.hidden and row.tag in HEADINGS[:2]]
        first = min(rows, key=lambda row: (row.tag, row.is_link, row.number), default=None)
        return Headline((first,), first.text) if first is not None else None

    def _candidates(self) -> Iterator[tuple[int, Headline]]:
        """Yield headings, then other lines that are as long as a headline, each with its rank: 0 for `h1`."""
        rows = self._tree.rows
        longest = max((len(title) for title in self.named_titles), default=0) * 1.3 + 20
        for box in self._tree.boxes:
            if box.start == box.end or box.hidden:
                continue
            if (box.tag in HEADINGS or _is_headline_box(box)) and box.end - box.start <= 4:
                rank = (
                    HEADINGS.index(box.tag)
                    if box.tag in HEADINGS
                    else (0 if box.attributes.get("itemprop") == "headline" else 4)
                )
                held = tuple(row for row in rows[box.start : box.end] if not row.hidden)
                if len(held) > 1:
                    yield rank, Headline(held, " ".join(row.text for row in held))
                for row in held:
                    yield rank, Headline((row,), row.text)
        for row in rows:
            if len(row.text) <= longest and not row.hidden and row.tag not in HEADINGS and not row.is_link:
                yield len(HEADINGS) + 1, Headline((row,), row.text)

    def title(self, headline: Headline | None) -> str | None:
        """Return the story's headline: as printed, else as the head has it."""
        if headline is None:
            whole = [title for title in self.titles if not title.endswith(_ELLIPSIS)]
            return next(iter([*whole, *self.titles]), None)
        # «[list] العنوان», as archives of mailing lists have it
        printed = _LIST_NAME_RE.sub("", headline.text, count=1)
        key = match_key(printed)
        # «صحيفة الضفة | العنوان» in the heading itself
        shorter = [title for title in self.titles if len(title) < len(printed) and _alike(match_key(title), key) >= 1]
        bare = self.without_site(printed)
        return bare if bare != printed and any(match_key(title) == match_key(bare) for title in shorter) else printed

    def authors(self, linked: Object) -> Iterator[str]:
        """Yield the writers that the head names, the most trustworthy first."""
        own = self._selected(self._selectors.byline)
        if own:
            yield own
        names = self.linked.names(linked.get("author") or linked.get("creator"))
        metas = [self._metas[name] for name in _AUTHOR_NAMES if name in self._metas]
        for name in ("، ".join(name for name in names if "://" not in name), *metas):
            # Some pages have the address of the writer's profile there.
            if name and "://" not in name and not name.startswith("@") and match_key(name) not in _NO_AUTHORS:
                yield name

    def stamps(self, linked: Object) -> Iterator[Stamp]:
        """Yield the times of publication that the head names, the most trustworthy first."""
        own = self._selectors.published
        for node in self._parser.css(own)[:3] if own else ():
            yield from self._parsed(node.attributes.get("datetime"), node.text(separator=" "))
        for name in ("datePublished", "dateCreated", "uploadDate"):
            value = linked.get(name)
            if isinstance(value, str):
                yield from self._parsed(value)
        yield from self._parsed(*(self._metas[name] for name in _TIME_NAMES if name in self._metas))

    def _parsed(self, *values: str | None) -> Iterator[Stamp]:
        for value in values:
            if value and (stamp := parse_stamp(value, self._latest)) is not None:
                yield stamp

    def _selected(self, selector: str | None) -> str | None:
        node = self._parser.css_first(selector) if selector else None
        return (" ".join(display_text(node.text(separator=" ")).split()) or None) if node is not None else None


def _is_headline_box(box: Box) -> bool:
    return bool(box.attributes) and (
        box.attributes.get("itemprop") == "headline"
        or any(
            name in {"headline", "entry-title", "post-title", "article-title", "news-title"}
            for name in box.names.split()
        )
    )


def _alike(one: str, other: str) -> float:
    """Return 2 for equal keys, 1 if one is the other and more, else 0."""
    if not one or not other:
        return 0.0
    if one == other:
        return 2.0
    short, long = sorted((one, other), key=len)
    if len(short) <= _MIN_ALIKE_CHARS or len(short) <= _MIN_ALIKE * len(long):
        return 0.0
    # «وكالة كذا : العنوان 05/03/2024»
    if long.startswith(short) or long.endswith(short) or (len(short) > _MIN_HELD * len(long) and f" {short} " in long):
        return 1.0 + len(short) / len(long) / 2
    return 0.0


class Place:
    """What the page prints about one story, by its place.

    Args:
        tree: the page.
        frame: what its rows are not part of an article by.
        story: the story.
        latest: no story was published after this time; None if unknown.
        site: the outlet, whose name is no writer's.
    """

    def __init__(self, tree: Tree, frame: Frame, story: Story, latest: datetime | None, site: Outlet) -> None:
        self._tree, self._frame, self._story, self._latest, self._site = tree, frame, story, latest, site
        self.reasons = frame.reasons
        at = story.headline.number if story.headline is not None else story.scope.start
        self._at = at
        # Whom a picture shows has not written the story.
        self._pictured = frozenset(row.number for row in story.captions)
        self._between = range(at + 1, max(story.start, story.main))
        self._above = range(max(story.scope.start, at - _ABOVE), at)
        self._below = range(story.end, min(story.scope.end, story.end + _BELOW))

    @cached_property
    def _credits(self) -> list[tuple[Box, str]]:
        """The boxes that the markup names as writers, with their text, the most trustworthy first."""
        return list(self._search(is_credit_box))

    @cached_property
    def _dates(self) -> list[tuple[Box, str]]:
        """The boxes that the markup names as dates, with their text, the most trustworthy first."""
        return list(self._search(is_date_box))

    @cached_property
    def _credit_rows(self) -> frozenset[int]:
        return frozenset(at for box, _ in self._credits for at in _rows_of(box))

    @cached_property
    def _date_rows(self) -> frozenset[int]:
        rows = self._tree.rows
        return frozenset(
            at
            for box, text in self._dates
            for at in _rows_of(box)
            if at < len(rows) and len(text) >= _MOST_OF_ROW * len(rows[at].text)
        )

    def _search(self, fits: Callable[[Box], bool]) -> Iterator[tuple[Box, str]]:
        rows = self._tree.rows
        boxes = self._tree.boxes[self._story.scope.number : self._story.scope.last]
        found = [box for box in boxes if (box.attributes or box.tag == "time") and fits(box)]
        for zone in (self._between, self._above, self._below):
            trusted = zone is self._between
            for box in found:
                at = box.start
                first = trusted and at == self._story.start and box.text is not None
                if (at not in zone and not first) or at >= len(rows) or box.end - box.start > _MAX_MARKED_ROWS:
                    continue
                reason = self.reasons[at]
                if reason in _NEVER or (reason in _ELSEWHERE and not trusted and not _is_told(box)):
                    continue
                yield box, box.text if box.text is not None else " ".join(row.text for row in rows[at : box.end])

    def author(self) -> str | None:
        """Return the writer that the page prints."""
        named = (self._name_in(box, text) for box, text in self._credits)
        lines = [self._tree.rows[at].text for at in self._between]
        labelled = (_labelled(line) for line in lines if _EDITOR_RE.match(line) is None)
        edited = (_labelled(line) for line in lines if _EDITOR_RE.match(line) is not None)
        found = list(filter(self._is_name, chain(named, labelled)))
        # A box with the date and the time of reading is named after the writer, too.
        bare = next((name for name in found if not any(map(str.isdecimal, name or ""))), None)
        others = chain(found, self._unnamed(), edited, self._above_scope(), self._labelled_below())
        return bare or next(filter(self._is_name, others), None)

    def _is_name(self, text: str | None) -> bool:
        return (
            bool(text)
            and len(text or "") <= MAX_CREDIT_CHARS
            and not is_date_line(text or "")
            and not self._site.owns(text or "")
        )

    def _name_in(self, box: Box, text: str) -> str:
        """Return the name in a box with a label, a portrait or a biography beside it."""
        inside = self._tree.boxes[box.number + 1 : box.last]
        # Links to the writers' pages, beside what they are
        linked = [inner.text for inner in inside if inner.tag == "a" and inner.text and person_certainty(inner.text)]
        if linked:
            return "، ".join(dict.fromkeys(linked))
        for inner in inside:
            named = inner.attributes and (
                inner.attributes.get("itemprop") == "name" or _NAME_BOX_RE.search(inner.names) is not None
            )
            if not named:
                continue
            if inner.text:
                return inner.text
            if inner.end - inner.start == 1 and not inner.inline:
                return self._tree.rows[inner.start].text
        return _labelled(text) or text

    def _unnamed(self) -> Iterator[str | None]:
        """Yield names beside a date or with a link to their writer, in elements whose names tell nothing."""
        yield from self._linked_names()
        for at in self._between:
            row = self._tree.rows[at]
            if row.number not in self._pictured and self._may_sign(row) and self._is_signed(row):
                yield _without_sign(row.text)
        for box in self._tree.boxes[self._story.scope.number : self._story.scope.last]:
            if box.text and box.start in self._between and box.start in self._date_like:
                words = box.text.count(" ") + 1
                if _MIN_NAME_WORDS <= words <= _MAX_NAME_WORDS and not any(map(str.isdecimal, box.text)):
                    yield parse_credit(box.text, self._site).byline

    def _linked_names(self) -> Iterator[str]:
        """Yield names that are links to what their bearers wrote."""
        for at in self._between:
            row = self._tree.rows[at]
            if names_profile(row.href) and 0 < row.text.count(" ") < _MAX_NAME_WORDS:
                yield row.text
            elif row.is_link and len(row.text) <= MAX_CREDIT_CHARS:
                # «بيروت: فلان», which links to the writer's articles
                credit = parse_credit(row.text, self._site)
                if credit.certain and credit.parts > 1 and credit.byline:
                    yield row.text

    @staticmethod
    def _may_sign(row: Row) -> bool:
        """Return whether a line holds only a person's name, or several with commas between them."""
        if row.href and "member" in row.href:
            return False  # of a forum
        text = _without_sign(row.text)
        if 0 < text.count(" ") < _MAX_NAME_WORDS and _COMMA_RE.search(text) is None:
            return person_certainty(text) >= _CERTAIN
        if row.prose or len(row.text) > MAX_CREDIT_CHARS or _COMMA_RE.search(row.text) is None:
            return False
        names = [person_certainty(name.strip()) for name in _COMMA_RE.split(row.text)]
        return all(names) and max(names) >= _CERTAIN

    def _labelled_below(self) -> Iterator[str]:
        """Yield the writers that lines below the text name after a label: «إعداد: فلان»."""
        for at in self._below:
            row = self._tree.rows[at]
            if len(row.text) > MAX_CREDIT_CHARS or self.reasons[at] not in {None, Rule.OUTSIDE} or row.linked:
                continue
            name = _labelled(row.text) if _EDITOR_RE.match(row.text) is None else None
            if name and person_certainty(name):
                yield name

    def _is_signed(self, row: Row) -> bool:
        for box in islice(row.box.above(), _MAX_ABOVE):
            if box.end - box.start > _MAX_MARKED_ROWS:
                break
            beside = (at for at in range(box.start, box.end) if at != row.number)
            if any(at in self._date_like or is_description(self._tree.rows[at].text) for at in beside):
                return True
        return self._is_dated(row.number + 1) or self._is_dated(row.number - 1)

    def _is_dated(self, at: int) -> bool:
        row = self._tree.rows[at] if at in self._date_like else None
        return row is not None and len(row.text) <= _MAX_DATE_ROW and parse_stamp(row.text, self._latest) is not None

    @cached_property
    def _date_like(self) -> frozenset[int]:
        return frozenset(at for at in self._between if any(map(str.isdecimal, self._tree.rows[at].text)))

    def _above_scope(self) -> Iterator[str | None]:
        """Yield the writer of a column from the box above its headline, if that box names no other story."""
        if self._story.headline is None:
            return
        for box in self._tree.boxes[: self._story.headline.box.number]:
            if not self._at - _ABOVE <= box.start < self._story.scope.start or not is_credit_box(box) or box.inline:
                continue
            whole = box
            for whole in box.above():
                if whole.parent is None or whole.parent.start <= self._at < whole.parent.end:
                    break
            own = sum(1 for row in self._tree.rows[whole.start : whole.end] if row.is_link)
            if whole.end - whole.start <= _MAX_MARKED_ROWS and own <= 1 and not self._frame.titled_links(whole):
                yield " ".join(row.text for row in self._tree.rows[box.start : min(box.end, box.start + 1)])

    def stamps(self) -> Iterator[Stamp]:
        """Yield the times that the page prints, the most trustworthy first."""
        late: list[Stamp] = []
        told = False
        found = chain(self._named_stamps(), self._printed_stamps(), self._hidden_stamps())
        for stamp, updated in found:
            if updated:
                late.append(stamp)
            else:
                told = True
                yield stamp
        yield from self._stamps_above()
        if not told:
            yield from late

    def _named_stamps(self) -> Iterator[tuple[Stamp, bool]]:
        """Yield the times in elements that the markup names as dates, each with whether it is of a change."""
        for box, text in self._dates:
            attributes = box.attributes or {}
            values = (attributes.get("datetime"), attributes.get("content"), text, attributes.get("title"))
            stamp = next((found for value in values if value and (found := parse_stamp(value, self._latest))), None)
            if stamp is not None:
                yield stamp, self._is_update(box, text)

    @staticmethod
    def _is_update(box: Box, text: str) -> bool:
        """Return whether a box says when the story was changed; WordPress puts `updated` beside `published`."""
        if "نشر" in text:
            return False
        named = "modified" in box.names or "updated" in box.names
        return _UPDATED_RE.search(text) is not None or (named and _FIRST_TIME_RE.search(box.names) is None)

    def _printed_stamps(self) -> Iterator[tuple[Stamp, bool]]:
        """Yield the times that lines beside the story print, each with whether it is of a change."""
        for zone in (self._between, self._above, self._below):
            # What only says when comes first: a caption names the day of its picture.
            for at in sorted(zone, key=lambda at: not is_date_line(self._tree.rows[at].text)):
                row = self._tree.rows[at]
                if len(row.text) > _MAX_DATE_ROW or row.hidden or not any(map(str.isdecimal, row.text)):
                    continue
                if _VISIT_RE.search(row.text) is not None:
                    continue
                if self.reasons[at] is not None and zone is not self._between:
                    # «item-nav», which holds the date and the number of the story
                    bar = self.reasons[at] in _BARS and zone is self._above and not row.linked
                    if not bar or not is_date_line(row.text):
                        continue
                if zone is self._below and not is_date_line(row.text):
                    continue
                stamp = self._with_clock(at, zone, parse_stamp(row.text, self._latest))
                if stamp is not None:
                    yield stamp, _UPDATED_RE.search(row.text) is not None and "نشر" not in row.text

    def _hidden_stamps(self) -> Iterator[tuple[Stamp, bool]]:
        """Yield the times between headline and text that only a screen reader reads out."""
        for at in self._between:
            row = self._tree.rows[at]
            if row.hidden and len(row.text) <= _MAX_CLOCK_ROW and any(map(str.isdecimal, row.text)):
                stamp = parse_stamp(row.text, self._latest)
                if stamp is not None:
                    yield stamp, _UPDATED_RE.search(row.text) is not None

    def _stamps_above(self) -> Iterator[Stamp]:
        """Yield the times above the story's box that say that they are of its publication."""
        for at in range(max(0, self._at - _ABOVE), self._story.scope.start):
            # beside the breadcrumb: «تاريخ النشر: 12/09/2024»
            text = self._tree.rows[at].text
            if len(text) <= _MAX_DATE_ROW and self.reasons[at] not in _NEVER and _LABELLED_RE.search(text) is not None:
                stamp = parse_stamp(text, self._latest)
                if stamp is not None:
                    yield stamp

    def _with_clock(self, at: int, zone: range, stamp: Stamp | None) -> Stamp | None:
        """Return the time of a date with the hour that stands alone in the row below it or above it."""
        if stamp is None or stamp.exact:
            return stamp
        for beside in (at + 1, at - 1):
            text = _without_sign(self._tree.rows[beside].text) if beside in zone else ""
            if 0 < len(text) <= _MAX_CLOCK_ROW and _CLOCK_ROW_RE.fullmatch(text) is not None:
                joined = parse_stamp(f"{self._tree.rows[at].text} {text}", self._latest)
                if joined is not None and joined.exact:
                    return joined
        return stamp

    def is_credit(self, row: Row) -> bool:
        """Return whether a row between headline and text only names the writer."""
        return row.number in self._credit_rows

    def is_date(self, row: Row) -> bool:
        """Return whether a row between headline and text only says when."""
        return row.number in self._date_rows or is_date_line(row.text)


def _rows_of(box: Box) -> range:
    return range(box.start, max(box.end, box.start + 1))


def _without_sign(text: str) -> str:
    """Return a line without the picture before it: «🕒 8:45 مساءً», «✍️ فلان»."""
    return _SIGN_RE.sub("", text, count=1)


def _labelled(text: str) -> str | None:
    """Return the name after a label: «بقلم: فلان», «نشره فلان في …»."""
    match = _LABEL_RE.search(text)
    return match["name"].strip(" :-–—،") or None if match is not None else None


def _is_told(box: Box) -> bool:
    """Return whether the markup says more of a box than that it may name a writer or a date."""
    if box.attributes and box.attributes.get("itemprop") in {"author", "datePublished"}:
        return True
    if box.tag in {"abbr", "time"} and "published" in box.names.split():
        return True
    return any(is_credit_box(above) for above in islice(box.above(), _MAX_ABOVE))


def best_time(stamps: Iterator[Stamp]) -> datetime | None:
    """Return the first time; or, if it is only a day, the first that gives the hour of that day."""
    first: Stamp | None = None
    for stamp in stamps:
        if first is None:
            if stamp.exact:
                return stamp.time
            first = stamp
        elif stamp.exact and abs((stamp.time - first.time).total_seconds()) < 86_400 and stamp.time >= first.time:
            return stamp.time
    return first.time if first is not None else None
