"""The demo's samples come out as deploy/demo/articles/expected.json says, as far as cleaning goes."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

import pytest

from agents.clean.page import Limits, clean_page
from streams.errors import Rejected
from streams.records import Article
from streams.sources.files import read_paths
from tests.unit.clean.samples import NOW
from tests.unit.demo.readers import ARTICLES, EXPECTED, EXPECTED_ARTICLES

# Of buttons, counters and boxes of other stories, as the sample pages print them.
MACHINERY = ("شارك", "طباعة", "إكس", "أ+", "TT", "حجم الخط", "نسخ الرابط", "رابط المقال", "اقرأ أيضاً", "مواضيع ذات صلة")


@cache
def _cleaned() -> dict[str, list[Article]]:
    """The articles of each input file, in page order."""
    found: dict[str, list[Article]] = defaultdict(list)
    for name in EXPECTED["inputs"]:
        for item in read_paths([ARTICLES / name]):
            assert item.raw is not None, item.location
            try:
                found[name].extend(clean_page(item.raw, ingested_at=NOW, limits=Limits()))
            except Rejected as refused:
                assert any(letter["file"] == name for letter in EXPECTED["dead_letters"]), refused
    return found


def _article(expected: dict[str, Any]) -> Article:
    (article,) = [article for article in _cleaned()[expected["file"]] if article.title == expected["title"]]
    return article


every_article = pytest.mark.parametrize("expected", EXPECTED_ARTICLES, ids=lambda expected: str(expected["key"]))


def test_no_article_is_made_up() -> None:
    assert sum(map(len, _cleaned().values())) == len(EXPECTED_ARTICLES)


@every_article
def test_the_parts_of_a_sample(expected: dict[str, Any]) -> None:
    article = _article(expected)
    dumped = article.model_dump()
    fields = [
        name for name in ("subtitle", "byline", "dateline", "agencies", "captions", "language") if name in expected
    ]
    assert {name: dumped[name] for name in fields} == {name: expected[name] for name in fields}
    if "subtitle" not in expected:
        assert article.subtitle is None


@every_article
def test_the_body_of_a_sample(expected: dict[str, Any]) -> None:
    body = _article(expected).body
    lines = body.split("\n")
    assert body.startswith(expected["begins"])
    assert body.endswith(expected["ends"])
    assert len(lines) == expected["paragraphs"]
    assert [text for text in expected.get("absent", ()) if text in body] == []
    assert [line for line in lines if line.startswith(MACHINERY)] == []
