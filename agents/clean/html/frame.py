"""Tell the frame of a page (menus, boxes with other stories, comments, notices) from what may be an article.

Three kinds of evidence, the first that applies: what no reader sees; the element or its names; the share of links and
the repetition of boxes with a linked headline. A box that holds the headline is no frame, whatever its name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate

from agents.clean.html.roles import is_info
from agents.clean.html.tree import HEADINGS, Box, Row, Tree, children
from agents.clean.layout.lines import Rule

_TAGS = {
    "nav": Rule.NAVIGATION, "menu": Rule.NAVIGATION, "header": Rule.NAVIGATION, "aside": Rule.OUTSIDE,
    "footer": Rule.OUTSIDE, "form": Rule.WIDGET, "button": Rule.WIDGET, "select": Rule.WIDGET,
    "textarea": Rule.WIDGET, "amp-sidebar": Rule.NAVIGATION,
}  # fmt: skip
_ROLES = {
    "navigation": Rule.NAVIGATION, "menu": Rule.NAVIGATION, "menubar": Rule.NAVIGATION, "banner": Rule.NAVIGATION,
    "contentinfo": Rule.OUTSIDE, "complementary": Rule.OUTSIDE, "search": Rule.WIDGET, "dialog": Rule.OUTSIDE,
    "alertdialog": Rule.OUTSIDE, "alert": Rule.OUTSIDE, "toolbar": Rule.WIDGET, "button": Rule.WIDGET,
}  # fmt: skip
# Words in the names of boxes. A hint only: see `_is_kept`.
_NAMES: tuple[tuple[Rule, str], ...] = (
    (Rule.COMMENTS, "comments?|commentlist|disqus|replies|respond|fb-comments|reader-comments"),
    (
        Rule.RELATED,
        "related|relateds|recommend(?:ed|ations?)?|see-?also|read-?also|read-?more|more-?(?:on|news|stories|posts|from)"
        "|most-?(?:read|viewed|popular|recent)|popular|trending|latest|teasers?|similar|suggest(?:ed|ions)|up-?next"
        "|next-?(?:article|post|story)|prev-?next|post-navigation|cards?|ticker|breaking|also-like|you-may|jp-related",
    ),
    (Rule.TAGS, "tags|tag-?list|tagcloud|post-?tags|article-?tags|keywords|cat-links|tags-links"),
    (
        Rule.WIDGET,
        "share|sharing|shares|sharedaddy|share-?(?:buttons?|bar|icons?)|social|socials|social-?(?:media|icons|links|share)"
        "|addtoany|addthis|follow|follow-?us|subscribe|subscription|newsletter|print|font-?(?:size|resize)|toolbar"
        "|tools|rating|ratings|poll|player|downloads?|app-?banner",
    ),
    (Rule.OUTSIDE, "cookies?|cookie-?(?:notice|bar|banner|law)|consent|gdpr|popup|modal|overlay|paywall|lightbox"),
    (
        Rule.NAVIGATION,
        "nav|navs|navbar|navigation|menus?|main-?menu|mega|megamenu|breadcrumbs?|bread-?crumb|crumbs|pagination|pager"
        "|paging|top-?bar|masthead|site-?header|page-?header|toc|skip-?link",
    ),
    (
        Rule.OUTSIDE,
        "sidebar|side-?bar|widgets?|widget-?area|promo|promotion|advert|adverts?|advertisement|ads|ad|adsbygoogle|banner"
        "|sponsor|sponsored|footer|foot|site-?footer|copyright|author-?(?:bio|box(?:es)?|info|card|details|description)|about-?author|bio"
        "|colophon|disclaimer|copyrights|no-?print|print-?hid(?:e|den)|d-print-none|mw-editsection",
    ),
)  # fmt: skip
_NAME_RE = tuple((rule, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for rule, words in _NAMES)
# Class names that hold the name of a frame and are the article's own.
_NO_FRAME_RE = re.compile(
    r"(?<![\w-])(?:has|no|with|without|hide|is|not)-[\w-]+"
    r"|elementor-widget[\w-]*|widget-?(?:text|content|container|theme)[\w-]*|comments?-(?:open|closed|on|off)"
    r"|(?:share|tags|print|ads?|comments?|nav)-(?:disabled|enabled|hidden|free|ready|content)|single-?post-?related"
    r"|elementor-(?:element|column|section|container)[\w-]*|wp-block-post[\w-]*"
)
_NEVER_OPENED = frozenset({Rule.COMMENTS, Rule.RELATED})
_BODY_NAME_RE = re.compile(
    r"(?<![a-z])(?:(?:article|story|news|post|entry|topic|node)[-_]*(?:body|content|contents|text|txt|details?|inner)"
    r"|(?:field-name-body|field--name-body|wysiwyg|rich-?text|body-?text|the-?content|td-post-content|body-content"
    r"|article-?paragraphs))(?![a-z])"
)
_MOSTLY_LINK = 0.6
_LINK_SHARE, _PROSE_SHARE, _MENU_WORDS = 0.5, 0.25, 4
_MIN_CARDS, _MAX_CARD_ROWS, _MAX_CARD_PROSE, _MIN_LINK_WORDS = 3, 5, 400, 3
_MAX_FORM_PROSE, _MIN_PROSE, _MAX_HEAD = 300, 40, 8


@lru_cache(maxsize=50_000)
def _named(names: str) -> Rule | None:
    """Return the kind of frame that a box's names tell. The pages of an outlet share their names."""
    bare = _NO_FRAME_RE.sub(" ", names)
    return next((rule for rule, pattern in _NAME_RE if pattern.search(bare) is not None), None)


