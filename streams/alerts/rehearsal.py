"""Replay a search over the past: what it would have told, by the same matcher and the same rules.

The articles come from the index; the matcher equals the index term for term, so that the same articles are judged as
would have been live. Clusters are those that the articles have now: two stories that were told apart and became one
later are one here.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError
from pydantic import BaseModel, Field, JsonValue

from streams.alerts.message import payload
from streams.alerts.records import Alert, Match, is_recent, match_article
from streams.alerts.rules import SearchMemory
from streams.alerts.standing_search import SearchSettings, StandingSearch, new_search
from streams.alerts.store import MATCHES, alert_specs, open_writer
from streams.elastic.client import error_text, make_client, translate_errors
from streams.elastic.templates import ensure_index, names
from streams.errors import QueryRefused
from streams.kafka.clients import create_topics
from streams.kafka.clients import translate_errors as kafka_errors
from streams.records import Article
from streams.records.fields import Timestamp
from streams.search.hits import read_article
from streams.search.live.follow import open_scope
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.query import HELPERS, build_query
from streams.search.request import Filters
from streams.search.source_scope import SourceScope
from streams.search.wanted import Wanted, WantedFilter, WantedPhrase, WantedPrefix, WantedWord
from streams.settings import Settings

By = Literal["arrival", "publication"]
DAYS = 30
#: Articles that are replayed at most, the newest.
MOST_ARTICLES = 5000
EXAMPLES = 5
LISTED = 10
_PAGE = 250
_KEEP_ALIVE = "2m"
_FIELDS: dict[By, str] = {"arrival": "ingested_at", "publication": "@timestamp"}
# Filters of which an article needs one value; each value is tried alone.
_CHOICES = ("place", "country", "person", "organisation", "source", "language")


class Day(BaseModel):
    """The alerts of one day, in the time zone of the search."""

    date: str = Field(description="ISO 8601 date.")
    alerts: int


class Share(BaseModel):
    """What an outlet, or a part of the search, brings."""

    name: str = Field(description="The outlet; or the word, phrase or value of a filter, as the search has it.")
    articles: int = Field(description="Matching articles of it; of a part, those that match by it alone.")
    stories: int = Field(description="The same in stories.")
    alerts: int | None = Field(None, description="Of a part: alerts that would be left without it.")
    fewer: float | None = Field(None, description="Of a part: the share of alerts that it alone brings, 0 to 1.")


class Rehearsal(BaseModel):
    """What a standing search would have told."""

    since: Timestamp = Field(description="Beginning of the time that was replayed.")
    until: Timestamp = Field(description="End of it.")
    complete: bool = Field(description=f"Whether all matching articles were replayed; at most {MOST_ARTICLES} are.")
    articles: int = Field(description="Matching articles.")
    stories: int = Field(description="Stories they belong to; the others are copies.")
    alerts: int = Field(description="Alerts that would have been sent to each target.")
    alerts_a_day: float = Field(description="Mean number a day.")
    days: list[Day] = Field(description="Days with alerts.")
    outlets: list[Share] = Field(description=f"The outlets that bring most articles, at most {LISTED}.")
    parts: list[Share] = Field(
        description="Words, phrases and values of filters without which the rest would still be a search, those that "
        "bring most alerts first."
    )
    examples: list[JsonValue] = Field(description=f"The newest alerts, at most {EXAMPLES}.")


@dataclass(frozen=True, slots=True)
class Replayed:
    """The matches of a search, and of each the parts of the search without which it would not match.

    Attributes:
        matches: in the order of their times.
        needed: for each match, names of parts.
    """

    matches: list[Match]
    needed: list[frozenset[str]]


class Past:
    """The articles of the past.

    Args:
        client: of Elasticsearch.
        settings: names of the index, and of topics.
        scope: the directory of sources, for collections.
    """

    def __init__(self, client: AsyncElasticsearch, settings: Settings, scope: SourceScope) -> None:
        self._client = client
        self._settings = settings
        self._scope = scope

    async def rehearse(
        self, wanted: SearchSettings, *, days: int = DAYS, by: By = "arrival", now: datetime | None = None
    ) -> Rehearsal:
        """Replay a search over the last days of the index.

        Args:
            wanted: the search.
            days: number of days.
            by: which time of an article counts: its arrival, as live; or its publication, for archives that were
                loaded at once.
            now: end of the time.

        Raises:
            Retryable: Elasticsearch is unavailable.
            QueryRefused: Elasticsearch refuses the query, or a digest has only what other searches find.
        """
        if wanted.when.kind == "digest" and wanted.filters == Filters():
            raise QueryRefused("this digest has nothing but the stories of other searches: rasd alerts digest shows it")
        until = now or datetime.now(UTC)
        articles, since = await self._read(wanted, until - timedelta(days=days), until, by)
        complete = since == until - timedelta(days=days)
        search = new_search(wanted, now=since)

        def work() -> Rehearsal:
            return report(search, replay(search, articles, self._scope), until, complete=complete)

        return await asyncio.to_thread(work)

    async def teach(self, search: StandingSearch, days: int = DAYS) -> int:
        """Tell a search that was just saved what came before it: matches that cause no alert.

        Returns:
            Their number.

        Raises:
            Retryable: Elasticsearch or Kafka is unavailable.
            QueryRefused: Elasticsearch refuses the query.
        """
        begin = search.created_at - timedelta(days=days)
        articles, _ = await self._read(search, begin, search.created_at, "arrival")
        replayed = await asyncio.to_thread(replay, search, articles, self._scope, history=True)
        await create_topics(self._settings, alert_specs(self._settings))
        async with open_writer(self._settings) as writer:
            with kafka_errors(self._settings):
                await writer.send(MATCHES, ((search.id, search.id, match) for match in replayed.matches))
        return len(replayed.matches)

    async def matches(self, search: StandingSearch, since: datetime, until: datetime) -> list[Match]:
        """Return the matches of articles that arrived in a time, at most the newest. Raises as `rehearse`."""
        articles, _ = await self._read(search, since, until, "arrival")
        return (await asyncio.to_thread(replay, search, articles, self._scope)).matches

    async def _read(
        self, wanted: SearchSettings, since: datetime, until: datetime, by: By
    ) -> tuple[list[Article], datetime]:
        """The matching articles in their order, and since when these are all."""
        filters = self._scope.resolve(wanted.filters)
        found = [article async for article in read_past(self._client, self._settings, filters, since, until, by)]
        articles = sorted((_timed(article, by) for article in found[:MOST_ARTICLES]), key=_order)
        return articles, articles[0].ingested_at if len(found) > MOST_ARTICLES else since


@asynccontextmanager
async def open_past(settings: Settings, filters: Filters) -> AsyncIterator[Past]:
    """Open the past with a client of its own; the directory of sources is read if the filters name collections."""
    client = make_client(settings)
    try:
        async with open_scope(settings, filters) as scope:
            yield Past(client, settings, scope)
    finally:
        await client.close()


def replay(
    search: StandingSearch, articles: Iterable[Article], scope: SourceScope, *, history: bool = False
) -> Replayed:
    """Match articles, as live; the caller has ordered them.

    Args:
        search: the search.
        articles: in the order of their times.
        scope: the directory of sources, for collections.
        history: whether they only tell the search what came before it.
    """
    matcher = LiveMatcher(search.filters, scope)
    parts = [] if history else list(_parts(matcher, scope))
    replayed = Replayed([], [])
    for article in articles:
        text = ArticleText(article)
        if is_recent(search, article) and matcher.matches(text):
            replayed.matches.append(match_article(search, matcher, text, history=history))
            replayed.needed.append(frozenset(name for name, without in parts if not without.matches(text)))
    return replayed


def judge(search: StandingSearch, matches: Iterable[Match], until: datetime) -> list[Alert]:
    """Return the alerts that matches cause, the oldest first."""
    memory = SearchMemory(search)
    for match in matches:
        memory.take(match)
    memory.advance(until)
    return sorted(memory.alerts.values(), key=lambda alert: (alert.moment, alert.id))


def report(search: StandingSearch, replayed: Replayed, until: datetime, *, complete: bool = True) -> Rehearsal:
    """Sum up a replay."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  (reads files)

    matches = replayed.matches
    alerts = judge(search, matches, until)
    days = Counter(alert.moment.astimezone(ZoneInfo(search.zone)).date().isoformat() for alert in alerts)
    outlets = Counter(match.outlet for match in matches)
    names = dict.fromkeys(name for needed in replayed.needed for name in sorted(needed))
    parts = [_part(name, search, replayed, len(alerts), until) for name in names]
    length = max((until - search.created_at) / timedelta(days=1), 1 / 24)
    return Rehearsal(
        since=search.created_at,
        until=until,
        complete=complete,
        articles=len(matches),
        stories=len({match.story for match in matches}),
        alerts=len(alerts),
        alerts_a_day=round(len(alerts) / length, 2),
        days=[Day(date=date, alerts=count) for date, count in sorted(days.items())],
        outlets=[
            Share(name=name, articles=count, stories=len({m.story for m in matches if m.outlet == name}))
            for name, count in outlets.most_common(LISTED)
        ],
        parts=sorted(parts, key=lambda part: -(part.fewer or 0.0))[:LISTED],
        examples=[payload(alert)["data"] for alert in alerts[-EXAMPLES:][::-1]],
    )


