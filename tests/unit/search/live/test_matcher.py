"""Which live articles a search is for."""

from typing import Any

import pytest

from streams.geodesy import distance_km
from streams.search.live.matcher import ArticleText, LiveMatcher
from streams.search.request import Filters
from tests.support.articles import article

ADEN = {"name": "عدن", "name_en": "Aden", "country": "YE", "kind": "city", "lat": 12.78, "lon": 45.03}
FIJI = {"name": "فيجي", "name_en": "Fiji", "country": "FJ", "kind": "country", "lat": -17.7, "lon": 178.1}


def _entity(kind: str, name: str) -> dict[str, Any]:
    return {"text": name, "type": kind, "start": 0, "end": 1, "score": 0.9, "name": name}


ARTICLE = ArticleText(
    article(
        title="انفجار قرب ميناء عدن",
        body="قال وزير الداخلية إن الانفجارات في عدن أوقعت ثلاثة جرحى.\nوأضاف أن مجلس الأمن سيجتمع.",
        captions=[{"text": "دخان فوق المرفأ"}],
        published_at="2024-02-03T10:00:00Z",
        ingested_at="2024-02-03T10:05:00Z",
        cluster={"id": "c7", "relation": "first", "score": 1, "canonical_id": "a1"},
        entities=[_entity("PER", "عبد الله السالم"), _entity("ORG", "مجلس الأمن الدولي")],
        quotes=[{"text": "الانفجارات", "speaker": "عبد الله السالم", "start": 0, "end": 1, "verb": "قال"}],
        places=[ADEN | {"confidence": 0.9, "mentions": [], "geonameid": 415189}],
        geo=[{"lat": 12.78, "lon": 45.03}],
    )
)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"q": "انفجار"},
        {"q": "الوزراء"},
        {"q": "انفجارات عدن وزير القاهرة"},
        {"q": '"مجلس الأمن"'},
        {"q": "«الانفجارات في عدن»"},
        {"q": "بيروت أو عدن"},
        {"q": "عدن -رياضة"},
        {"q": "دخان"},
        {"q": "في"},
        {"place": ["عدن"]},
        {"place": ["aden"]},
        {"place": ["415189"]},
        {"place": ["YE/عدن"]},
        {"place": ["YE"]},
        {"country": ["ye"]},
        {"person": ["السالم"]},
        {"person": ["عبدالله السالم"]},
        {"person": ['"الشيخ عبدالله سالم"']},
        {"person": ["السالم عبد الله"]},
        {"organisation": ["مجلس الأمن"]},
        {"said_by": ["السالم"]},
        {"said_by": ["مجلس الأمن", '"عبدالله السالم"']},
        {"source": ["almina"]},
        {"language": ["fr", "ar"]},
        {"cluster": "c7"},
        {"bbox": "40,10,50,20"},
        {"near": "12.8,45", "radius": 10},
        {"from": "2024-02-03T10:00:00Z"},
        {"to": "2024-02-03T10:00:01Z"},
    ],
)
def test_matches(wanted: dict[str, Any]) -> None:
    assert LiveMatcher(Filters.model_validate(wanted)).matches(ARTICLE)


@pytest.mark.parametrize(
    "wanted",
    [
        {"q": "زلزال"},
        {"q": "انفجار بيروت"},
        {"q": "انفجارات بيروت القاهرة دمشق"},
        {"q": '"الأمن مجلس"'},
        {"q": "«عدن الانفجارات»"},
        {"q": "بيروت أو دمشق"},
        {"q": "عدن -انفجار"},
        {"q": "عدن -«مجلس الأمن»"},
        {"q": "كي"},
        {"place": ["صنعاء"]},
        {"country": ["SA"]},
        {"person": ['"السالم"']},
        {"person": ['"السالم عبد الله"']},
        {"person": ["مجلس الأمن"]},
        {"said_by": ["مجلس الأمن"]},
        {"said_by": ['"السالم"']},
        {"source": ["other"]},
        {"language": ["fr"]},
        {"cluster": "c8"},
        {"bbox": "50,10,40,20"},
        {"near": "24.7,46.7", "radius": 100},
        {"from": "2024-02-03T10:00:01Z"},
        {"to": "2024-02-03T10:00:00Z"},
    ],
)
def test_does_not_match(wanted: dict[str, Any]) -> None:
    assert not LiveMatcher(Filters.model_validate(wanted)).matches(ARTICLE)


def test_a_box_may_cross_the_date_line() -> None:
    fiji = ArticleText(article(places=[FIJI | {"confidence": 1, "mentions": []}], geo=[{"lat": -17.7, "lon": 178.1}]))
    assert LiveMatcher(Filters.model_validate({"bbox": "170,-30,-170,0"})).matches(fiji)
    assert LiveMatcher(Filters.model_validate({"place": ["FJ"]})).matches(fiji)
    assert not LiveMatcher(Filters.model_validate({"bbox": "-170,-30,170,0"})).matches(fiji)


def test_distance_of_two_known_cities() -> None:
    assert distance_km((30.0444, 31.2357), (24.7136, 46.6753)) == pytest.approx(1640, rel=0.01)
