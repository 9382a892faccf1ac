"""The records between matching and delivery: matches, alerts and deliveries, and the state of each search.

A *match* is one article that one standing search matches; those of one article are written together. An *alert* is a
message that is due; it has a *delivery* for each target.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.alerts.standing_search import StandingSearch, digest
from streams.records import Article
from streams.records.fields import Timestamp
from streams.search.highlight import Highlight, Range, marks, pieces
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.placed_words import PlacedWords
from streams.words.letters import MARKS

MOST_ARTICLES = 50
MOST_STORIES = 20
MOST_DIGEST_STORIES = 50
#: Searches in one record of `alerts.matches`: with two pieces of text each, a few hundred kilobytes.
MOST_SEARCHES = 200
_MOST_NAMES = 60
_UNREAD = re.compile(f"[{MARKS}\u0640]+")
_WORD = re.compile(r"\w+")
_NAME_TYPES = {"PER": "person", "ORG": "organisation"}


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _MatchedArticle(_Record):
    """What all matches of an article have in common."""

    article: str = Field(description="Id of the article.")
    story: str = Field(description="Id of its cluster.")
    relation: str = Field("first", description="Relation to the cluster's first article.")
    moment: Timestamp = Field(description="Time of its arrival in articles.raw.")
    outlet: str
    url: str
    title: str | None = None
    published_at: Timestamp | None = None
    places: tuple[str, ...] = Field((), description="Places named in the article.")
    text: str = Field("", description="Hash of the words of headline and text.")
    names: tuple[str, ...] = Field((), description="For `new-name`: names with their types, `person NAME`.")
    sentences: tuple[str, ...] = Field((), description="For `change`: the paragraphs of the text.")


class Match(_MatchedArticle):
    """One article that a standing search matches. Earlier versions wrote it to `alerts.matches` as it is."""

    type: Literal["match"] = "match"
    search: str = Field(description="Id of the standing search.")
    headline: Highlight | None = Field(None, description="The headline with the matching words.")
    excerpts: tuple[Highlight, ...] = Field((), description="Pieces of the text with the matching words.")
    history: bool = Field(False, description="Whether it only tells the search what came before it.")
    section: str | None = Field(None, description="For `digest`: name of the other search that it comes from.")


@dataclass(slots=True)  # tens of an article: a model takes ten times as long to make
class MatchingSearch:
    """One of the searches that match an article.

    Attributes:
        search: id of the standing search.
        kind: of its condition, by which it needs names or sentences.
        headline: number of its marks in the headline, in `ArticleMatches.headlines`.
        excerpts: number of its pieces of the text, in `ArticleMatches.excerpts`.
        section: for `digest`: name of the other search that it comes from.
    """

    search: str
    kind: str
    headline: int
    excerpts: int
    section: str | None = None


class ArticleMatches(_MatchedArticle):
    """An article with searches of one partition that match it. What several of them show is there once."""

    type: Literal["matches"] = "matches"
    headlines: tuple[tuple[Range, ...], ...] = Field((), description="Marks in the headline, in code points.")
    excerpts: tuple[tuple[Highlight, ...], ...] = Field((), description="Pieces of the text with the matching words.")
    searches: tuple[MatchingSearch, ...] = Field(description=f"At most {MOST_SEARCHES}.")

    def each(self) -> Iterator[Match]:
        """Yield the match of each search."""
        common = {name: getattr(self, name) for name in _COMMON}
        headlines = [
            Highlight.model_construct(text=self.title, marks=list(marks)) if self.title else None
            for marks in self.headlines
        ]
        for found in self.searches:
            yield Match.model_construct(
                **common,
                search=found.search,
                headline=headlines[found.headline],
                excerpts=self.excerpts[found.excerpts],
                names=self.names if found.kind == "new-name" else (),
                sentences=self.sentences if found.kind == "change" else (),
                section=found.section,
            )


_COMMON = tuple(_MatchedArticle.model_fields.keys() - {"names", "sentences"})


class Replay(_Record):
    """A request to send a dead delivery again."""

    type: Literal["replay"] = "replay"
    search: str
    delivery: str


Message = Annotated[ArticleMatches | Match | Replay, Field(discriminator="type")]
"""A record of the topic `alerts.matches`."""


class Mention(_Record):
    """An article of a story in an alert."""

    article: str = Field(description="Id of the article.")
    outlet: str = Field(description="The outlet's short name.")
    url: str
    title: str | None = None
    moment: Timestamp = Field(description="Time of its arrival.")
    relation: str = "first"


class AlertStory(_Record):
    """A story in an alert: the first matching article of it, and the other outlets that have it."""

    clusters: tuple[str, ...] = Field(description="Ids of its cluster, past and present.")
    title: str | None = None
    outlet: str
    url: str
    moment: Timestamp = Field(description="Time of its first arrival.")
    published_at: Timestamp | None = None
    headline: Highlight | None = None
    excerpts: tuple[Highlight, ...] = ()
    places: tuple[str, ...] = ()
    articles: tuple[Mention, ...] = Field((), description=f"Matching articles, the first {MOST_ARTICLES}.")
    count: int = Field(1, description="Number of matching articles.")
    searches: tuple[str, ...] = Field((), description="For `digest`: names of the searches that it comes from.")

    @property
    def outlets(self) -> list[str]:
        """The outlets that have it, in order of arrival."""
        return list(dict.fromkeys(mention.outlet for mention in self.articles))


class Alert(_Record):
    """A message that is due, as the topic `alerts` holds it."""

    id: str = Field(description="Unique, and the same when it is sent again.")
    search: str = Field(description="Id of the standing search.")
    revision: int = Field(1, description="Revision of the search.")
    owner: str = ""
    name: str = Field(description="Name of the search.")
    kind: str = Field(description="Kind of the condition.")
    moment: Timestamp = Field(description="When it became due: arrival of the article that caused it, or a deadline.")
    reason: str = Field(description="Why it is due, in one sentence.")
    numbers: dict[str, float] = Field(
        default_factory=dict, description="The numbers of the reason: count, minutes, hours, expected."
    )
    of: str = Field("stories", description="What `numbers.count` counts.")
    stories: tuple[AlertStory, ...] = Field(
        (), description=f"The stories, the first {MOST_STORIES}; {MOST_DIGEST_STORIES} of a digest."
    )
    count: int = Field(0, description="Number of stories.")
    detail: tuple[str, ...] = Field((), description="What is new or changed, line by line.")


class StoryState(_Record):
    """What is known of one story of a search."""

    story: AlertStory
    alert: str | None = Field(None, description="Id of the alert that has it.")
    known: dict[str, str] = Field(default_factory=dict, description="Hash of the text of each article, by id.")
    versions: dict[str, tuple[str, tuple[str, ...]]] = Field(
        default_factory=dict, description="For `change`: headline and hashes of the paragraphs, by URL."
    )
    touched: Timestamp = Field(description="Arrival of its latest article.")

    @property
    def key(self) -> str:
        """Its first cluster."""
        return self.story.clusters[0]


class Arrival(_Record):
    """One article in the time that a condition looks at."""

    moment: Timestamp
    article: str
    story: str
    outlet: str


class Tally(_Record):
    """What a condition remembers of its search."""

    since: Timestamp | None = Field(None, description="Beginning of what is known of the search.")
    last_match: Timestamp | None = None
    last_alert: Timestamp | None = None
    window: tuple[Arrival, ...] = ()
    waiting: tuple[str, ...] = Field((), description="Stories for the next alert, while it has to wait.")
    digested: Timestamp | None = Field(None, description="Time of the last digest, whether it had anything or not.")
    hours: dict[int, int] = Field(default_factory=dict, description="New stories by hours since the epoch.")
    names: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Names with the stories that have them, as far as the condition counts."
    )
    silent: bool = Field(False, description="Whether the present silence was told.")
    quiet: tuple[str, ...] = Field((), description="Watched sources that were told to be quiet.")


class Judged(_Record):
    """What a search remembers beside its stories, and the stories that the latest batch changed.

    One record, so that a process that dies while it writes them cannot leave a part behind.
    """

    tally: Tally
    stories: tuple[StoryState, ...] = ()


DeliveryState = Literal["pending", "delivered", "dead", "cancelled"]


class Delivery(_Record):
    """The state of one alert for one target, as the topic `alerts.deliveries` holds it."""

    id: str = Field(description="Id of the alert, a dot, and the hash of the target.")
    search: str
    alert: str
    owner: str = ""
    to: str = Field(description="The target, without what may be secret in it.")
    state: DeliveryState = "pending"
    attempts: int = Field(0, description="Number of attempts.")
    created_at: Timestamp
    first_attempt: Timestamp | None = None
    next_attempt: Timestamp | None = Field(None, description="Time of the next attempt.")
    ended_at: Timestamp | None = Field(None, description="When it was delivered or given up.")
    fault: str | None = Field(None, description="Why the last attempt failed.")


def delivery_id(alert: str, target: str) -> str:
    """Return the id of the delivery of an alert to a target."""
    return f"{alert}.{digest(target)[:8]}"


def match_article(search: StandingSearch, matcher: LiveMatcher, text: ArticleText, *, history: bool = False) -> Match:
    """Describe an article that a search matches.

    Args:
        search: the standing search.
        matcher: of the search.
        text: the article.
        history: whether it came before the search.
    """
    (together,) = match_together([(search, matcher, None)], text, lambda _: 0)
    (match,) = together.each()
    return match.model_copy(update={"history": True}) if history else match


def match_together(
    found: Iterable[tuple[StandingSearch, LiveMatcher, str | None]], text: ArticleText, part: Callable[[str], int]
) -> list[ArticleMatches]:
    """Describe an article that searches match.

    Args:
        found: each standing search, what its marks are found by, and for a digest the section.
        text: the article.
        part: returns the part of a search by its id. Each record has searches of one part.
    """
    article = text.article
    title, body = text.words.get("title", PlacedWords()), text.words.get("body", PlacedWords())
    parts: defaultdict[int, list[tuple[StandingSearch, tuple[Range, ...], tuple[Range, ...], str | None]]]
    parts = defaultdict(list)
    marked: LiveMatcher | None = None
    in_title, in_body = tuple[Range, ...](), tuple[Range, ...]()
    for search, matcher, section in found:
        if matcher is not marked:  # a digest has the marks of the search before it
            marked, wanted = matcher, matcher.wanted
            in_title, in_body = tuple(marks(title, wanted, "title")), tuple(marks(body, wanted, "body"))
        parts[part(search.id)].append((search, in_title, in_body, section))
    common = _common(article) if parts else {}
    return [
        _together(article, common, each[first : first + MOST_SEARCHES])
        for each in parts.values()
        for first in range(0, len(each), MOST_SEARCHES)
    ]


def _together(
    article: Article,
    common: dict[str, Any],
    each: list[tuple[StandingSearch, tuple[Range, ...], tuple[Range, ...], str | None]],
) -> ArticleMatches:
    headlines: dict[tuple[Range, ...], int] = {}
    excerpts: dict[tuple[Range, ...], int] = {}
    kinds = set()
    searches = []
    for search, in_title, in_body, section in each:
        kind = search.when.kind
        kinds.add(kind)
        searches.append(
            MatchingSearch(
                search=search.id,
                kind=kind,
                headline=headlines.setdefault(in_title, len(headlines)),
                excerpts=excerpts.setdefault(in_body, len(excerpts)),
                section=section,
            )
        )
    return ArticleMatches.model_construct(
        **common,
        names=_names(article) if "new-name" in kinds else (),
        sentences=tuple(article.body.split("\n")) if "change" in kinds else (),
        headlines=tuple(headlines),
        excerpts=tuple(tuple(pieces(article.body, found)) for found in excerpts),
        searches=tuple(searches),
    )


def _common(article: Article) -> dict[str, Any]:
    """What all matches of an article have in common. All of it was validated with the article."""
    return {
        "article": article.id,
        "story": article.cluster.id if article.cluster is not None else article.id,
        "relation": article.cluster.relation if article.cluster is not None else "first",
        "moment": article.ingested_at,
        "outlet": article.source,
        "url": article.url,
        "title": article.title,
        "published_at": article.published_at,
        "places": tuple(dict.fromkeys(place.name for place in article.places))[:10],
        "text": words_hash(article.title or "", article.body),
    }


def _names(article: Article) -> tuple[str, ...]:
    found = [f"{_NAME_TYPES[e.type]} {e.name}" for e in article.entities if e.type in _NAME_TYPES]
    found += [f"place {place.name}" for place in article.places]
    return tuple(dict.fromkeys(found))[:_MOST_NAMES]


def words_hash(*texts: str) -> str:
    """Return a hash of the words of texts, which punctuation, spaces and vowel signs do not change."""
    return digest(*(" ".join(_WORD.findall(_UNREAD.sub("", text))) for text in texts))


def is_due(search: StandingSearch, article: Article) -> bool:
    """Return whether an article may cause an alert of a search: it arrived after it, and is recent enough."""
    if search.paused or article.ingested_at < search.created_at:
        return False
    return is_recent(search, article)


def is_recent(search: StandingSearch, article: Article) -> bool:
    """Return whether an article was published recently enough before its arrival."""
    if search.max_age_hours is None:
        return True
    return age_hours(article.ingested_at, article.appeared_at) <= search.max_age_hours


def age_hours(arrived: datetime, appeared: datetime) -> float:
    """Return the hours between publication and arrival."""
    return (arrived - appeared).total_seconds() / 3600
