"""The whole stage as the runner calls it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from agents.clean.page import Limits, clean_page, read_page
from streams.errors import Reason, Rejected
from streams.records import Article, Caption, RawArticle
from tests.unit.clean.html.test_body import page as html_page
from tests.unit.clean.html.test_body import paragraphs
from tests.unit.clean.samples import (
    BODY,
    CAPTION,
    CREDIT,
    NOW,
    OTHER_BODY,
    OTHER_CAPTION,
    OTHER_CREDIT,
    OTHER_TITLE,
    TITLE,
    header,
)

TWO = "\n".join(
    [*header(TITLE, CAPTION, CREDIT), *BODY, *header(OTHER_TITLE, OTHER_CAPTION, OTHER_CREDIT), *OTHER_BODY]
)


def clean(content: str, limits: Limits | None = None, **fields: Any) -> list[Article]:
    raw = RawArticle.model_validate(
        {"url": "https://harbour.example/1", "source": "harbour", "content": content, **fields}
    )
    return clean_page(raw, ingested_at=NOW, limits=limits or Limits())


def reason(content: str, limits: Limits | None = None, **fields: Any) -> Reason:
    with pytest.raises(Rejected) as caught:
        clean(content, limits, **fields)
    return caught.value.reason


def test_one_article() -> None:
    (article,) = clean("\n".join(BODY), title=TITLE, author="جدة - منى السالم", published_at="2024-03-02T08:00:00Z")
    assert (article.title, article.byline, article.dateline, article.language) == (TITLE, "منى السالم", "جدة", "ar")
    assert article.body == "\n".join(BODY)
    assert article.ingested_at == NOW
    assert [(mention.text, mention.date) for mention in article.dates] == [
        ("أمس", "2024-03-01"),
        ("15 مارس (آذار) 2024", "2024-03-15"),
    ]
    assert all(article.body[mention.start : mention.end] == mention.text for mention in article.dates)
    assert (article.trace, article.entities, article.places, article.cluster) == ({}, [], [], None)


def test_dates_that_disagree_say_so_on_the_wire() -> None:
    (article,) = clean(f"{BODY[0]}\nوكان ذلك في 7 أكتوبر (كانون الأول) 2023، ثم في 8 أكتوبر (تشرين الأول) 2023.")
    assert [(mention.date, mention.disagrees) for mention in article.dates] == [
        ("2023-10-07", True),
        ("2023-10-08", False),
    ]


def test_removals_are_explained_on_request_each_with_its_article() -> None:
    raw = RawArticle(url="https://harbour.example/1", source="harbour", content=f"{TWO}\nTT\nانسخ الرابط")
    traces = [
        article.trace["clean"].removed for article in clean_page(raw, ingested_at=NOW, limits=Limits(), explain=True)
    ]
    one, two = ([(removal.text, removal.reason) for removal in removed or []] for removed in traces)
    assert one[:2] == [("TT", "widget"), (TITLE, "title")]
    assert two[:2] == [("TT", "widget"), (OTHER_TITLE, "title")]
    assert two[-2:] == [("TT", "widget"), ("انسخ الرابط", "widget")]


def test_several_articles_have_stable_ids_of_their_own() -> None:
    one, two = clean(TWO)
    assert [one.title, two.title] == [TITLE, OTHER_TITLE]
    assert one.id != two.id
    assert [article.id for article in clean(TWO)] == [one.id, two.id]
    assert one.captions == [Caption(text=CAPTION, credit=CREDIT)]
    # The same article alone at the address is the same article.
    assert clean("\n".join(BODY), title=TITLE)[0].id == one.id


def test_two_articles_under_one_headline_stay_two() -> None:
    twins = [*header(TITLE, CAPTION, CREDIT), *BODY, *header(TITLE, OTHER_CAPTION, OTHER_CREDIT), *OTHER_BODY]
    one, two = clean("\n".join(twins))
    assert one.id != two.id


def test_the_records_own_id() -> None:
    assert clean("\n".join(BODY), id="abc")[0].id == "abc"
    assert [article.id[:4] for article in clean(TWO, id="abc")] == ["abc-", "abc-"]


def test_html_in_cp1256() -> None:
    content = base64.b64encode(html_page(f"<article>{paragraphs(BODY)}</article>").encode("cp1256")).decode()
    (article,) = clean(content, encoding="auto", content_type="text/html")
    assert (article.title, article.body) == (TITLE, "\n".join(BODY))


def test_html_without_a_content_type() -> None:
    assert clean(html_page(f"<article>{paragraphs(BODY)}</article>"))[0].body == "\n".join(BODY)


def test_text_decoded_wrongly_upstream() -> None:
    broken = [text.encode().decode("latin-1") for text in (TITLE, "\n".join(BODY))]
    (article,) = clean(broken[1], title=broken[0])
    assert (article.title, article.body) == (TITLE, "\n".join(BODY))


def test_other_languages_pass_marked() -> None:
    text = "Le conseil municipal a approuvé l'extension du vieux port. Les travaux commenceront au printemps prochain."
    assert clean(text)[0].language == "fr"


def test_agencies_of_the_credit_and_of_the_text() -> None:
    text = f"{BODY[0]}\nوذكرت وكالة رويترز أن العمل توقف، ونقلت «سانا» عن مصدر نفيه ذلك، وعاد فارس إلى بيته."
    assert clean(text, title=TITLE, author="واس (جدة)")[0].agencies == ["واس", "رويترز", "سانا"]


def test_removals_can_be_read() -> None:
    raw = RawArticle(
        url="https://harbour.example/1", source="harbour", content=f"{BODY[0]}\nTT\n{BODY[1]}", title=TITLE
    )
    (parts,) = read_page(raw, Limits()).articles
    assert [(removal.text, str(removal.reason)) for removal in parts.removed] == [("TT", "widget")]


@pytest.mark.parametrize("content", ["", " \n\u00a0\t ", "\u200b\u200f", "TT", "* * *", "<html><body></body></html>"])
def test_nothing_to_read(content: str) -> None:
    assert reason(content) is Reason.EMPTY_BODY


def test_markup_without_an_article() -> None:
    assert reason(html_page("")) is Reason.NO_ARTICLE


def test_bytes_that_are_no_text() -> None:
    assert reason(base64.b64encode(bytes(range(128, 160)) * 20).decode(), encoding="auto") is Reason.BAD_ENCODING
    assert reason("not base64 at all", encoding="utf-8") is Reason.BAD_ENCODING


class TestLimits:
    def test_bytes(self) -> None:
        assert clean("نص", Limits(max_content_bytes=4))[0].body == "نص"
        assert reason("نص.", Limits(max_content_bytes=4)) is Reason.TOO_LARGE

    def test_paragraphs(self) -> None:
        limits = Limits(max_paragraphs=2)
        assert clean("\n".join(BODY[:2]), limits, title=TITLE)
        assert reason("\n".join(BODY), limits, title=TITLE) is Reason.TOO_LARGE

    def test_articles(self) -> None:
        assert len(clean(TWO, Limits(max_articles=2))) == 2
        assert reason(TWO, Limits(max_articles=1)) is Reason.TOO_LARGE