def _part(name: str, search: StandingSearch, replayed: Replayed, alerts: int, until: datetime) -> Share:
    pairs = list(zip(replayed.matches, replayed.needed, strict=True))
    alone = [match for match, needed in pairs if name in needed]
    left = len(judge(search, [match for match, needed in pairs if name not in needed], until))
    return Share(
        name=name,
        articles=len(alone),
        stories=len({match.story for match in alone}),
        alerts=left,
        fewer=round((alerts - left) / alerts, 3) if alerts else 0.0,
    )


def _parts(matcher: LiveMatcher, scope: SourceScope) -> Iterator[tuple[str, LiveMatcher]]:
    """Yield the search without each of its parts that it can do without: alternatives, and words of which one may be
    missing."""
    wanted, filters = matcher.wanted, matcher.filters
    if wanted.needed < len(wanted.words):
        for word in wanted.words:
            words = tuple(other for other in wanted.words if other != word)
            yield word.form, _with(matcher, words=words)
    for number, choice in enumerate(wanted.required):
        for one in choice if len(choice) > 1 else ():
            left = tuple(other for other in choice if other != one)
            required = (*wanted.required[:number], left, *wanted.required[number + 1 :])
            yield _name(one), _with(matcher, required=required)
    for field in _CHOICES:
        values = getattr(filters, field)
        for value in values if len(values) > 1 else ():
            fewer = filters.model_copy(update={field: tuple(other for other in values if other != value)})
            yield f"{field}:{value}", LiveMatcher(fewer, scope)


