"""Ids that stay."""

from __future__ import annotations

import re

import pytest

from agents.clean.article_id import article_id, canonical_url
from streams.records import RawArticle


def raw(url: str = "https://example.org/a/1", **fields: str) -> RawArticle:
    return RawArticle(url=url, source="example", content="نص", **fields)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a/1",
        "http://example.org/a/1",
        "HTTPS://EXAMPLE.org:443/a/1",
        "https://example.org/a/1/",
        "https://example.org/a/1/index.html",
        "https://example.org/a/1#comments",
        "https://example.org/a/1?utm_source=x&fbclid=2",
    ],
)
def test_addresses_of_one_page(url: str) -> None:
    assert article_id(raw(url), "عنوان", alone=True) == article_id(raw(), "عنوان", alone=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a/2",
        "https://example.org:8080/a/1",
        "https://m.example.org/a/1",
        "https://example.org/a/1?id=3",
    ],
)
def test_addresses_of_other_pages(url: str) -> None:
    assert article_id(raw(url), "عنوان", alone=True) != article_id(raw(), "عنوان", alone=True)


def test_parameters_in_any_order_and_arabic_paths_in_any_escape() -> None:
    assert canonical_url("http://a.org/?b=2&a=1") == canonical_url("http://a.org?a=1&b=2")
    assert canonical_url("http://a.org/خبر") == canonical_url("http://a.org/%D8%AE%D8%A8%D8%B1")
    assert canonical_url("urn:isbn:1#x") == "urn:isbn:1"
    assert canonical_url("http://[broken#x") == "http://[broken"


def test_one_headline_however_spelled() -> None:
    assert article_id(raw(), "أخبارٌ عاجلة", alone=True) == article_id(raw(), "اخبار  عاجله", alone=True)
    assert article_id(raw(), "خبر", alone=True) != article_id(raw(), "خبر آخر", alone=True)


def test_without_a_headline_the_body_speaks() -> None:
    assert article_id(raw(), None, "نص أول", alone=True) != article_id(raw(), None, "نص ثان", alone=True)


def test_the_records_own_id() -> None:
    assert article_id(raw(id="x7"), "عنوان", alone=True) == "x7"
    one, two = (article_id(raw(id="x7"), title, alone=False) for title in ("عنوان", "عنوان آخر"))
    assert one != two
    assert one.startswith("x7-")
    assert len(one) == len("x7-") + 8


def test_an_own_id_that_no_index_takes_is_hashed_and_all_others_stay() -> None:
    long, longest = "𝄞" * 200, "ع" * 200
    assert article_id(raw(id=longest), "عنوان", alone=True) == longest
    names = {article_id(raw(id=long), title, alone=alone) for title in ("عنوان", "آخر") for alone in (True, False)}
    names.add(article_id(raw(id="𝄞" * 199), "عنوان", alone=True))
    assert len(names) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    # 512 bytes as they are; 9 more make it one of several.
    edge = "𝄞" * 128
    assert article_id(raw(id=edge), "عنوان", alone=True) == edge
    assert len(article_id(raw(id=edge), "عنوان", alone=False)) == 32
