"""Read what the head of an HTML page says about its story: headlines, writers, times, the outlet's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from selectolax.lexbor import LexborHTMLParser

from agents.clean.credits.name_tables import is_place, person_certainty
from agents.clean.credits.parse import NAMES_APART
from agents.clean.dates.timestamps import Stamp, parse_stamp
from agents.clean.html.linked_data import Object, headline_of, read_linked_data
from agents.clean.html.tree import HEADINGS, Tree
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
# «<meta name="twitter:label1" content="كُتب بواسطة"><meta name="twitter:data1" content="فلان">»
_CARD_LABELS = frozenset(map(match_key, ("كتب بواسطة", "كتبه", "بواسطة", "بقلم", "الكاتب", "written by", "author")))
_TITLE_NAMES = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title", "title")
_SITE_TYPES = frozenset({"WebSite", "NewsMediaOrganization"})
_NO_AUTHORS = frozenset({"admin", "administrator", "editor", "super user", "webmaster", "user", "root"})
_SEPARATOR_RE = re.compile(r"\s+[-–—|:·•»«]{1,2}\s+|\s*[|]\s*|\s*::\s*")
# «العنوان - الصحيفة», «الصحيفة | العنوان»
_TITLE_SIGNS = " \t\u00a0-–—|:·»«•"
_NOT_SITES = frozenset(map(match_key, ("فيديو", "صور", "شاهد", "بالصور", "بالفيديو", "تقرير", "تحديث", "خاص")))
_MAX_SITE_WORDS, _MIN_TITLE_WORDS = 5, 3
_MAX_UNNAMED_SITE_WORDS = 3
_CERTAIN = 2
_COMMA_RE = re.compile(r"[،,;؛]")


@dataclass(frozen=True, slots=True)
class Selectors:
    """The outlet's own selectors, which take precedence; None if it has none."""

    title: str | None = None
    byline: str | None = None
    published: str | None = None


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
        self.tree = tree
        self.parser: LexborHTMLParser = tree.parser
        self._url = url
        self.selectors = selectors
        self._latest = latest
        self._metas = self._read_metas()
        self.linked = read_linked_data(self.parser)

    def _read_metas(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for node in self.parser.css("meta"):
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
        node = self.parser.css_first("head > title") or self.parser.css_first("title")
        return (" ".join(display_text(node.text() or "").split()) or None) if node is not None else None

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """The page's addresses: as fetched, canonical, and in Open Graph."""
        node = self.parser.css_first('link[rel="canonical"]')
        canonical = node.attributes.get("href") if node is not None else None
        return tuple(url for url in (canonical, self._metas.get("og:url"), self._url) if url)

    @cached_property
    def is_article(self) -> bool:
        """Whether the head says that the page is one article."""
        return self._metas.get("og:type", "").startswith("article") or bool(self.story)

    @cached_property
    def names_story(self) -> bool:
        """Whether the head has a headline and not only the outlet's name or a section's."""
        sites = set(map(match_key, self.site_names))
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
        named = self.site_names
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
        for row in self.tree.rows:
            if not row.is_link and not row.hidden and len(row.text) < len(title) and title:
                held = title.startswith(row.text) or title.endswith(row.text)
                if held and row.text.count(" ") >= _MIN_TITLE_WORDS:
                    yield row.text

    @cached_property
    def site_names(self) -> list[str]:
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
        return [row.text for row in self.tree.rows if row.tag in HEADINGS[:2] and not row.hidden]

    @cached_property
    def story(self) -> Object:
        """The JSON-LD of the page's story, or an empty dict."""
        titles = [*self.named_titles, *(row.text for row in self.tree.rows if row.tag == "h1" and not row.hidden)]
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
        sites = {match_key(name) for name in self.site_names}
        start, end = 0, len(parts)
        while end - start > 1:
            if self.is_site(parts[end - 1], sites):
                end -= 1
            elif self.is_site(parts[start], sites):
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
    def is_site(part: str, sites: set[str]) -> bool:
        key = match_key(part)
        return bool(key) and any(
            key == site or (f" {site} " in f" {key} " and len(key) < 2 * len(site)) for site in sites
        )

    def authors(self, linked: Object) -> Iterator[str]:
        """Yield the writers that the head names, the most trustworthy first."""
        own = self._selected(self.selectors.byline)
        if own:
            yield own
        names = self.linked.names(linked.get("author") or linked.get("creator"))
        metas = [self._metas[name] for name in _AUTHOR_NAMES if name in self._metas]
        metas.extend(
            self._metas[f"twitter:data{number}"]
            for number in (1, 2)
            if match_key(self._metas.get(f"twitter:label{number}", "")) in _CARD_LABELS
            and f"twitter:data{number}" in self._metas
        )
        linked_names = NAMES_APART.join(_of_each(name) for name in names if "://" not in name)
        for name in (linked_names, *map(_of_each, metas)):
            # Some pages have the address of the writer's profile there.
            if name and "://" not in name and not name.startswith("@") and match_key(name) not in _NO_AUTHORS:
                yield name

    def stamps(self, linked: Object) -> Iterator[Stamp]:
        """Yield the times of publication that the head names, the most trustworthy first."""
        own = self.selectors.published
        for node in self.parser.css(own)[:3] if own else ():
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
        node = self.parser.css_first(selector) if selector else None
        return (" ".join(display_text(node.text(separator=" ")).split()) or None) if node is not None else None


def _of_each(value: str) -> str:
    """Return an author field of several names with a bar between them, not a comma, behind which a town may stand."""
    people = [name.strip() for name in _COMMA_RE.split(value)]
    return NAMES_APART.join(people) if len(people) > 1 and all(map(person_certainty, people)) else value
