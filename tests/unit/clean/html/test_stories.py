"""Which part of a page is the story, and which words about it are its own: habits of unseen outlets, composed anew."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest

from agents.clean.page import Limits, clean_page
from streams.errors import Rejected
from streams.records import Article, RawArticle
from tests.unit.clean.samples import BODY, NOW, OTHER_BODY, OTHER_TITLE, TITLE

URL = "https://harbour.example/n/7"
MENU = "".join(f'<li><a href="/{n}">{name}</a></li>' for n, name in enumerate(("الرئيسية", "محليات", "رياضة", "رأي")))
FOOT = '<div class="foot">جميع الحقوق محفوظة لصحيفة المرفأ 2024</div>'
TEXT = "".join(f"<p>{text}</p>" for text in BODY)
THIRD = "مكتبة الميناء تفتح أبوابها ليلاً للطلاب"
THIRD_BODY = [
    "بدأت مكتبة الميناء استقبال الطلاب حتى منتصف الليل طوال شهر الامتحانات.",
    "ويأتي القرار بعد عريضة وقعها الطلاب.",
]


def page(body: str, head: str = "", title: str = TITLE) -> str:
    return (
        f'<!DOCTYPE html><html lang="ar"><head><meta charset="utf-8"><title>{title}</title>{head}</head>'
        f'<body><ul class="menu">{MENU}</ul>{body}{FOOT}</body></html>'
    )


def linked(*items: Mapping[str, object]) -> str:
    return f'<script type="application/ld+json">{json.dumps(list(items), ensure_ascii=False)}</script>'


def read(html: str, url: str = URL) -> list[Article]:
    raw = RawArticle(url=url, source="harbour", content=html, content_type="text/html")
    return clean_page(raw, ingested_at=NOW, limits=Limits(), explain=True)


def one(html: str) -> Article:
    (article,) = read(html)
    return article


def body(html: str) -> list[str]:
    return one(html).body.split("\n")


def removed(article: Article) -> dict[str, str]:
    return {each.text: each.reason for each in article.trace["clean"].removed or ()}


HEAD = f"<h1>{TITLE}</h1>"


@pytest.mark.parametrize(
    "frame",
    [
        f'<form id="aspnetForm"><input type="hidden" name="v" value="1">{HEAD}<div class="txt">{TEXT}</div></form>',
        f"<aside class='main-content'>{HEAD}{TEXT}</aside>",
        f"<section>{HEAD}<section>{TEXT}</section></section>",
        f"<nav class='sidebar'>{HEAD}<div>{TEXT}</div></nav>",
        f"{HEAD}<form action='/x'><input type='hidden'><div>{TEXT}</div></form>",
        f"<table><tr><td>{HEAD}</td></tr><tr><td>{'<br><br>'.join(BODY)}</td>"
        "<td><a href='/1'>خبر</a></td></tr></table>",
        f"<center><font size=5><b>{TITLE}</b></font><br><font size=3>{'<br>'.join(BODY)}</font></center>",
        f"<div class='card'><div class='card-body'>{HEAD}{TEXT}</div></div>",
        f"<div class='x1'>{HEAD}</div><div class='w'><div class='y1'>"
        + "</div></div><div class='w'><div class='y'>".join(f"<p>{text}</p>" for text in BODY)
        + "</div></div>",
    ],
)  # fmt: skip
def test_a_frame_that_holds_the_text_is_opened(frame: str) -> None:
    found = one(page(frame))
    assert (found.title, found.body.split("\n")) == (TITLE, BODY)


@pytest.mark.parametrize(
    "story",
    [
        f"<div class='art'>{HEAD}<div itemprop='description'><p>{BODY[0]}</p></div><div itemprop='articleBody'>"
        f"<p>{BODY[1]}</p><p>{BODY[2]}</p></div></div>",
        f"<div>{HEAD}<p class='lead'>{BODY[0]}</p><div class='article-body'>"
        f"<p>{BODY[1]}</p><p>{BODY[2]}</p></div></div>",
        f"{HEAD}<div class='article-body'><p>{BODY[0]}</p></div><div class='ad'>إعلان</div>"
        f"<div class='article-body'><p>{BODY[1]}</p><p>{BODY[2]}</p></div>",
        f"<header>{HEAD}<p>{BODY[0]}</p></header><div class='q'><p>{BODY[1]}</p><p>{BODY[2]}</p></div>",
    ],
)
def test_all_parts_of_the_text_in_page_order(story: str) -> None:
    assert body(page(story)) == BODY


def test_subtitle_below_and_kicker_above() -> None:
    deck = "رئيس البلدية: الأولوية للصيادين"
    text = f"<div class='article-body'>{TEXT}</div>"
    found = one(page(f"<div class='story'>{HEAD}<h2 class='subtitle'>{deck}</h2>{text}</div>"))
    assert (found.title, found.subtitle, found.body.split("\n")) == (TITLE, deck, BODY)
    kicker = "المشروع الأول منذ ثلاثين عاماً"
    found = one(page(f"<div class='story'><span class='kicker'>{kicker}</span>{HEAD}<div>{TEXT}</div></div>"))
    assert (found.title, found.subtitle) == (TITLE, kicker)


def test_a_live_blog_is_one_story_in_page_order() -> None:
    updates = [("إعادة فتح الطريق الشرقي", BODY[1]), ("إيواء عشرين أسرة في المدرسة", BODY[2])]
    feed = "".join(
        f"<article class='u'><time>14:{n}0</time><h3>{head}</h3><p>{text}</p></article>"
        for n, (head, text) in enumerate(updates)
    )
    found = one(
        page(
            f"{HEAD}<p class='summary'>{BODY[0]}</p><div class='feed'>{feed}</div>",
            linked({"@type": "LiveBlogPosting", "headline": TITLE}),
        )
    )
    assert found.body.split("\n") == [BODY[0], *(line for update in updates for line in update)]
    assert removed(found)["14:00"] == "date_line"


STORIES = [(TITLE, BODY), (OTHER_TITLE, OTHER_BODY), (THIRD, THIRD_BODY)]


@pytest.mark.parametrize(
    ("tag", "level", "title"),
    [("article", "h1", TITLE), ("div", "h2", "صحيفة المرفأ - محليات"), ("article", "h2", "محليات")],
)
def test_several_stories_on_a_page(tag: str, level: str, title: str) -> None:
    stories = "".join(
        f"<{tag} class='post'><{level}>{head}</{level}><div>{''.join(f'<p>{text}</p>' for text in texts)}</div></{tag}>"
        for head, texts in STORIES
    )
    found = read(page(stories, title=title))
    assert [(each.title, each.body.split("\n")) for each in found] == STORIES
    assert len({each.id for each in found}) == len(STORIES)


def test_each_of_several_stories_has_its_own_time() -> None:
    first, second, third = (
        f"<article><h1>{head}</h1>{time}{''.join(f'<p>{text}</p>' for text in texts)}</article>"
        for (head, texts), time in zip(
            STORIES, ("<time datetime='2024-03-01T09:40:00Z'>1 مارس</time>", "", ""), strict=True
        )
    )
    times = [each.published_at for each in read(page(first + second + third))]
    assert [time.isoformat() if time else None for time in times] == ["2024-03-01T09:40:00+00:00", None, None]


def test_the_next_story_has_a_smaller_headline() -> None:
    stories = "".join(
        f"<article class='one'><h{n}>{head}</h{n}><div>1/3/2024 09:4{n}</div><p>{'</p><p>'.join(texts)}</p></article>"
        for n, (head, texts) in enumerate(STORIES[:2], start=1)
    )
    found = read(page(stories))
    assert [(each.title, each.body.split("\n")) for each in found] == STORIES[:2]
    assert [str(each.published_at)[11:16] for each in found] == ["09:41", "09:42"]


def test_labels_side_by_side_are_apart() -> None:
    labels = "<div><a class='w' href='/c/2'>حاورها: سامر الخطيب</a><span class='d'>1 مارس 2024</span></div>"
    text = BODY[0].replace(BODY[0][:2], f"<span class='a'>{BODY[0][0]}</span><span class='b'>{BODY[0][1]}</span>", 1)
    (found,) = read(page(f"<article><h1>{TITLE}</h1>{labels}<p>{text}</p><p>{BODY[1]}</p></article>"))
    assert found.body.split("\n") == BODY[:2]
    assert (found.byline, str(found.published_at)[:10]) == ("سامر الخطيب", "2024-03-01")


def test_headings_of_one_story_are_no_stories() -> None:
    sections = "".join(
        f"<section><h2>العنوان الفرعي رقم {n} في النص</h2><p>{text}</p><p>{text}</p></section>"
        for n, text in enumerate(BODY)
    )
    assert len(read(page(f"<article>{HEAD}{sections}</article>"))) == 1


def test_hidden_text_is_a_removal() -> None:
    hidden = {
        "<p style='display:none'>{}</p>": "كلمات خفية لا يراها القارئ في هذه الصفحة على الإطلاق ولا تعنيه.",
        "<p class='d-none'>{}</p>": "نص مخفي آخر لا يظهر للقارئ ويستعمل لأغراض التتبع فقط لا غير.",
        "<p hidden>{}</p>": "وهذا نص ثالث مخفي بخاصية الإخفاء ولا ينبغي أن يظهر في المتن.",
        "<p aria-hidden='true'>{}</p>": "وهذا نص رابع مخفي عن قارئ الشاشة ولا ينبغي أن يظهر في المتن.",
    }
    found = one(page(f"<article>{HEAD}{''.join(tag.format(text) for tag, text in hidden.items())}{TEXT}</article>"))
    assert found.body.split("\n") == BODY
    assert {text: removed(found)[text] for text in hidden.values()} == dict.fromkeys(hidden.values(), "hidden")


def test_a_quotations_footer_says_who_is_quoted() -> None:
    said = "<p>«لم نهدم حجراً واحداً من الميناء القديم»</p>"
    quote = f"<blockquote>{said}<footer>سامر الخطيب، رئيس البلدية</footer></blockquote>"
    assert "سامر الخطيب، رئيس البلدية" in body(
        page(f"<article>{HEAD}<p>{BODY[0]}</p>{quote}<p>{BODY[1]}</p></article>")
    )


def test_a_table_of_data_is_readable_lines() -> None:
    cells = [("الفريق", "النقاط"), ("النوارس", "30"), ("الرياح", "28")]
    table = f"<table>{''.join(f'<tr><td>{one}</td><td>{two}</td></tr>' for one, two in cells)}</table>"
    found = body(page(f"<article>{HEAD}<p>{BODY[0]}</p>{table}<p>{BODY[1]}</p></article>"))
    assert found == [BODY[0], "الفريق، النقاط", "النوارس، 30", "الرياح، 28", BODY[1]]


def test_linked_data_holds_the_text_of_a_page_of_scripts() -> None:
    script = linked({"@type": "NewsArticle", "headline": TITLE, "articleBody": "\n\n".join(BODY)})
    found = one(page("<div id='app'></div><noscript>شغل جافاسكربت لعرض الصفحة</noscript>", script))
    assert (found.title, found.body.split("\n")) == (TITLE, BODY)


@pytest.mark.parametrize(
    "frame",
    [
        "<p>جميع الحقوق محفوظة لصحيفة المرفأ 2024</p>",
        "<div class='x'><p>يستخدم هذا الموقع ملفات تعريف الارتباط، وباستمرارك في التصفح فإنك توافق عليها.</p></div>",
        "<div><a href='/2'>خبر طويل عن افتتاح المعرض السنوي للكتاب في المدينة</a></div>",
    ],
)
def test_a_colophon_a_notice_or_a_menu_is_no_article(frame: str) -> None:
    with pytest.raises(Rejected, match="article"):
        read(page(frame, title="صحيفة المرفأ"))


class TestWhatIsOfThisStory:
    """Words about other stories stand on every page."""

    def test_the_date_in_the_pages_head_is_todays(self) -> None:
        clock = "<div class='top'><div class='date'>الخميس 11 يوليو 2024</div></div>"
        found = one(page(f"{clock}<div>{HEAD}<div class='pub'>نشر بتاريخ 1 مارس 2024</div><div>{TEXT}</div></div>"))
        assert found.published_at is not None
        assert found.published_at.isoformat() == "2024-03-01T00:00:00+00:00"

    def test_the_writer_of_a_column_beside_the_story(self) -> None:
        writer = "<span class='author'>مازن درويش</span>"
        column = f"<div class='opinions'><div>{writer}<a href='/9'>حين تمطر الهضبة</a></div></div>"
        story = f"<div>{HEAD}<span class='author'>رنا قاسم</span><div class='article-body'>{TEXT}</div></div>"
        assert one(page(column + story)).byline == "رنا قاسم"

    def test_the_linked_data_of_another_story(self) -> None:
        other = {
            "@type": "NewsArticle",
            "headline": OTHER_TITLE,
            "author": {"name": "مازن درويش"},
            "url": "https://harbour.example/n/2",
            "datePublished": "2021-01-02",
        }
        own = {
            "@type": "NewsArticle",
            "headline": TITLE,
            "author": {"name": "رنا قاسم"},
            "mainEntityOfPage": URL,
            "datePublished": "2024-03-01T09:40:00Z",
        }
        found = one(
            page(f"{HEAD}<article>{TEXT}</article>", f'<link rel="canonical" href="{URL}">{linked(other, own)}')
        )
        assert (found.title, found.byline) == (TITLE, "رنا قاسم")
        assert str(found.published_at) == "2024-03-01 09:40:00+00:00"
        found = one(page(f"{HEAD}<article>{TEXT}</article>", f'<link rel="canonical" href="{URL}">{linked(other)}'))
        assert (found.title, found.byline, found.published_at) == (TITLE, None, None)

    @pytest.mark.parametrize(
        "data",
        [
            '{"@type":"NewsArticle","headline":"%s","author":{"name":{"@type":"Person","name":"رنا قاسم"}}}',
            '{"@graph":[{"@type":"Article","headline":"%s","author":{"@id":"#r"}},{"@id":"#r","name":"رنا قاسم"}]}',
            '{"@type":"NewsArticle","headline":"%s","author":[{"name":"رنا قاسم",},],}',
            '//<![CDATA[\n{"@type":"NewsArticle","headline":"%s","author":"رنا قاسم"}\n//]]>',
            '<!-- {"@type":["Thing","ReportageNewsArticle"],"name":"%s","creator":["رنا قاسم"]}; -->',
            '{"@type":"WebPage"}{"@type":"NewsArticle","headline":"%s","author":"رنا قاسم"}',
            '{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","headline":"%s","author":"رنا قاسم"}}',
        ],
    )  # fmt: skip
    def test_linked_data_as_pages_print_it(self, data: str) -> None:
        script = f'<script type="application/ld+json">{data % TITLE}</script>'
        assert one(page(f"<div>{HEAD}<div>{TEXT}</div></div>", script)).byline == "رنا قاسم"

    def test_a_headline_below_a_menu_of_headings(self) -> None:
        mega = "".join(f"<h2>قسم رقم {n}</h2>" for n in range(14))
        site = '<meta property="og:site_name" content="صحيفة المرفأ">'
        head = f'<meta property="og:title" content="%s - صحيفة المرفأ">{site}'
        found = one(
            page(
                f"<div class='mega'>{mega}</div><div>{HEAD}<div>{TEXT}</div></div>",
                head % TITLE,
                f"{TITLE} - صحيفة المرفأ",
            )
        )
        assert found.title == TITLE

    @pytest.mark.parametrize("sign", [" | ", " - ", " – ", " :: "])
    def test_the_outlets_name_beside_a_headline_that_is_no_heading(self, sign: str) -> None:
        story = f"<div><div class='headline'>{TITLE}</div><div class='article-body'>{TEXT}</div></div>"
        site = '<meta property="og:site_name" content="صحيفة المرفأ">'
        assert one(page(story, site, f"{TITLE}{sign}صحيفة المرفأ")).title == TITLE
        assert one(page(f"<div>{TEXT}</div>", site, f"{TITLE}{sign}صحيفة المرفأ")).title == TITLE

    def test_a_headline_cut_short_in_the_head(self) -> None:
        head = f'<meta property="og:title" content="{TITLE[:30]}...">'
        assert one(page(f"<div>{HEAD}<div>{TEXT}</div></div>", head, "صحيفة المرفأ")).title == TITLE

    @pytest.mark.parametrize(
        ("line", "time"),
        [
            ("<span class='newsStoryDate'>الجمعة، 01 مارس 2024 09:23 م</span>", "2024-03-01T21:23:00+00:00"),
            ("<div class='x'>تم نشره الجمعة 1 آذار / مارس 2024 09:22 مساءً</div>", "2024-03-01T21:22:00+00:00"),
            ("<div class='x'>01 Mar 2024</div>", "2024-03-01T00:00:00+00:00"),
            ("<time datetime='2024-03-01T22:30:00+03:00'>قبل ساعة</time>", "2024-03-01T19:30:00+00:00"),
            ("<div>آخر تحديث: 2 مارس 2024</div><div>نشر: 1 مارس 2024</div>", "2024-03-01T00:00:00+00:00"),
        ],
    )  # fmt: skip
    def test_times_between_headline_and_text(self, line: str, time: str) -> None:
        found = one(page(f"<div>{HEAD}{line}<div class='article-body'>{TEXT}</div></div>"))
        assert found.published_at is not None
        assert (found.published_at.isoformat(), found.body.split("\n")) == (time, BODY)

    @pytest.mark.parametrize(
        "name",
        ["pubdate", "date", "DC.date.issued", "parsely-pub-date", "publication_date", "og:published_time",
         "article:published_time", "sailthru.date", "publish-date", "dcterms.created", "cXenseParse:recs:publishtime"],
    )  # fmt: skip
    @pytest.mark.parametrize("value", ["2024-03-01T22:30:00Z", "Fri Mar 01 2024 22:30:00 GMT+0000 (UTC)"])
    def test_names_of_times_in_use(self, name: str, value: str) -> None:
        found = one(page(f"<div>{HEAD}<div>{TEXT}</div></div>", f'<meta name="{name}" content="{value}">'))
        assert str(found.published_at) == "2024-03-01 22:30:00+00:00"

    @pytest.mark.parametrize(
        "zero", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31", "2093-01-01", "1900-01-01"]
    )
    def test_the_next_time_where_one_cannot_be(self, zero: str) -> None:
        meta = f'<meta property="article:published_time" content="{zero}">'
        found = one(page(f"<div>{HEAD}<div class='date'>1 مارس 2024</div><div>{TEXT}</div></div>", meta))
        assert str(found.published_at) == "2024-03-01 00:00:00+00:00"


def test_a_comment_in_another_encoding_costs_the_comment() -> None:
    html = page(f"{HEAD}<article>{TEXT}</article><div class='c'><p>%%</p></div>").encode()
    damaged = html.replace(b"%%", "تعليق قارئ قديم: مشروع ممتاز للمدينة".encode("cp1256"))
    record = RawArticle(
        url=URL, source="harbour", content=base64.b64encode(damaged).decode(), encoding="auto", content_type="text/html"
    )
    (found,) = clean_page(record, ingested_at=NOW, limits=Limits())
    assert found.body.split("\n")[: len(BODY)] == BODY