def _with(matcher: LiveMatcher, **changes: Any) -> LiveMatcher:
    changed = copy.copy(matcher)
    changed.wanted = replace(matcher.wanted, **changes)
    return changed


def _name(wanted: Wanted) -> str:
    if isinstance(wanted, WantedFilter):
        return f"{wanted.name}:{wanted.value}"
    if isinstance(wanted, WantedPrefix):
        return f"{wanted.prefixes[0]}*"
    if isinstance(wanted, WantedPhrase):
        return f"«{' '.join(options[0] for options in wanted.forms)}»"
    words: Sequence[WantedWord] = wanted.words
    return " ".join(word.form for word in words)


def _timed(article: Article, by: By) -> Article:
    return article if by == "arrival" else article.model_copy(update={"ingested_at": article.listed_at})


def _order(article: Article) -> tuple[datetime, str]:
    return article.ingested_at, article.id


async def read_past(  # noqa: PLR0917
    client: AsyncElasticsearch, settings: Settings, filters: Filters, since: datetime, until: datetime, by: By
) -> AsyncIterator[Article]:
    """Yield the matching articles of a time, the newest first, one more than MOST_ARTICLES at most.

    Raises:
        Retryable: Elasticsearch is unavailable.
        QueryRefused: Elasticsearch refuses the query.
    """
    field, alias = _FIELDS[by], names(settings).read
    span = {"range": {field: {"gte": since.isoformat(), "lt": until.isoformat()}}}
    body: dict[str, Any] = {
        "query": {"bool": {"must": [build_query(filters)], "filter": [span]}},
        "sort": [{field: "desc"}, {"id": "desc"}],
        "size": _PAGE,
        "track_total_hits": False,
        "_source": {"excludes": list(HELPERS)},
    }
    with translate_errors(settings):
        try:
            try:
                opened = await client.open_point_in_time(index=alias, keep_alive=_KEEP_ALIVE)
            except NotFoundError:
                await ensure_index(client, settings)
                opened = await client.open_point_in_time(index=alias, keep_alive=_KEEP_ALIVE)
            point = str(opened["id"])
            try:
                read = 0
                while read <= MOST_ARTICLES:
                    body["pit"] = {"id": point, "keep_alive": _KEEP_ALIVE}
                    answer = await client.search(body=body, allow_partial_search_results=False)
                    hits = answer["hits"]["hits"]
                    for hit in hits:
                        read += 1
                        yield read_article(hit["_source"])
                    if len(hits) < _PAGE:
                        return
                    body["search_after"] = hits[-1]["sort"]
            finally:
                await client.close_point_in_time(id=point)
        except ApiError as error:
            if error.meta.status == 400:
                raise QueryRefused(error_text(error)) from error
            raise