@lru_cache(maxsize=50_000)
def _names_body(names: str) -> bool:
    return _BODY_NAME_RE.search(names) is not None


def holds_body(box: Box) -> bool:
    """Return whether the markup says that the box holds an article's text."""
    itemprop = box.attributes.get("itemprop") if box.attributes else None
    return itemprop == "articleBody" or (bool(box.names) and box.tag != "body" and _names_body(box.names))


class Frame:
    """What each row of a page is, as far as the page around it tells.

    Args:
        tree: the page.
        headline: the row of the headline, if known.
        open_all: whether to keep boxes that hold most of the text although their element or name makes them a frame.

    Attributes:
        reasons: for each row the rule by which it is not part of an article, or None.
    """

    def __init__(self, tree: Tree, headline: Row | None = None, *, open_all: bool = False) -> None:
        self._tree = tree
        self._headline = headline.number if headline is not None else None
        self._open_all = open_all
        rows = tree.rows
        self._size = [0, *accumulate(len(row.text) - row.text.count(" ") for row in rows)]
        self._linked = [0, *accumulate(row.linked for row in rows)]
        running = [row.prose and (open_all or not row.hidden) for row in rows]
        self._prose = [
            0, *accumulate(len(row.text) - row.linked if prose else 0 for row, prose in zip(rows, running, strict=True))
        ]  # fmt: skip
        self._proses = [0, *accumulate(running)]
        self._title_links = [
            0, *accumulate(row.is_link and row.text.count(" ") >= _MIN_LINK_WORDS * row.links - 1 for row in rows)
        ]  # fmt: skip
        self.reasons: list[Rule | None] = [Rule.HIDDEN if row.hidden else None for row in rows]
        self._classify()

    def size(self, box: Box) -> int:
        """Return how many characters, without spaces, the box holds."""
        return self._size[box.end] - self._size[box.start]

    def linked(self, box: Box) -> int:
        """Return how many of its characters are links."""
        return self._linked[box.end] - self._linked[box.start]

    def prose(self, box: Box) -> int:
        """Return how many characters of running text it holds."""
        return self._prose[box.end] - self._prose[box.start]

    def proses(self, box: Box) -> int:
        """Return how many lines of running text it holds."""
        return self._proses[box.end] - self._proses[box.start]

    def titled_links(self, box: Box) -> int:
        """Return how many lines of a box are links as long as a headline."""
        return self._title_links[box.end] - self._title_links[box.start]

    def _classify(self) -> None:
        boxes, number = self._tree.boxes, 1
        total = self._prose[-1]
        while number < len(boxes):
            box = boxes[number]
            if box.start == box.end or box.inline:
                number += 1
                continue
            rule = Rule.HIDDEN if box.hidden else self._rule(box)
            if rule is not None and self._is_kept(box, rule, total):
                if rule is Rule.HIDDEN:
                    for at in range(box.start, box.end):
                        self.reasons[at] = None
                rule = None
            if rule is None:
                self._mark_cards(box)
                number += 1
                continue
            self._mark(box, rule)
            number = box.last
        for at, row in enumerate(self._tree.rows):
            # A line of links with a label before them: «موضوعات متعلقة …»
            links = row.is_link or (row.box.tag != "p" and row.linked > _MOSTLY_LINK * len(row.text))
            if self.reasons[at] is None and links and at != self._headline:
                titled = row.text.count(" ") >= _MENU_WORDS * row.links - 1
                self.reasons[at] = Rule.RELATED if titled else Rule.NAVIGATION

    def _mark(self, box: Box, rule: Rule) -> None:
        for at in range(box.start, box.end):
            if self.reasons[at] is None:
                self.reasons[at] = rule

    def _rule(self, box: Box) -> Rule | None:
        if box.tag == "footer" and box.parent is not None and box.parent.tag in {"blockquote", "figure"}:
            return None
        if box.tag == "header" and self._is_heading(box):
            return None
        rule = _TAGS.get(box.tag)
        if rule is None and box.attributes:
            rule = _ROLES.get(box.attributes.get("role") or "")
            if rule is None and box.names and not holds_body(box):
                rule = _named(box.names)
                if rule is Rule.RELATED and box.tag == "p" and self.proses(box) and not self.linked(box):
                    rule = None  # «teaser-text»: a lead, as a teaser of another story would link to it
        return rule or self._linked_rule(box)

    def _is_heading(self, box: Box) -> bool:
        """Return whether a `header` is of a part of the page, an update or a section, and not of the page itself."""
        part = next((above for above in box.above() if above.tag in {"article", "section", "li"}), None)
        return part is not None and self.linked(box) < _LINK_SHARE * self.size(box) and self.proses(part) > 0

    def _linked_rule(self, box: Box) -> Rule | None:
        rows = box.end - box.start
        size, linked, prose = self.size(box), self.linked(box), self.prose(box)
        if rows > 1 and linked >= _LINK_SHARE * size and prose <= _PROSE_SHARE * size:
            words = sum(row.text.count(" ") + 1 for row in self._tree.rows[box.start : box.end][:20])
            return Rule.NAVIGATION if words < _MENU_WORDS * min(rows, 20) else Rule.RELATED
        if box.controls and prose < _MAX_FORM_PROSE and (not prose or box.tag != "td") and box.tag not in {"p", "li"}:
            return Rule.WIDGET
        return None

    def _is_kept(self, box: Box, rule: Rule, total: int) -> bool:
        """Return whether a box is no frame although its element, its name or its links say so."""
        at = self._headline
        if at is not None and box.start <= at < box.end:
            return True
        if rule in _NEVER_OPENED or (rule is Rule.HIDDEN and not self._open_all) or not total:
            return False
        if self._prose[box.end] - self._prose[box.start] < max(total / 2, _MIN_PROSE):
            return False
        if at is None or self._open_all:
            return True
        # The text between headline and box would be the article.
        between = self._tree.rows[at + 1 : box.start]
        told = sum(len(row.text) for row in between if row.prose and is_info(row)) if len(between) <= _MAX_HEAD else 0
        return at < box.start and self._prose[box.start] - self._prose[at + 1] - told < _MIN_PROSE

    def _mark_cards(self, box: Box) -> None:
        """Mark boxes of one kind that each hold the linked headline of another story and little text."""
        if self._title_links[box.end] == self._title_links[box.start]:
            return
        groups: dict[tuple[str, str], list[Box]] = {}
        for child in children(self._tree.boxes, box):
            if child.start < child.end and not child.inline:
                groups.setdefault(child.signature, []).append(child)
        for group in groups.values():
            cards = [child for child in group if self._is_card(child)]
            alone = len(group) < _MIN_CARDS
            if alone:
                cards = [child for child in cards if child.end - child.start <= _MAX_CARD_ROWS]
                cards = [child for child in cards if self._is_headed_by_link(child)]
            elif len(cards) < 0.7 * len(group):
                continue
            for card in cards:
                self._mark(card, Rule.RELATED)

    def _is_card(self, box: Box) -> bool:
        held = self._headline is not None and box.start <= self._headline < box.end
        titles = self._title_links[box.end] - self._title_links[box.start]
        return not held and titles > 0 and self.proses(box) <= titles and self.prose(box) <= _MAX_CARD_PROSE * titles

    def _is_headed_by_link(self, box: Box) -> bool:
        rows = self._tree.rows[box.start : box.end][:6]
        return any(row.is_link and (row.tag in HEADINGS or box.pictures > 0) for row in rows)
