"""A story: who had it when, who took it from whom, what was changed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence

from fastapi.responses import Response

from streams.api import stories
from streams.api.dependencies import Shared
from streams.api.desk import charts
from streams.api.desk.filtering import NAME_FILTERS, NAME_KINDS
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.records import Article
from streams.words.names import name_key

router = make_router()

STORY_NAMES = 24


@router.get(HOME + "/stories/{story_id:path}")
async def story(state: Shared, visit: Visiting, story_id: str) -> Response:
    """Show a story: who had it when, who took it from whom, and what was changed."""
    here, display = visit.here, visit.display
    with state.searches.slot():
        members, total = await stories.find_members(state, story_id)
        several_versions = await state.searcher.changed(members)
    lineage = await asyncio.to_thread(stories.trace_lineage, story_id, members, total, several_versions)
    by_id = {article.id: article for article in members}
    changed: stories.Differences | None = None
    if len(members) > 1:
        earlier = by_id.get((here.values("earlier") or [""])[-1], members[0])
        later = by_id.get((here.values("later") or [""])[-1], members[-1])
        changed = await asyncio.to_thread(stories.compare, earlier, later)
    return visit.render(
        "story.html",
        lineage=lineage,
        first=members[0],
        newest=members[-1],
        by_id=by_id,
        changed=changed,
        lanes=charts.lanes(
            [(article.source, article.listed_at, article.id) for article in members],
            display.direction == "rtl",
        ),
        names=_frequent(members),
        filters=NAME_FILTERS,
        linked=_linked_data(members[0], members[-1]),
    )


def _frequent(members: Sequence[Article]) -> list[tuple[str, str, int]]:
    """Return kind, name and number of articles of the names in a story, the most frequent first.

    Spellings of one name are counted together, and the most frequent one is shown.
    """
    counted: Counter[tuple[str, str]] = Counter()
    printed: dict[tuple[str, str], Counter[str]] = {}
    for article in members:
        found = {(entity.type.lower(), entity.name) for entity in article.entities if entity.type != "LOC"}
        keys = set()
        for kind, name in found | {("place", place.name) for place in article.places}:
            names = NAME_KINDS.get(NAME_FILTERS[kind])
            key = (kind, name_key(name, names) if names else name)
            printed.setdefault(key, Counter())[name] += 1
            keys.add(key)
        # Sets have no order: of what is equally frequent, the first by letter.
        counted.update(sorted(keys))
    return [
        (kind, min(printed[kind, key].items(), key=lambda one: (-one[1], one[0]))[0], count)
        for (kind, key), count in counted.most_common(STORY_NAMES)
    ]


def _linked_data(first: Article, newest: Article) -> str:
    """Return a story as schema.org's NewsArticle, with nothing in it that could end a script element."""
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": first.title,
        "inLanguage": first.language,
        "datePublished": first.appeared_at.isoformat(),
        "dateModified": newest.appeared_at.isoformat(),
        "url": first.url,
        "publisher": {"@type": "Organization", "name": first.source},
        "author": {"@type": "Person", "name": first.byline} if first.byline else None,
        "contentLocation": [{"@type": "Place", "name": place.name} for place in first.places] or None,
    }
    known = {name: value for name, value in data.items() if value is not None}
    return json.dumps(known, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
