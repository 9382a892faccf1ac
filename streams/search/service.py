"""Runs searches on Elasticsearch: a request in, records out. Used by the command and the API."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError

from streams.elastic.client import error_text, make_client, translate_errors
from streams.elastic.templates import ensure_index, names
from streams.errors import QueryRefused, Retryable
from streams.kafka.clients import UNAVAILABLE_ERRORS
from streams.observability.logs import get_logger
from streams.records import Article
from streams.search import query, suggest
from streams.search import stories as story_search
from streams.search import versions as version_search
from streams.search.completion import Completion, build_completion, read_completion
from streams.search.explain import Explanation, explain
from streams.search.facets import KINDS, add_missing, missing_names, printed_names, read_variants, with_printed_names
from streams.search.hits import (
    Marked,
    SearchPage,
    Story,
    is_partial,
    outline,
    read_article,
    read_folds,
    read_marked,
    read_page,
    read_story,
)
from streams.search.request import F, Filters, SearchRequest
from streams.search.source_scope import SourceScope
from streams.search.suggest import FEW, Suggestion
from streams.search.versions import VersionText
from streams.settings import Settings
from streams.sources.watch.store import Directory, read_existing
from streams.words.names import name_key
from streams.words.terms import text_words

DIRECTORY_SECONDS = 3.0
# Elasticsearch allocates the shards of a new index within about a second, and answers searches of it 503 until then.
ALLOCATION_SECONDS = 10
# Shards of an index that is older than this are missing for another reason, which waiting does not help.
NEW_SECONDS = 60.0

log = get_logger(__name__)


class Searcher:
    """Runs searches on the read alias.

    Args:
        client: the Elasticsearch client; the caller closes it.
        settings: names of aliases, and the address for messages.
        scope: the directory of sources, for collections and for what the answers cover; by default it is unknown.
    """

    def __init__(self, client: AsyncElasticsearch, settings: Settings, scope: SourceScope | None = None) -> None:
        self.client = client
        self.scope = scope or SourceScope(lambda: None)
        self.settings = settings
        self._alias = names(settings).read
        self._allocating = asyncio.Lock()

    async def search(self, request: SearchRequest) -> SearchPage:
        """Return one page of hits.

        Raises:
            Retryable: Elasticsearch is unavailable or overloaded.
            QueryRefused: Elasticsearch refuses the query.
            UnknownCollectionError: a collection has no source.
        """
        page = await self._page(request)
        page.coverage = self.scope.coverage(request)
        if request.explain:
            shown = (request.relax() if page.relaxed else None) or request
            for hit in page.hits:
                # In a thread: reading a long article takes long enough to hold up other requests.
                hit.explanation = await asyncio.to_thread(explain, hit.article, shown, self.scope)
        if request.suggest and request.position() is None and not page.partial and (page.relaxed or page.total <= FEW):
            try:
                page.did_you_mean = await self._suggestions(request, 0 if page.relaxed else page.total)
            except (Retryable, QueryRefused) as error:
                log.warning("no corrections are suggested", cause=str(error))
        return page

    async def _suggestions(self, request: SearchRequest, total: int) -> list[Suggestion]:
        """Return corrected queries that find more than `total` articles."""
        words = suggest.typed_words(request)
        if not words:
            return []
        counts = suggest.read_counts(await self._run(suggest.build_known(words)))
        # What a server that ran out of time did not count is taken for known.
        known = [counts.get(str(number), FEW + 1) for number in range(len(words))]
        rare = [number for number, count in enumerate(known) if count <= FEW]
        if not rare:
            return []
        answer = await self._run(suggest.build_proposals(request, words, rare))
        tried = suggest.corrections(suggest.read_proposals(request, words, known, answer))
        examples = await self._run(suggest.build_printed(suggest.new_forms(tried)))
        spelling = await asyncio.to_thread(suggest.read_printed, examples)
        corrected = [request.corrected(one.text(request.q, words, spelling)) for one in tried]
        resolved = {one.q: self.scope.resolve(one) for one in corrected if one is not None}
        totals = suggest.read_counts(await self._run(suggest.build_totals(list(resolved.values()))))
        better = [Suggestion(q=q, total=totals.get(str(number), 0)) for number, q in enumerate(resolved)]
        return [one for one in better if one.total > total][: suggest.MOST]

    async def explain(self, article_id: str, filters: Filters) -> Explanation | None:
        """Return why an article matches a search or does not; None if there is no such article.

        Raises like `article`.
        """
        found = await self.article(article_id)
        if found is None:
            return None
        return await asyncio.to_thread(explain, found, await self.effective(filters), self.scope)

    async def _page(self, request: SearchRequest) -> SearchPage:
        answer, request = await self._relaxing(request, query.build_search)
        folds = read_folds(answer) if request.fold else []
        if not folds:
            return read_page(answer, request)
        # While Elasticsearch counts, this process reads the hits.
        stories, firsts, marked = await asyncio.gather(
            self._run(query.build_stories(request, folds)),
            self._run(query.build_firsts(folds)),
            self._read_hits(answer, request),
        )
        return read_page(answer, request, stories, firsts, marked)

    async def _read_hits(self, answer: Mapping[str, Any], request: SearchRequest) -> list[Marked]:
        marked = []
        wanted = request.wanted()
        for hit in answer["hits"]["hits"]:
            # An article takes milliseconds. Other requests, and answers that arrived, come between.
            await asyncio.sleep(0)
            marked.append(read_marked(hit, wanted))
        return marked

    async def article(self, article_id: str) -> Article | None:
        """Return an article by id, or None. Raises like `search`, and `Retryable` if not all shards were asked."""
        answer = await self._run(query.build_article(article_id))
        hits = answer["hits"]["hits"]
        if not hits and is_partial(answer):
            raise Retryable("a part of the index did not answer, and the article may be there")
        return read_article(hits[0]["_source"]) if hits else None

    async def story(self, article: Article, size: int) -> Story:
        """Return the cluster of an article, with at most `size` of its copies. Raises like `article`."""
        if article.cluster is None:
            return Story(total=0, copies=[], first=outline(article), first_is_sure=article.published_at is not None)
        answer = await self._run(query.build_copies(article.cluster.id, article.id, max(1, size)))
        if is_partial(answer):
            raise Retryable("a part of the index did not answer, and copies may be there")
        return read_story(article, answer, size)

    async def growing(self, filters: Filters, until: datetime, minutes: int, size: int) -> story_search.GrowingStories:
        """Return the stories that outlets joined within a window, the fastest first.

        Args:
            filters: an article of the window must pass them; the story's other articles need not.
            until: end of the window.
            minutes: its length.
            size: maximum number of stories.

        Raises like `search`.
        """
        filters = self.scope.resolve(filters)
        answers = [await self._run(story_search.build_candidates(filters, until - timedelta(minutes=minutes)))]
        if folds := story_search.read_candidates(answers[0]):
            answers.append(await self._run(story_search.build_growth(folds, until, minutes)))
        return story_search.read_growth(answers, until, minutes, size)

    async def complete(self, typed: str, size: int) -> list[Completion]:
        """Return the most frequent names of which a word begins as typed. Raises like `search`."""
        return read_completion(await self._run(build_completion(typed, size)), size)

    async def variants(self, filters: Filters, facet: str, name: str) -> list[tuple[str, int]]:
        """Return how articles print a name, each form with its number of articles, the most frequent first.

        Args:
            filters: of the articles.
            facet: `persons` or `organisations`.
            name: in any of its forms.

        Raises like `search`.
        """
        kind = KINDS[facet]
        key = name_key(name, kind)
        resolved = self.scope.resolve(filters)
        field, keyed = query.PRINTED_NAMES[facet], query.FACETS[facet]
        return read_variants(await self._run(query.build_printed_names(resolved, field, keyed, [key])), key, kind)

    async def members(self, cluster: str, size: int) -> tuple[list[Article], int]:
        """Return the articles of a story in the order in which they appeared, at most `size`, and how many there are.

        Raises like `article`.
        """
        answer = await self._run(story_search.build_members(cluster, size))
        if is_partial(answer):
            raise Retryable("a part of the index did not answer, and articles of the story may be there")
        hits = answer["hits"]
        return [read_article(hit["_source"]) for hit in hits["hits"]], hits["total"]["value"]

    async def versions(self, article: Article) -> tuple[list[VersionText], int]:
        """Return the texts that an article had, in order of time, at most the newest hundred, and how many there are.

        Those under another headline at the same address count, if they belong to the same story. Raises like `article`.
        """
        others, own = await asyncio.gather(
            self._run(version_search.build_same_address(article)), self._earlier([article.id])
        )
        articles = [article, *(read_article(hit["_source"]) for hit in others["hits"]["hits"])]
        answers = [own] if len(articles) == 1 else [own, await self._earlier([one.id for one in articles[1:]])]
        if any(map(is_partial, (others, *answers))):
            raise Retryable("a part of the index did not answer, and versions may be there")
        earlier = [version for answer in answers for version in version_search.read_earlier(answer)]
        found = version_search.in_order(articles, earlier)
        if len(found) < version_search.MOST:
            return found, len(found)
        return found, 1 + sum(answer["hits"]["total"]["value"] for answer in (others, *answers))

    async def changed(self, articles: Sequence[Article]) -> set[str]:
        """Return the ids of those articles of a story that have more than one version, as `versions` finds them.

        Raises like `article`.
        """
        answer = await self._ask_versions(version_search.build_changed([article.id for article in articles]))
        if is_partial(answer):
            raise Retryable("a part of the index did not answer, and versions may be there")
        at_address = Counter(article.url for article in articles)
        return version_search.read_changed(answer) | {one.id for one in articles if at_address[one.url] > 1}

    async def _earlier(self, article_ids: Sequence[str]) -> Mapping[str, Any]:
        return await self._ask_versions(version_search.build_earlier(article_ids))

    async def _ask_versions(self, body: query.Body) -> Mapping[str, Any]:
        with translate_errors(self.settings):
            # There is no such index before the first article was written by this release.
            return dict(
                await self.client.search(index=names(self.settings).versions, body=body, ignore_unavailable=True)
            )

    async def known(self, urls: Sequence[str]) -> set[str]:
        """Return which of at most 1,000 addresses an article has. Raises like `article`."""
        answer = await self._run(query.build_known(urls))
        if is_partial(answer):
            raise Retryable("a part of the index did not answer, and articles may be there")
        return {hit["_source"]["url"] for hit in answer["hits"]["hits"]}

    async def facets(self, filters: Filters, size: int, *, fold: bool = False) -> Mapping[str, Any]:
        """Return the response to `build_facets`, names as the articles print them most often, and whether it is
        `relaxed`. Raises like `search`.
        """
        return await self._with_names(filters, lambda f: query.build_facets(f, size, fold=fold))

    async def overview(
        self, filters: Filters, size: int, names: Collection[str], interval: query.Interval, zone: str
    ) -> Mapping[str, Any]:
        """Return the response to `build_overview`; otherwise as `facets`."""
        return await self._with_names(filters, lambda f: query.build_overview(f, size, names, interval, zone))

    async def _with_names(self, filters: Filters, build: Callable[[Filters], query.Body]) -> Mapping[str, Any]:
        answer, filters = await self._relaxing(filters, build)
        printed = printed_names(answer)
        missing = missing_names(answer, printed)
        asked = (
            query.build_printed_names(filters, query.PRINTED_NAMES[facet], query.FACETS[facet], keys)
            for facet, keys in missing.items()
        )
        found = await asyncio.gather(*map(self._run, asked))
        for (facet, keys), forms in zip(missing.items(), found, strict=True):
            add_missing(printed, facet, keys, forms)
        return {**with_printed_names(answer, printed), "relaxed": filters.relaxed}

    async def timeline(self, filters: Filters, interval: query.Interval, zone: str) -> Mapping[str, Any]:
        """Return the response to `build_timeline`, and whether it is `relaxed`. Raises like `search`."""
        return await self._counted(filters, lambda f: query.build_timeline(f, interval, zone))

    async def map(self, filters: Filters, zoom: int, size: int) -> Mapping[str, Any]:
        """Return the response to `build_map`, and whether it is `relaxed`. Raises like `search`."""
        return await self._counted(filters, lambda f: query.build_map(f, zoom, size))

    async def _counted(self, filters: F, build: Callable[[F], query.Body]) -> Mapping[str, Any]:
        answer, effective = await self._relaxing(filters, build)
        return {**answer, "relaxed": effective.relaxed}

    async def effective(self, filters: F) -> F:
        """Return the filters as searches apply them.

        Their collections are resolved, and they are relaxed if no article has enough of the words. Raises like
        `search`.
        """
        filters = self.scope.resolve(filters)
        if filters.relax() is None:
            return filters
        return (await self._relaxing(filters, query.build_count))[1]

    async def _relaxing(self, filters: F, build: Callable[[F], query.Body]) -> tuple[Mapping[str, Any], F]:
        """Ask, and ask again with fewer words needed if nothing matches.

        Returns:
            The answer, and the filters that it is for.
        """
        filters = self.scope.resolve(filters)
        answer = await self._run(build(filters))
        relaxed = filters.relax() if not answer["hits"]["total"]["value"] and not is_partial(answer) else None
        return (answer, filters) if relaxed is None else (await self._run(build(relaxed)), relaxed)

    async def _run(self, body: query.Body) -> Mapping[str, Any]:
        with translate_errors(self.settings):
            try:
                return await self._ask(body)
            except ApiError as error:
                if error.meta.status == 400:
                    raise QueryRefused(error_text(error)) from error
                raise

    async def _ask(self, body: query.Body) -> Mapping[str, Any]:
        for _ in range(2):  # an index that this search creates is not allocated at once, either
            try:
                return dict(await self.client.search(index=self._alias, body=body))
            except NotFoundError:
                # Nothing was ever indexed. An empty index gives an empty page instead of an error.
                await ensure_index(self.client, self.settings)
            except ApiError as error:
                if error.meta.status != 503 or not await self._allocated():
                    raise
        return dict(await self.client.search(index=self._alias, body=body))

    async def _allocated(self) -> bool:
        """Wait for the shards of an index that was just created.

        Returns:
            Whether it is worth asking again: all primary shards are there now, and the index is new.
        """
        # One wait for all: parts of a page are asked for at the same time.
        async with self._allocating:
            stored = await self.client.indices.get_settings(index=self._alias, name="index.creation_date")
            created = max(int(one["settings"]["index"]["creation_date"]) / 1000 for one in stored.values())
            if time.time() - created > NEW_SECONDS:
                return False
            if await self._health(0) == "red":
                log.warning("waiting for the index, which is being created", seconds=ALLOCATION_SECONDS)
                return await self._health(ALLOCATION_SECONDS) != "red"
            return True

    async def _health(self, seconds: int) -> str:
        """Return the status of the index, after waiting until its primary shards are there or the time is over."""
        patient = self.client.options(ignore_status=408, request_timeout=self.settings.elasticsearch_timeout + seconds)
        waiting = await patient.cluster.health(index=self._alias, wait_for_status="yellow", timeout=f"{seconds}s")
        return str(waiting["status"])


def load_words() -> None:
    """Load the lists of words and places, for which the first search would wait about a second otherwise."""
    query.build_query(Filters(q="قال Rasd", place=("بيروت",)))
    text_words("قال Rasd")


@asynccontextmanager
async def open_searcher(settings: Settings, scope: SourceScope | None = None) -> AsyncIterator[Searcher]:
    """Open a searcher with a client of its own, which is closed at the end. See `Searcher` for the scope."""
    client = make_client(settings)
    try:
        yield Searcher(client, settings, scope)
    finally:
        await client.close()


@asynccontextmanager
async def open_scoped_searcher(settings: Settings, filters: Filters) -> AsyncIterator[Searcher]:
    """Open a searcher for these filters, for code that asks once.

    The directory of sources is read first. Unless the filters name collections, it does without if Kafka does not
    answer within `DIRECTORY_SECONDS`.

    Raises:
        Retryable: the directory is needed, and Kafka does not answer.
    """
    directory: Directory | None = None
    try:
        async with asyncio.timeout(None if filters.collection else DIRECTORY_SECONDS):
            directory = await read_existing(settings)
    except (Retryable, *UNAVAILABLE_ERRORS):
        if filters.collection:
            raise
    async with open_searcher(settings, SourceScope(lambda: directory)) as searcher:
        yield searcher


def search_once(settings: Settings, request: SearchRequest) -> SearchPage:
    """Run one search from code without an event loop. Raises like `Searcher.search` and `open_scoped_searcher`."""

    async def run() -> SearchPage:
        async with open_scoped_searcher(settings, request) as searcher:
            return await searcher.search(request)

    return asyncio.run(run())
