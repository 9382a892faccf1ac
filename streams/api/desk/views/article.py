"""An article with its names, its story, and what was done to it."""

from __future__ import annotations

import asyncio

from fastapi.responses import Response

from streams.api import articles as api
from streams.api import versions
from streams.api.dependencies import Shared
from streams.api.desk.filtering import NAME_FILTERS
from streams.api.desk.passages import names_of, paragraphs
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.search.highlight import READ, marks
from streams.search.request import Filters
from streams.search.versions import VersionDifferences, compare
from streams.words.index import article_words

router = make_router()

ARTICLE_COPIES = 100


@router.get(HOME + "/articles/{article_id:path}")
async def article(state: Shared, visit: Visiting, article_id: str) -> Response:
    """Show an article with its names, its story, and what was done to it."""
    with state.searches.slot():
        shown = await api.known_article(state, article_id)
        found, (texts, texts_total) = await asyncio.gather(
            api.with_copies(state, shown, ARTICLE_COPIES), state.searcher.versions(shown)
        )
    changed: VersionDifferences | None = None
    if len(texts) > 1:
        earlier, later = (next(iter(visit.here.values(name)), None) for name in ("earlier", "later"))
        changed = await asyncio.to_thread(compare, *versions.find_pair(texts, earlier, later))
    query = Filters(q=(visit.here.values("q") or [""])[-1])
    words = article_words(shown.model_dump(mode="python", include=READ)) if query.q else {}
    wanted = query.wanted()
    return visit.render(
        "article.html",
        found=found,
        article=shown,
        title_marks=marks(words.get("title", []), wanted) if words else [],
        paragraphs=paragraphs(shown.body, names_of(shown), marks(words.get("body", []), wanted) if words else []),
        filters=NAME_FILTERS,
        versions=texts,
        versions_total=texts_total,
        changed=changed,
        removed=shown.trace["clean"].removed if "clean" in shown.trace else None,
    )
