"""What searches find on the real Elasticsearch, and that the live feed's matcher agrees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from streams.api.counts import FacetRequest, count_overview, count_values, fit_timeline
from streams.api.tiles import collection
from streams.elastic.templates import names
from streams.errors import QueryRefused
from streams.records import Article
from streams.search.analysis import analyzer, name_normalizer
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters, SearchRequest
from streams.search.service import Searcher
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from streams.sources.watch.directory import Kind, WatchedSource
from streams.sources.watch.store import Directory
from streams.words.index import families_text, forms_text
from streams.words.terms import text_words
from tests.pipeline.search.conftest import store
from tests.support.articles import article

CITIES = {
    "عدن": {"name_en": "Aden", "country": "YE", "lat": 12.78, "lon": 45.03, "geonameid": 415189},
    "القاهرة": {"name_en": "Cairo", "country": "EG", "lat": 30.06, "lon": 31.25, "geonameid": 360630},
    "باريس": {"name_en": "Paris", "country": "FR", "lat": 48.85, "lon": 2.35, "geonameid": 2988507},
}


def _article(number: int, title: str, body: str, *places: str, **fields: Any) -> Article:
    resolved = [{"name": name, "kind": "city", "confidence": 1, "mentions": []} | CITIES[name] for name in places]
    return article(
        id=f"a{number}",
        url=f"https://almina.example.com/{number}",
        title=title,
        body=body,
        places=resolved,
        geo=[{"lat": place["lat"], "lon": place["lon"]} for place in resolved],
        published_at=f"2024-02-{number:02}T08:00:00Z",
        ingested_at=f"2024-02-13T04:05:{number:02}Z",
        **fields,
    )


def _entities(*named: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"text": n, "type": t, "start": 0, "end": 1, "score": 1, "name": n} for t, n in named]


def _cluster(story: str, relation: str = "near") -> dict[str, Any]:
    return {"id": story, "relation": relation, "score": 1, "canonical_id": "a1"}


ARTICLES = [
    _article(
        1, "انفجار قرب ميناء عدن", "أعلن وزير الداخلية أن الانفجارات أوقعت ثلاثة جرحى في عدن.", "عدن",
        cluster=_cluster("c1", "first"), entities=_entities(("PER", "سالم العمري"), ("ORG", "وزارة الداخلية")),
        quotes=[{"text": "الانفجارات", "speaker": "سالم العمري", "start": 22, "end": 32, "verb": "أعلن"}],
    ),
    _article(
        2, "جرحى في تفجير بعدن", "قالت الداخلية إن انفجارا وقع أمس قرب الميناء وأوقع جرحى.", "عدن",
        cluster=_cluster("c1"), source="alufuq", entities=_entities(("PER", "سالم العمري")),
    ),
    _article(3, "معرض الكتاب في القاهرة", "افتتح الوزراء معرض الكتاب في القاهرة، وحضره ١٬٥٠٠ زائر.", "القاهرة"),
    _article(
        4, "قمة في باريس", "يبحث مجلس الأمن ملف ليبيا في باريس والقاهرة.", "باريس", "القاهرة",
        entities=_entities(("ORG", "مجلس الأمن الدولي"), ("PER", "عبد الله الزين")),
    ),
    _article(5, "Le marché à Paris", "Les prix baissent à Paris, selon l'Élysée.", "باريس", language="fr"),
    _article(6, "نتائج كرة القدم", "فاز الفريق في المباراة على ملعب القاهرة بعد مباريات صعبة."),
]  # fmt: skip


@pytest.fixture
async def filled(settings: Settings, client: AsyncElasticsearch, searcher: Searcher) -> Searcher:
    """The articles above, searchable."""
    await store(settings, client, ARTICLES)
    return searcher


CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"a1", "a2", "a3", "a4", "a5", "a6"}),
    ({"q": "انفجار"}, {"a1", "a2"}),
    ({"q": "الوزير"}, {"a1", "a3"}),
    ({"q": "بالقاهرة"}, {"a3", "a4", "a6"}),
    ({"q": "مباراة"}, {"a6"}),
    ({"q": "1500"}, {"a3"}),
    ({"q": "elysee"}, {"a5"}),
    ({"q": "Paris"}, {"a4", "a5"}),
    ({"q": "باريس"}, {"a4", "a5"}),
    ({"q": "Paris", "cross_script": False}, {"a5"}),
    ({"q": "باريس", "cross_script": False}, {"a4"}),
    ({"q": "Libya -paris"}, set()),
    ({"q": "Libya -(Oman)"}, {"a4"}),
    ({"q": "«مجلس الأمن»"}, {"a4"}),
    ({"q": '"الأمن مجلس"'}, set()),
    ({"q": "انفجار أو معرض"}, {"a1", "a2", "a3"}),
    ({"q": "القاهرة -باريس"}, {"a3", "a6"}),
    ({"q": "القاهرة و باريس"}, {"a4"}),
    ({"q": "+ليبيا باريس"}, {"a4"}),
    ({"q": "(ميناء او ليبيا) و عدن"}, {"a1", "a2"}),
    ({"q": "القاهرة -(باريس أو معرض)"}, {"a6"}),
    ({"q": "في «مجلس الأمن“"}, {"a4"}),
    ({"q": "زائر ١٥٠٠"}, {"a3"}),
    ({"q": "١,٥٠٠"}, {"a3"}),
    ({"q": "l'elysée"}, {"a5"}),
    ({"q": "القاهرة -«معرض الكتاب»"}, {"a4", "a6"}),
    ({"q": "في"}, {"a1", "a2", "a3", "a4", "a6"}),
    ({"q": "ليبيا وزير ميناء معرض"}, set()),
    ({"q": "متى زار ليبيا؟"}, {"a4"}),
    ({"q": "ليبيا وزير ميناء معرض؟"}, {"a1", "a2", "a3", "a4"}),
    ({"place": ["القاهره"]}, {"a3", "a4"}),
    ({"place": ["CAIRO"]}, {"a3", "a4"}),
    ({"place": ["Le Caire"]}, {"a3", "a4"}),
    ({"place": ["مصر"]}, {"a3", "a4"}),
    ({"place": ['"القاهرة"']}, {"a3", "a4"}),
    ({"place": ['"القاهره"']}, set()),
    ({"place": ["415189"]}, {"a1", "a2"}),
    ({"place": ["EG/القاهرة"]}, {"a3", "a4"}),
    ({"place": ["EG", "YE"]}, {"a1", "a2", "a3", "a4"}),
    ({"country": ["fr"]}, {"a4", "a5"}),
    ({"person": ["العمري"]}, {"a1", "a2"}),
    ({"person": ["عبدالله الزين"]}, {"a4"}),
    ({"person": ['"سالم العمري"']}, {"a1", "a2"}),
    ({"person": ['"الشيخ سالم العمرى"']}, {"a1", "a2"}),
    ({"person": ['"العمري"']}, set()),
    ({"person": ["الزين عبدالله"]}, {"a4"}),
    ({"organisation": ["مجلس الأمن"]}, {"a4"}),
    ({"said_by": ["العمري"]}, {"a1"}),
    ({"said_by": ['"الشيخ سالم العمرى"', "الزين"]}, {"a1"}),
    ({"said_by": ["عبدالله الزين"]}, set()),
    ({"organisation": ['"مجلس الأمن"']}, {"a4"}),
    ({"organisation": ['"مجلس"']}, set()),
    ({"person": ["مجلس الأمن"]}, set()),
    ({"source": ["alufuq"]}, {"a2"}),
    ({"language": ["fr"]}, {"a5"}),
    ({"cluster": "c1"}, {"a1", "a2"}),
    ({"bbox": "40,10,50,20"}, {"a1", "a2"}),
    ({"near": "30,31", "radius": 100}, {"a3", "a4"}),
    ({"from": "2024-02-03T08:00:00Z", "to": "2024-02-05T08:00:00Z"}, {"a3", "a4"}),
    ({"q": "القاهرة", "country": ["FR"], "language": ["ar"]}, {"a4"}),
]


async def test_what_is_found_and_that_the_live_feed_would_show_the_same(filled: Searcher) -> None:
    texts = [ArticleText(entry) for entry in ARTICLES]
    for wanted, expected in CASES:
        request = SearchRequest.model_validate(wanted | {"fold": False, "size": 100, "sort": "time", "suggest": False})
        found = await filled.search(request)
        # Relaxed hits are what is shown where nothing matches; they say so, and the live feed does not have them.
        matching = set() if found.relaxed else {hit.article.id for hit in found.hits}
        assert matching == expected, wanted
        assert found.relaxed or found.total == len(expected), wanted
        live = LiveMatcher(Filters.model_validate(wanted))
        assert {text.article.id for text in texts if live.matches(text)} == expected, wanted


async def test_a_collection_is_its_outlets_in_pages_counts_and_the_live_feed(
    filled: Searcher, settings: Settings, client: AsyncElasticsearch
) -> None:
    outlets = {"alufuq": "الخليج", "almina": "المغرب"}
    assert outlets.keys() <= {entry.source for entry in ARTICLES}
    sources = {
        outlet: WatchedSource(
            name=outlet, url=f"https://{outlet}.example/", kind=Kind.PAGE, outlet=outlet, collections=(collection,)
        )
        for outlet, collection in outlets.items()
    }
    scope = SourceScope(lambda: Directory(sources=sources))
    searcher = Searcher(client, settings, scope)
    for outlet, named in outlets.items():
        request = SearchRequest(collection=(named,), fold=False, size=100)
        expected = {entry.id for entry in ARTICLES if entry.source == outlet}
        page = await searcher.search(request)
        assert {hit.article.id for hit in page.hits} == expected
        assert page.coverage is not None and page.coverage.sources == 1
        for counted in (await searcher.facets(request, 10), await searcher.timeline(request, "day", "UTC")):
            assert counted["hits"]["total"]["value"] == len(expected)
        live = LiveMatcher(request, scope)
        assert {entry.id for entry in ARTICLES if live.matches(ArticleText(entry))} == expected


async def test_where_no_article_has_enough_words_all_parts_ask_for_a_third_of_them(filled: Searcher) -> None:
    words = "ليبيا وزير ميناء معرض"
    page = await filled.search(SearchRequest(q=words, fold=False))
    assert page.relaxed
    assert {hit.article.id for hit in page.hits} == {"a1", "a2", "a3", "a4"}
    counted = await filled.facets(Filters(q=words), 10)
    assert counted["hits"]["total"]["value"] == page.total == 4
    assert (await filled.effective(Filters(q=words))).relaxed
    strict = await filled.search(SearchRequest(q="القاهرة باريس"))
    assert (strict.relaxed, (await filled.effective(Filters(q="القاهرة باريس"))).relaxed) == (False, False)
    assert not (await filled.search(SearchRequest(q="كلمة"))).relaxed, "one word cannot need fewer"


async def test_a_story_is_shown_once_with_its_copies(filled: Searcher) -> None:
    page = await filled.search(SearchRequest(q="انفجار", copies=5))
    (hit,) = page.hits
    assert page.total == 2
    assert hit.stories == 2
    assert {hit.article.id, *(copy.id for copy in hit.copies)} == {"a1", "a2"}
    assert hit.first is not None
    assert (hit.first.id, hit.first.source) == ("a1", "almina")


async def test_who_had_a_story_first_is_told_also_where_that_article_does_not_match(filled: Searcher) -> None:
    (hit,) = (await filled.search(SearchRequest(source=["alufuq"]))).hits
    assert (hit.article.id, hit.stories) == ("a2", 1)
    assert hit.first is not None
    assert (hit.first.id, hit.first.source, hit.first.ingested_at) == ("a1", "almina", "2024-02-13T04:05:01Z")
    (alone,) = (await filled.search(SearchRequest(q="ليبيا"))).hits
    assert alone.first is not None
    assert alone.first.id == "a4"


async def test_articles_come_back_as_they_went_in(filled: Searcher) -> None:
    assert await filled.article("a4") == ARTICLES[3]
    assert await filled.article("nothing") is None
    story = await filled.story(ARTICLES[1], 10)
    assert (story.total, [copy.id for copy in story.copies], story.first.id) == (1, ["a1"], "a1")
    assert (await filled.story(ARTICLES[0], 0)).first.id == "a1"
    alone = await filled.story(ARTICLES[2], 10)
    assert (alone.total, alone.copies, alone.first.id) == (0, [], "a3")


async def test_highlights_are_places_in_display_text(filled: Searcher) -> None:
    page = await filled.search(SearchRequest(q="انفجار", fold=False))
    by_id = {hit.article.id: hit.highlights for hit in page.hits}
    first = by_id["a1"]
    assert first.title is not None
    assert first.title.text == ARTICLES[0].title
    marked = [piece.text[start:end] for piece in first.body for start, end in piece.marks]
    assert marked == ["الانفجارات"]
    assert all(piece.text in ARTICLES[0].body for piece in first.body)
    for q, expected in (
        ("«مجلس الأمن»", ["مجلس الأمن"]),
        ("«مجلس الأمن» بليبيا", ["مجلس الأمن", "ليبيا"]),
        ("مجلس ليبيا", ["مجلس", "ليبيا"]),
        ("انفجار أو «مجلس الأمن»", ["مجلس الأمن"]),
    ):
        page = await filled.search(SearchRequest(q=q, fold=False))
        (found,) = (hit.highlights for hit in page.hits if hit.article.id == "a4")
        assert [piece.text[start:end] for piece in found.body for start, end in piece.marks] == expected, q
    for hit in (await filled.search(SearchRequest(source=["almina"]))).hits:
        assert [piece.marks for piece in hit.highlights.body] == [[]]  # how it begins


async def test_pages_in_any_order_facets_and_timeline_show_the_same_articles(filled: Searcher) -> None:
    for q in ("معرض الكتاب القاهرة ليبيا", "الوزير", "ميناء عدن انفجار القاهرة كتاب وزير ملعب"):
        best = await filled.search(SearchRequest(q=q, fold=False))
        newest = await filled.search(SearchRequest(q=q, fold=False, sort="time"))
        assert {hit.article.id for hit in best.hits} == {hit.article.id for hit in newest.hits}
        facets = await filled.facets(Filters(q=q), 10)
        timeline = await filled.timeline(Filters(q=q), "day", "UTC")
        counted = {best.total, newest.total, *(answer["hits"]["total"]["value"] for answer in (facets, timeline))}
        assert counted == {len(best.hits)} != {0}


async def test_the_best_comes_first_or_the_newest(filled: Searcher) -> None:
    best = await filled.search(SearchRequest(q="القاهرة", fold=False))
    assert best.hits[0].article.id == "a3"  # in its title, too
    assert [hit.score for hit in best.hits] == sorted((hit.score or 0 for hit in best.hits), reverse=True)
    newest = await filled.search(SearchRequest(q="القاهرة", sort="time", fold=False))
    assert [hit.article.id for hit in newest.hits] == ["a6", "a4", "a3"]


@pytest.mark.parametrize(
    "values", [{}, {"fold": True}, {"q": "القاهرة أو باريس أو عدن"}, {"sort": "time", "q": "في عدن"}]
)
async def test_pages_follow_each_other_without_gap_or_repetition(filled: Searcher, values: dict[str, Any]) -> None:
    wanted = {"fold": False} | values
    whole = await filled.search(SearchRequest.model_validate(wanted | {"size": 100}))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await filled.search(SearchRequest.model_validate(wanted | {"size": 2, "cursor": cursor}))
        seen += [hit.article.id for hit in page.hits]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [hit.article.id for hit in whole.hits]
    assert len(seen) > 1


async def test_an_overview_counts_as_facets_and_timeline_do(
    settings: Settings, client: AsyncElasticsearch, searcher: Searcher
) -> None:
    # Each outlet's articles span as many days as its name says.
    first = datetime(2021, 12, 30, 20, 30, tzinfo=UTC)
    spans = {"1": "hour", "70": "day", "400": "week", "2000": "month", "5000": "quarter", "20000": "year"}
    await store(
        settings,
        client,
        [
            article(
                id=f"{days}-{number}",
                source=days,
                published_at=(when := (first - timedelta(days=int(days)) * number / 9).isoformat()),
                ingested_at=when,
                entities=_entities(("PER", f"سالم {number % 3}")),
            )
            for days in spans
            for number in range(10)
        ],
    )
    for days, interval in spans.items():
        for zone in ("UTC", "Asia/Riyadh", "America/New_York"):
            request = FacetRequest.model_validate({"source": [days], "zone": zone})
            found = await count_overview(searcher, request, ["persons"], first)
            line = await fit_timeline(searcher, request, first)
            assert (found.interval, line.interval) == (interval, interval)
            assert found.steps == [(datetime.fromisoformat(step.start), step.articles) for step in line.steps]
            assert sum(articles for _, articles in found.steps) == found.facets.total == 10
            assert found.facets.facets == {"persons": (await count_values(searcher, request)).facets["persons"]}
    recent = FacetRequest.model_validate({"source": ["70"], "from": "2021-12-20T00:00:00Z"})
    assert (await count_overview(searcher, recent, [], first)).interval == "day"
    assert (await count_overview(searcher, recent.model_copy(update={"source": ("0",)}), [], first)).steps == []


async def test_counts_by_facet_time_and_tile(filled: Searcher) -> None:
    facets = (await filled.facets(Filters(), 10))["aggregations"]
    assert {b["key"]: b["doc_count"] for b in facets["countries"]["buckets"]} == {"YE": 2, "EG": 2, "FR": 2}
    assert facets["persons"]["buckets"][0] == {"key": "سالم العمري", "doc_count": 2}
    timeline = (await filled.timeline(Filters(q="انفجار"), "month", "Asia/Riyadh"))["aggregations"]["timeline"]
    (month,) = timeline["buckets"]
    assert (month["doc_count"], month["stories"]["value"]) == (2, 1)
    tiles = collection(await filled.map(Filters.model_validate({"bbox": "20,0,60,40"}), 3, 100))
    assert sorted(feature.properties.articles for feature in tiles.features) == [2, 2]
    places = {feature.properties.place: feature.geometry.coordinates for feature in tiles.features}
    assert places == {"YE/عدن": (45.03, 12.78), "EG/القاهرة": (31.25, 30.06)}
    folded = (await filled.facets(Filters(q="انفجار"), 10, fold=True))["aggregations"]
    (person,) = folded["persons"]["buckets"]
    assert (person["doc_count"], person["stories"]["value"], folded["stories"]["value"]) == (2, 1, 1)


async def test_a_facets_count_is_what_its_filter_finds(filled: Searcher) -> None:
    facets = (await filled.facets(Filters(), 50))["aggregations"]
    for facet, field in (("persons", "person"), ("organisations", "organisation"), ("places", "place")):
        counted = {bucket["key"]: bucket["doc_count"] for bucket in facets[facet]["buckets"]}
        totals = {}
        for value in counted:
            request = SearchRequest.model_validate({field: [f'"{value}"'], "suggest": False})
            totals[value] = (await filled.search(request)).total
        assert totals == counted
        assert len(counted) > 1


async def test_a_query_that_the_server_refuses_is_told_apart_from_a_server_that_is_away(filled: Searcher) -> None:
    with pytest.raises(QueryRefused, match="time_zone"):
        await filled.timeline(Filters(), "day", "Mars/Olympus")


async def test_before_the_first_article_nothing_is_found(settings: Settings, client: AsyncElasticsearch) -> None:
    page = await Searcher(client, settings).search(SearchRequest(q="انفجار"))
    assert (page.total, page.hits) == (0, [])


TEXTS = [
    "وقالت وزارةُ الخارجيّة إنّ «الهجومات» على صنعاء، أمس، أوقعت ١٬٢٣٤ قتيلًا و٥٫٦٪ من المصابين!",
    "عبد الله وعبد الرحمن ولعبد العزيز، والعبد الفقير؛ عبدالملك. مسؤولون/مسئولين وشؤون (شئون).",
    "user@example.com https://a.example.com/b?c=1 COVID-19 كوفيد-19 U.S.A. can't l'Élysée Straße 12:30 a_b 3.14 1,000",
    "للبنان ولليبيا وللجنة بالقدس فالقرار كالبحر ﻻ ﷲ پاکستان گ چ الـــرياض بِغَزّة لمصر وبسوريا",
    "المدن والقرى والوزراء وأطباؤهم ومدينتهم وجامعاتنا يعلن وأعلنوا وقالوا الإسرائيليين",
]


async def test_the_server_splits_terms_only_where_words_end(searcher: Searcher, settings: Settings) -> None:
    """So phrases and words match by the terms that the live matcher compares."""
    index = names(settings).read

    async def theirs(analyzed: str, text: str) -> list[tuple[str, int]]:
        answer = await searcher.client.indices.analyze(index=index, analyzer=analyzed, text=text)
        return [(token["token"], token["position"]) for token in answer["tokens"]]

    for text in [*TEXTS, "ا" * 3000 + " ب", "#" + "وسم_طويل" * 90, "و" * 5000]:
        words = text_words(text)
        forms = [(form, word.position) for word in words for form in word.forms]
        assert await theirs("word_forms", forms_text(words)) == forms
        families = [family for word in words for family in word.families]
        assert [term for term, _ in await theirs("word_families", families_text(words))] == families
    for text in TEXTS:
        assert [(term.text, term.position) for term in analyzer("ar_name").terms(text)] == await theirs("ar_name", text)
    for text in ("القاهرةُ", "SÃO Paulo", "پاکستان"):
        answer = await searcher.client.indices.analyze(index=index, normalizer="ar_fold", text=text)
        assert [token["token"] for token in answer["tokens"]] == [name_normalizer()(text)]


HOSTILE = [
    '"', "«»", "-", "--", "- - -", "()", ")(", "-(", "أو", "و و و", "NOT NOT", '"""""', "“”„", "(((((", "-(أو)",
    "* ? ~ ^ \\ /", "body:* OR _exists_:id", "{!xml}", "<script>", "في و من", "-في", "+و", "a" * 500, "م " * 30,
    "«" * 250, "ّ" * 100, "\u202e\u200f\ufeff", "\x00\x01", "🙂 أو 🙂", "١٢٣٤٥٦٧٨٩٠" * 40, "-" + "س" * 400,
    "“مجلس (الأمن» -[ليبيا", "‘’ '' `", "\ufdd0",
]  # fmt: skip


@pytest.mark.parametrize("sort", ["relevance", "time"])
async def test_no_query_however_strange_is_refused_by_the_server_or_the_matcher(filled: Searcher, sort: str) -> None:
    texts = [ArticleText(entry) for entry in ARTICLES]
    for q in HOSTILE:
        request = SearchRequest.model_validate({"q": q, "sort": sort, "fold": False, "size": 100})
        found = {hit.article.id for hit in (await filled.search(request)).hits}
        live = {text.article.id for text in texts if LiveMatcher(request).matches(text)}
        assert found == live, q
        await filled.facets(request, 10)
