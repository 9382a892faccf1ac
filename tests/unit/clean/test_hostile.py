"""Hostile and broken pages: the stage returns articles or rejects them with a reason, in bounded time.

The time limit of the test run is the bound: each of these takes well under a second here, and the quadratic
algorithms that they look for would take minutes.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.clean.page import Limits, clean_page
from agents.text.display import display_text
from streams.errors import Rejected
from streams.records import Article, RawArticle
from tests.unit.clean.samples import BODY, CAPTION, CREDIT, KICKER, NOW, TITLE

MEGA = 1_000_000


def clean(**fields: object) -> list[Article]:
    raw = RawArticle.model_validate(
        {"url": "https://harbour.example/1", "source": "harbour", "published_at": NOW, **fields}
    )
    try:
        return clean_page(raw, ingested_at=NOW, limits=Limits())
    except Rejected:
        return []


HUGE = {
    "marks": "ن" + "\u064e\u0651\u0323\u0301" * 25_000,
    "no space": "ا" * MEGA,
    "no space, accents": "é" * MEGA,
    "no space, misread": "Ø§" * (MEGA // 2),
    "no space, then an entity": "ا" * MEGA + " &amp;",
    "ampersands": "&" * MEGA + "ا",
    "entities": "&amp;" * 200_000 + "ا",
    "spaces": " " * MEGA + "ا",
    "lines": "ا\n" * MEGA,
    "one line over and over": "سطر قصير هنا\n" * 100_000,
    "brackets": "(ا) " * 250_000,
    "digits": "1/1." * 250_000,
    "years": "عام 2014 " * 100_000,
    "months": "5 يوليو " * 100_000,
    "weekdays": "اليوم الخميس " * 80_000,
    "agencies": "ول«وكالة " * 100_000,
    "tags": "ا. سمات " * 100_000,
    "buttons": "فيسبوك تويتر " * 10 + "\n",
    "rows of buttons": ("فيسبوك تويتر " * 11 + "واحد\n") * 1_000,
    "invitations": ("تابعوا " * 20 + "\n") * 1_000,
    "leads": ("القاهرة (رويترز) - " * 4 + "\n") * 1_000,
    "date lines": "الجمعة 1/3/2024 10:30 | " * 40_000,
    "end marks": "م.ع/ " * 200_000,
    "boxes": "تخطى البودكاست وواصل القراءة\n" * 30_000,
    "labels": "صدر الصورة، رويترز\n" * 50_000,
    "visual order": "ةملك ىلإ " * 100_000,
    "marks in visual order": "ة\u064bم ى\u064bل " * 100_000,
    "ranges": "5 و" * 100_000,
    "ranges of months": "5 مايو و" * 100_000,
    "counted days": "قبل 3 أيام " * 80_000,
    "tatweel": "5\u0640" * 400_000,
    "posts": "مراسل في " * 100_000,
    "particles": "أبو بن آل عبد " * 60_000,
    "rules": "* * *\nعنوان من أربع كلمات\n" * 20_000,
    "rules and texts": f"* * *\n{TITLE}\n{BODY[0]}\n" * 1_000,
    "bylines": f"{TITLE}\nكتب: سامر الخطيب\n\n{BODY[0]}\n\n" * 1_000,
    "rules alone": "* * *\n" * 19_000 + f"{TITLE}\n{BODY[0]}",
    "rules inside": f"{TITLE}\n{BODY[0]}\n" + f"* * *\n{BODY[1]}\n" * 5_000,
    "kickers": "بعد عامين من الانتظار..\n" * 50_000,
    "breadcrumbs": "الرئيسية » محليات » أسواق\n" * 50_000,
    "crumbs in one line": "محليات » " * 100_000,
    "cookies": ("ملفات تعريف الارتباط " * 20 + "\n") * 2_000,
    "comments": BODY[0] + "\nالتعليقات\n" * 100_000,
    "comments in one line": "تعليق " * 200_000,
    "dashes": "-" * MEGA,
    "dashes and a word": ("- " * 99 + "ا\n") * 5_000,
    "quotes": "«" * (MEGA // 2) + "»" * (MEGA // 2),
    "escaped tags": "&lt;p&gt;" * 100_000,
    "doubly escaped tags": "&amp;lt;p&amp;gt;" * 60_000,
}
HUGE_HTML = {
    "nested and closed": "<div>" * 10_000 + "<p>نص عربي قصير هنا.</p>" + "</div>" * 10_000,
    "nested and open": "<div>" * 200_000 + "نص عربي قصير هنا.",
    "nested tables": "<table><tr><td>" * 50_000 + "نص",
    "nested in a paragraph": "<p>" + "<b>" * 100_000 + "نص عربي قصير هنا." + "</b>" * 100_000,
    "formatting that stays open": "".join(f"<font x={n}><p>ا" for n in range(90_000)),
    "spaces": "<p>سطر<br>" + " " * MEGA + "نص عربي قصير هنا.</p>",
    "ampersands": "&" * MEGA + "<p>نص عربي قصير هنا.</p>",
    "half tags": "<a" * (MEGA // 2),
    "less than": "<" * MEGA,
    "headings": "<h1>عنوان</h1>" * 100_000,
    "spans": "<p>" + "<span>نص </span>" * 100_000,
    "comments": "<!--" * 250_000,
    "captions": "<div>" * 390 + "<figcaption>نص عربي</figcaption>" * 50_000,
    "writers": "<div class='comments'>" * 390 + "<i class='author'>قارئ كريم</i>" * 50_000,
    "dates": "<div>" * 390 + "<b class='date'>1 مارس 2024</b>" * 50_000,
    "attributes": "<p " + 'x="1" ' * 150_000 + ">نص عربي قصير هنا.</p>",
    "JSON-LD": '<script type="application/ld+json">' + "[" * 400_000 + "</script><p>نص عربي قصير هنا.</p>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HUGE)
def test_huge_text(name: str) -> None:
    clean(content=HUGE[name], content_type="text/plain")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HUGE_HTML)
def test_huge_html(name: str) -> None:
    clean(content=HUGE_HTML[name], content_type="text/html")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("field", ["title", "author"])
@pytest.mark.parametrize("unit", ["ا ", "- ", "من ", "(", "تصوير ", "منى و", "@ ", "1/3/2024 "])
def test_huge_fields(field: str, unit: str) -> None:
    clean(content=BODY[0], **{field: unit * 100_000})


PIECES = st.sampled_from(
    [
        *BODY, TITLE, KICKER, CAPTION, f"{CAPTION} ({CREDIT})", "TT", "\n", "\n\n\n", " ", "\u00a0",
        "Next Previous", " سمات ميناء", "اقرأ أيضاً:", "المصدر: رويترز", "واس (جدة)", "منى السالم – الرياض",
        "القاهرة (رويترز) - ", "صدر الصورة، رويترز", "التعليق على الصورة، ميناء", "تخطى البودكاست وواصل القراءة",
        "نهاية", "// انتهى //", "م.ع/ ح.س", "شارك طباعة أ+ أ-", "الوسوم", "<figcaption>", "<div class='writer'>",
        "(رويترز)", "7 أكتوبر 2023",
        "أمس", "&amp;lt;", "&nbsp;",
        "<p>", "</p>", "<br>", "<div>", "</div>", "<h1>", "<article>", "<script>", "\u202e",
        "\u200d", "\u064e" * 40, "\ud800", "\x00", "Ø§Ù„", "é", "中文", "😀",
    ]
)  # fmt: skip
PAGES = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PAGES, st.sampled_from(["text/plain", "text/html", None]), st.none() | PAGES, st.none() | PAGES)
def test_any_page(content: str, content_type: str | None, title: str | None, author: str | None) -> None:
    articles = clean(content=content, content_type=content_type, title=title, author=author)
    assert len({article.id for article in articles}) == len(articles)
    for article in articles:
        assert Article.model_validate_json(article.to_json()) == article
        assert article.body.strip()
        assert all(paragraph.strip() for paragraph in article.body.split("\n"))
        assert display_text(article.body) == article.body
        assert all(article.body[date.start : date.end] == date.text for date in article.dates)
    assert articles == clean(content=content, content_type=content_type, title=title, author=author)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["auto", "utf-8", "cp1256", "utf-16", "utf-7", "no such"]))
def test_any_bytes(data: bytes, encoding: str) -> None:
    clean(content=base64.b64encode(data).decode(), encoding=encoding)
