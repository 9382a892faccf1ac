"""Articles that are shown before they are in the index."""

from streams.search.live.follow import live_hit
from streams.search.live.matcher import LiveMatcher
from streams.search.request import Filters
from tests.support.articles import article


def test_a_live_hit_has_no_score_and_no_more_than_the_article() -> None:
    hit = live_hit(article(subtitle="دور نشر عربية"), LiveMatcher(Filters(q="معرض")).wanted)
    assert hit.score is None
    assert hit.highlights.title is not None
    assert hit.highlights.title.marks == [(7, 11)]
    assert hit.highlights.subtitle is not None
    assert hit.highlights.subtitle.marks == []
    assert hit.highlights.body[0].text == article().body
