"""Whether a rehearsal over the index tells what the matcher of the stream would have told.

    python -m benchmarks.alerts.rehearsal ../shared/corpus [--articles 3000] [--searches 200]

Articles of the corpus, a fifth of them copies, are written to an index of its own as if they had arrived evenly over
the last 30 days. Each search is rehearsed, and its articles go through the matcher and the rules of the stream in the
order of their arrival. Compared are the matching articles and stories, the alerts, their days, and the newest ones in
full. Of the searches a third alert on each story, a third with a pause of a day, a sixth when three stories match
within a day, a sixth after two days of silence.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from elasticsearch.helpers import async_bulk

from agents.index.documents import document
from benchmarks.alerts.searches import article_of, articles, searches, titles
from deploy.local.temporary import temporary_stack
from streams.alerts.matching import SearchMatcher
from streams.alerts.message import payload
from streams.alerts.records import Alert, Match
from streams.alerts.rehearsal import EXAMPLES, Past, Rehearsal, judge
from streams.alerts.standing_search import SearchSettings, StandingSearch
from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index, names
from streams.records import Article
from streams.search.source_scope import SourceScope
from streams.settings import Settings

DAYS = 30
SCOPE = SourceScope(lambda: None)
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"pause_minutes": 24 * 60},
    {"pause_minutes": 24 * 60},
    {"when": {"kind": "frequency", "count": 3, "minutes": 24 * 60}},
    {"when": {"kind": "silence", "hours": 48}},
)


def with_kinds(found: Sequence[StandingSearch], since: datetime) -> list[StandingSearch]:
    """Give the searches their conditions, and let them begin with the time that is rehearsed."""
    made = []
    for number, search in enumerate(found):
        fields = search.model_dump(by_alias=True, include=set(SearchSettings.model_fields), exclude={"filters"})
        filters = {"q": search.filters.q}
        settings = SearchSettings.model_validate(fields | {"filters": filters} | KINDS[number % len(KINDS)])
        made.append(search.changed(settings, since).model_copy(update={"created_at": since}))
    return made


def outcome(matches: Sequence[Match], alerts: Sequence[Alert]) -> dict[str, Any]:
    """Return what the stream tells, in the words of a rehearsal."""
    return {
        "articles": len(matches),
        "stories": len({match.story for match in matches}),
        "alerts": len(alerts),
        "days": dict(Counter(alert.moment.astimezone(UTC).date().isoformat() for alert in alerts)),
        "examples": [plain(payload(alert)["data"]) for alert in alerts[-EXAMPLES:][::-1]],
    }


def rehearsed(found: Rehearsal) -> dict[str, Any]:
    """Return what a rehearsal tells."""
    return {
        "articles": found.articles,
        "stories": found.stories,
        "alerts": found.alerts,
        "days": {day.date: day.alerts for day in found.days},
        "examples": [plain(example) for example in found.examples],
    }


def plain(alert: Any) -> dict[str, Any]:
    """Return an alert without what follows from the search's id and revision, which a rehearsal has not."""
    return {name: value for name, value in alert.items() if name not in {"id", "search", "revision"}}


async def run(settings: Settings, made: Sequence[Article], found: Sequence[StandingSearch], until: datetime) -> int:
    """Rehearse all searches, print the account, and return how many differ."""
    matcher = SearchMatcher(SCOPE)
    for search in found:
        matcher.put(search)
    matches: defaultdict[str, list[Match]] = defaultdict(list)
    for article in made:
        for together in matcher.match(article):
            for match in together.each():
                matches[match.search].append(match)
    client = make_client(settings)
    differing, total, alerts = 0, 0, 0
    try:
        await ensure_index(client, settings)
        index = names(settings).write
        actions = ({"_index": index, "_id": article.id, "_source": document(article)} for article in made)
        await async_bulk(client.options(request_timeout=120), actions, refresh=True)
        past = Past(client, settings, SCOPE)
        for search in found:
            rehearsal = await past.rehearse(search.settings(), days=DAYS, now=until)
            live = outcome(matches[search.id], judge(search, matches[search.id], until))
            total, alerts = total + live["articles"], alerts + live["alerts"]
            if not rehearsal.complete or rehearsed(rehearsal) != live:
                differing += 1
                print(f"differs: {search.filters.q} ({search.when.kind})")
    finally:
        await client.close()
    print(
        f"{len(found)} searches over {len(made)} articles, {total} matches, {alerts} alerts: "
        f"{differing} rehearsals differ from what the stream tells"
    )
    return differing


def main() -> None:
    """Read the arguments and run, on a stack of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--searches", type=int, default=200)
    given = parser.parse_args()
    # Whole seconds: the index keeps milliseconds.
    until = datetime.now(UTC).replace(microsecond=0)
    since = until - timedelta(days=DAYS)
    texts = articles(given.corpus, given.articles)
    made = [
        article_of(number, texts, since + timedelta(seconds=DAYS * 86_400 * number // given.articles))
        for number in range(given.articles)
    ]
    found = with_kinds(searches(titles(given.corpus), given.searches), since)
    with temporary_stack() as settings:
        if asyncio.run(run(settings, made, found, until)):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
