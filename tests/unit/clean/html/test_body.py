"""HTML pages: the article without the page around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from agents.clean.dates.timestamps import parse_time
from agents.clean.html.body import looks_like_html, read_stories
from tests.unit.clean.samples import BODY, TITLE

URL = "https://harbour.example/news/1"
FLASH = "وصل وزير الخارجية إلى العاصمة في زيارة رسمية."
_MENU = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("الرئيسية", "سياسة", "اقتصاد", "رياضة", "ثقافة"))
_MORE = "".join(
    f'<div class="card"><a href="/m/{n}">قصة أخرى رقم {n} من أخبار المدينة هذا الصباح</a></div>' for n in range(8)
)


def page(article: str, head: str = "", title: str = TITLE) -> str:
    """A page as content systems make it, with menus, shares, other stories and a footer around the article."""
    return (
        '<!DOCTYPE html><html lang="ar" dir="rtl"><head><meta charset="utf-8">'
        f"<title>{title} | صحيفة المرفأ</title>{head}</head>"
        f"<body><header><nav><ul>{_MENU}</ul></nav></header><main><h1>{title}</h1>"
        "<div class='share'><a>فيسبوك</a><a>تويتر</a></div>"
        f"{article}</main><aside><h3>اقرأ أيضاً</h3>{_MORE}</aside>"
        "<footer><p>جميع الحقوق محفوظة لصحيفة المرفأ، ولا يجوز نقل المحتوى إلا بإذن مكتوب من الإدارة.</p></footer>"
        "</body></html>"
    )


def paragraphs(texts: list[str], tag: str = "p") -> str:
    return "".join(f"<{tag}>{text}</{tag}>" for text in texts)


def lines(html: str, url: str = URL) -> list[str]:
    return [line for line in read_stories(html, url)[0].text.split("\n") if line.strip()]


@pytest.mark.parametrize(
    "article",
    [
        f"<article>{paragraphs(BODY)}</article>",
        f'<div class="article-body">{paragraphs(BODY)}</div>',
        f'<div class="entry-content">{paragraphs(BODY, "div")}</div>',
        f'<div class="content">{"<br><br>".join(BODY)}</div>',
        f'<div itemprop="articleBody"><p>{"</p><p>".join(BODY)}',
    ],
)
def test_layouts(article: str) -> None:
    found = lines(page(article))
    assert [line for line in found if line != TITLE] == BODY


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<article>", "</article>"), ('<div class="article-body">', "</div>"), ('<div class="post">', "</div>")],
)
def test_a_flash_is_not_replaced_by_the_page_around_it(opening: str, closing: str) -> None:
    html = page(f"{opening}<p>{FLASH}</p>{closing}")
    assert [line for line in lines(html) if line != TITLE] == [FLASH]


def test_zero_width_joiners_stay() -> None:
    text = "وشرح الباحث أصل كلمة «می\u200cروم» الفارسية في محاضرة ألقاها بالمكتبة العامة أمس."
    assert text in lines(page(f"<article>{paragraphs([*BODY, text])}</article>"))


def test_list_items_get_no_dashes_and_keep_their_own() -> None:
    steps = ["المرحلة الأولى هي حفر الحوض.", "المرحلة الثانية هي بناء الرصيف."]
    note = "- ملاحظة من المحرر في آخر النص."
    items = f"<ul>{paragraphs(steps, 'li')}</ul><p>{note}</p>"
    assert lines(page(f"<article>{paragraphs(BODY)}{items}</article>"))[-3:] == [*steps, note]


def test_the_sources_line_ends_break_no_paragraph() -> None:
    wrapped = [text.replace(" ", "\n   ", 3) for text in BODY]
    assert lines(page(f"<article>{paragraphs(wrapped)}</article>")) == BODY
    assert lines(page(f'<div class="post"><p>{FLASH.replace(" ", chr(10), 2)}<br>{FLASH}</p></div>'))[-2:] == [
        FLASH,
        FLASH,
    ]


def test_paragraphs_that_are_links_to_other_stories() -> None:
    other = '<p><a href="/2">الري تعلن موعد السدة الشتوية هذا العام</a></p>'
    assert lines(page(f"<article><p>{BODY[0]}</p>{other}{paragraphs(BODY[1:])}</article>")) == BODY


def test_words_that_are_links_stay() -> None:
    linked = BODY[0].replace("الميناء القديم", '<a href="/t/1">الميناء القديم</a>')
    assert lines(page(f"<article><p>{linked}</p>{paragraphs(BODY[1:])}</article>")) == BODY


def test_a_page_of_links_has_no_article() -> None:
    assert lines(page("")) == []


def test_nesting_without_end() -> None:
    html = page("<div>" * 10_000 + paragraphs(BODY) + "</div>" * 10_000)
    assert [line for line in lines(html) if line in BODY] == BODY


class TestMetadata:
    def test_json_ld(self) -> None:
        data = {
            "@graph": [
                {"@type": "WebPage"},
                {
                    "@type": ["NewsArticle"],
                    "headline": TITLE,
                    "author": [{"name": "منى السالم"}],
                    "datePublished": "2024-03-01T08:30:00+03:00",
                },
            ]
        }
        (markup,) = read_stories(
            page(paragraphs(BODY), f'<script type="application/ld+json">{json.dumps(data)}</script>'), URL
        )
        assert (markup.title, markup.author) == (TITLE, "منى السالم")
        assert markup.published_at == datetime(2024, 3, 1, 5, 30, tzinfo=UTC)

    def test_broken_json_ld_leaves_the_rest(self) -> None:
        head = (
            '<script type="application/ld+json">{"@type": </script>'
            '<meta property="article:published_time" content="2024-03-01T05:30:00Z">'
        )
        assert read_stories(page(paragraphs(BODY), head), URL)[0].published_at == datetime(
            2024, 3, 1, 5, 30, tzinfo=UTC
        )

    def test_open_graph_title_without_the_sites_name(self) -> None:
        head = f'<meta property="og:title" content="{TITLE} - صحيفة المرفأ">'
        assert read_stories(page(paragraphs(BODY), head), URL)[0].title == TITLE

    def test_time_element_in_words(self) -> None:
        assert read_stories(page(f"<time>الجمعة 1 مارس 2024</time>{paragraphs(BODY)}"), URL)[
            0
        ].published_at == datetime(2024, 3, 1, tzinfo=UTC)

    def test_author_that_the_page_prints(self) -> None:
        article = f"<article><span class='author'>منى السالم</span>{paragraphs(BODY)}</article>"
        assert read_stories(page(article), URL)[0].author == "منى السالم"

    def test_captions(self) -> None:
        figure = "<figure><img src='a.jpg'><figcaption>الميناء كما بدا أمس (رويترز)</figcaption></figure>"
        article = f"<article>{figure}{paragraphs(BODY)}</article>"
        assert read_stories(page(article), URL)[0].captions == ("الميناء كما بدا أمس (رويترز)",)


def test_outlet_rules() -> None:
    box = '<div class="related-articles"><p>قصة أخرى لا علاقة لها بهذه القصة من قريب أو بعيد.</p></div>'
    html = page(f'<div class="article-body">{paragraphs(BODY[:2])}{box}{paragraphs(BODY[2:])}</div>')
    assert lines(html, "https://www.skynewsarabia.com/x/1") == BODY


def test_what_looks_like_html() -> None:
    assert looks_like_html(page(""))
    assert looks_like_html("<p>نص</p>")
    assert not looks_like_html("نص <مهم> و 3 < 5")


def test_times() -> None:
    assert parse_time("2024-03-01T08:30:00+03:00") == datetime(2024, 3, 1, 5, 30, tzinfo=UTC)
    assert parse_time("٢٠٢٤/٠٣/٠١") == datetime(2024, 3, 1, tzinfo=UTC)
    assert parse_time("قبل قليل") is None


class TestPartsOutsideTheText:
    """Pictures and writers stand between headline and text, outside the element that holds the text."""

    def test_a_caption_beside_the_text(self) -> None:
        text = f"<div itemprop='articleBody'>{paragraphs(BODY)}</div>"
        article = (
            "<article><h2>الميناء القديم</h2><figure><img src='a.jpg'><figcaption><span>الميناء كما بدا أمس</span>"
            f" <cite>(المرفأ)</cite></figcaption></figure>{text}</article>"
        )
        assert read_stories(page(article), URL)[0].captions == ("الميناء كما بدا أمس (المرفأ)",)

    def test_a_caption_that_only_a_class_names(self) -> None:
        photo = "<div class='photo'><img src='a.jpg'><div class='caption'>نجار يصلح قارباً (رويترز)</div></div>"
        assert read_stories(page(f"{photo}<div class='text'>{paragraphs(BODY)}</div>"), URL)[0].captions == (
            "نجار يصلح قارباً (رويترز)",
        )

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "<aside><figure><figcaption>قصة أخرى من المدينة</figcaption></figure></aside>",
            "<div class='related-posts'><figure><figcaption>قصة أخرى من المدينة</figcaption></figure></div>",
            "<figure><figcaption><a href='/2'>قصة أخرى من المدينة</a></figcaption></figure>",
            "<a href='/2'><figure><figcaption>قصة أخرى من المدينة</figcaption></figure></a>",
        ],
    )
    def test_captions_of_other_stories(self, elsewhere: str) -> None:
        assert read_stories(page(f"<article>{paragraphs(BODY)}{elsewhere}</article>"), URL)[0].captions == ()

    @pytest.mark.parametrize("name", ["writer", "byline", "writeBy", "article__author", "reporter"])
    def test_writers(self, name: str) -> None:
        written = f"<div class='{name}'>أسوان - شيرين منصور:</div><div class='text'>{paragraphs(BODY)}</div>"
        assert read_stories(page(written), URL)[0].author == "أسوان - شيرين منصور:"

    def test_a_readers_comment_names_no_writer(self) -> None:
        comment = "<div class='comments'><div class='comment'><span class='author'>قارئ كريم</span></div></div>"
        assert read_stories(page(f"<article>{paragraphs(BODY)}</article>{comment}"), URL)[0].author is None

    def test_a_date_that_only_a_class_names(self) -> None:
        date = "<div class='date'>الجمعة 1 مارس 2024 - 20 شعبان 1445 هـ</div>"
        assert read_stories(page(f"{date}<div class='text'>{paragraphs(BODY)}</div>"), URL)[0].published_at == datetime(
            2024, 3, 1, tzinfo=UTC
        )

    @pytest.mark.parametrize(
        ("head", "title", "site"),
        [
            ("<meta property='og:site_name' content='المرفأ'>", TITLE, "المرفأ"),
            (
                '<script type="application/ld+json">{"@type": "Article", "publisher": {"name": "المرفأ"}}</script>',
                TITLE,
                "المرفأ",
            ),
            ("", TITLE, "صحيفة المرفأ"),
        ],
    )
    def test_the_outlets_name(self, head: str, title: str, site: str) -> None:
        assert read_stories(page(paragraphs(BODY), head, title), URL)[0].site == site
