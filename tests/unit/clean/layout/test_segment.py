"""Plain pages: each line gets its role, several articles are split, ordinary pages stay whole."""

from __future__ import annotations

import pytest

from agents.clean.layout.lines import Rule
from agents.clean.layout.parts import Hints, Parts
from agents.clean.layout.segment import segment
from tests.unit.clean.samples import (
    BODY,
    CAPTION,
    CREDIT,
    KICKER,
    OTHER_BODY,
    OTHER_CAPTION,
    OTHER_CREDIT,
    OTHER_TITLE,
    TITLE,
    header,
)


def only(text: str, hints: Hints | None = None) -> Parts:
    (parts,) = segment(text, hints or Hints())
    return parts


def removed(parts: Parts, rule: Rule) -> list[str]:
    return [removal.text for removal in parts.removed if removal.reason is rule]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
@pytest.mark.parametrize("gap", ["\n", "\n\n\n\n"])
@pytest.mark.parametrize("widget", [True, False])
def test_two_articles_on_one_page(between: str, gap: str, widget: bool) -> None:
    first = between.join([*header(TITLE, CAPTION, CREDIT, kicker=KICKER, widget=widget), *BODY])
    second = between.join([*header(OTHER_TITLE, OTHER_CAPTION, OTHER_CREDIT, widget=widget), *OTHER_BODY])

    one, two = segment(first + gap + second)

    assert (one.title, one.subtitle, one.body) == (TITLE, KICKER, BODY)
    assert one.captions == [(CAPTION, CREDIT)]
    assert (two.title, two.subtitle, two.body) == (OTHER_TITLE, None, OTHER_BODY)
    assert two.captions == [(OTHER_CAPTION, OTHER_CREDIT)]


def test_without_an_echo_widget_and_captions_are_enough() -> None:
    second = header(OTHER_TITLE, OTHER_CAPTION, OTHER_CREDIT, echo=False)
    one, two = segment("\n".join([TITLE, *BODY, *second, *OTHER_BODY]))
    assert one.body == BODY
    assert (two.title, two.body) == (OTHER_TITLE, OTHER_BODY)


def test_the_last_line_of_an_article_is_not_the_next_ones_title() -> None:
    source = "* خدمة صحيفة «المرفأ»"
    second = header(OTHER_TITLE, OTHER_CAPTION, OTHER_CREDIT)
    one, two = segment("\n".join([TITLE, *BODY, source, *second, *OTHER_BODY]))
    assert one.body == [*BODY, source]
    assert two.title == OTHER_TITLE


def test_every_removal_names_its_rule() -> None:
    parts = only("\n".join([*header(TITLE, CAPTION, CREDIT, kicker=KICKER), *BODY]))
    caption = f"{CAPTION} ({CREDIT})"
    assert [(removal.text, removal.reason) for removal in parts.removed] == [
        ("TT", Rule.WIDGET),
        (TITLE, Rule.TITLE),
        (KICKER, Rule.SUBTITLE),
        (caption, Rule.CAPTION),
        (caption, Rule.CAPTION_ECHO),
        (TITLE, Rule.TITLE_ECHO),
        (caption, Rule.CAPTION_ECHO),
        (caption, Rule.CAPTION_ECHO),
    ]


class TestOrdinaryPagesStayWhole:
    def test_subheadings(self) -> None:
        lines = [BODY[0], "أداء القطاعات", BODY[1], "أداء الأسهم", BODY[2]]
        assert only("\n".join(lines), Hints(title=TITLE)).body == lines

    def test_a_poem_with_a_refrain(self) -> None:
        verses = [
            "يا موج خذني إلى الشاطئ البعيد",
            "واترك على الرمل أسماءنا",
            "يا موج خذني إلى الشاطئ البعيد",
            "فالبحر يعرف أحزاننا",
        ]
        page = "\n".join([BODY[0], *verses, *verses, BODY[1]])
        assert only(page, Hints(title=TITLE)).body == page.split("\n")

    def test_a_poem_named_after_its_first_verse(self) -> None:
        verses = ["يا موج خذني", "واترك على الرمل أسماءنا", "فالبحر يعرف أحزاننا"]
        assert only("\n".join(verses), Hints(title="يا موج خذني")).body == verses

    def test_long_gaps(self) -> None:
        lines = [BODY[0], "ملاحظة قصيرة عن المشروع", BODY[1]]
        assert only("\n\n\n\n\n".join(lines), Hints(title=TITLE)).body == lines

    def test_a_widget_in_the_middle(self) -> None:
        lines = [BODY[0], "تفاصيل المشروع الجديد", BODY[1]]
        page = "\n".join([*lines[:2], "TT", *lines[2:]])
        assert only(page, Hints(title=TITLE)).body == lines

    def test_a_picture_with_two_lines(self) -> None:
        lines = ["سيدة تتأمل لوحة معروضة في متحف المدينة", "الذي زاره آلاف الناس في الصيف (أ ف ب)"]
        assert only("\n".join(lines), Hints(title="صورة وتعليق")).body == lines

    def test_a_list_of_briefs(self) -> None:
        lines = ["* افتتاح معرض الكتاب", BODY[0], "* جائزة لمخرج شاب", BODY[1]]
        assert only("\n".join(lines), Hints(title="موجز الأخبار")).body == lines

    def test_caption_words_inside_a_sentence(self) -> None:
        sentence = f"وذكر المصدر أن {CAPTION}، وهو مشهد يتكرر كل صباح."
        parts = only("\n".join([*header(TITLE, CAPTION, CREDIT), *BODY, sentence]))
        assert parts.body == [*BODY, sentence]


class TestTitle:
    def test_given_and_printed(self) -> None:
        parts = only("\n".join([TITLE, *BODY]), Hints(title=TITLE))
        assert (parts.title, parts.body) == (TITLE, BODY)

    def test_given_with_the_sites_name(self) -> None:
        parts = only("\n".join([TITLE, *BODY]), Hints(title=f"{TITLE} | صحيفة المرفأ"))
        assert parts.body == BODY

    def test_given_and_not_printed(self) -> None:
        assert only("\n".join(BODY), Hints(title=TITLE)).body == BODY

    def test_none_where_the_page_starts_with_a_paragraph(self) -> None:
        parts = only("\n".join(BODY))
        assert (parts.title, parts.subtitle, parts.body) == (None, None, BODY)

    def test_kicker_under_a_printed_headline(self) -> None:
        parts = only("\n".join([TITLE, KICKER, *BODY]))
        assert (parts.title, parts.subtitle, parts.body) == (TITLE, KICKER, BODY)

    def test_kicker_credit_caption_and_date_in_a_row(self) -> None:
        lines = [TITLE, KICKER, "جدة: منى السالم", f"{CAPTION} ({CREDIT})", "تاريخ النشر: 1 مارس 2024", *BODY]
        parts = only("\n\n".join(lines))
        assert (parts.title, parts.subtitle, parts.body) == (TITLE, KICKER, BODY)
        assert (parts.credit.byline, parts.credit.dateline) == ("منى السالم", "جدة")
        assert parts.captions == [(CAPTION, CREDIT)]
        assert removed(parts, Rule.DATE_LINE) == ["تاريخ النشر: 1 مارس 2024"]

    def test_belongs_to_the_article_that_prints_it(self) -> None:
        page = "\n".join(
            [*header(TITLE, CAPTION, CREDIT), *BODY, *header(OTHER_TITLE, OTHER_CAPTION, OTHER_CREDIT), *OTHER_BODY]
        )
        one, two = segment(page, Hints(title=OTHER_TITLE, author="منى السالم"))
        assert (one.title, one.credit.byline) == (TITLE, None)
        assert (two.title, two.credit.byline) == (OTHER_TITLE, "منى السالم")


class TestCredits:
    @pytest.mark.parametrize(
        ("line", "byline", "dateline", "agencies"),
        [
            ("سلوى سعد – متابعات", "سلوى سعد", None, ()),
            ("عين اليوم – الرياض", None, "الرياض", ("عين اليوم",)),
            ("واس (جدة)", None, "جدة", ("واس",)),
            ("لندن: منى السالم", "منى السالم", "لندن", ()),
            ("كتب - خالد العمري:", "خالد العمري", None, ()),
        ],
    )
    def test_a_line_of_its_own_leaves_the_body(
        self, line: str, byline: str | None, dateline: str | None, agencies: tuple[str, ...]
    ) -> None:
        parts = only("\n".join([line, *BODY]), Hints(title=TITLE))
        assert parts.body == BODY
        assert removed(parts, Rule.BYLINE) == [line]
        assert (parts.credit.byline, parts.credit.dateline, parts.credit.agencies) == (byline, dateline, agencies)

    def test_inside_the_first_sentence_it_stays(self) -> None:
        first = f"خالد العمري- سبق- الدمام: {BODY[0]}"
        parts = only("\n".join([first, BODY[1]]), Hints(title=TITLE))
        assert parts.body == [first, BODY[1]]
        assert (parts.credit.byline, parts.credit.dateline, parts.credit.agencies) == (
            "خالد العمري",
            "الدمام",
            ("سبق",),
        )

    @pytest.mark.parametrize(
        ("lead", "dateline", "agencies"),
        [
            ("القاهرة - رويترز: ", "القاهرة", ("رويترز",)),
            ("الرياض - واس - ", "الرياض", ("واس",)),
            ("لندن (رويترز) - ", "لندن", ("رويترز",)),
            ("جدة ـ ", "جدة", ()),
            ("الوزير: ", None, ()),
        ],
    )
    def test_datelines_of_first_sentences(self, lead: str, dateline: str | None, agencies: tuple[str, ...]) -> None:
        parts = only("\n".join([lead + BODY[0], BODY[1]]), Hints(title=TITLE))
        assert parts.body[0] == lead + BODY[0]
        assert (parts.credit.dateline, parts.credit.agencies) == (dateline, agencies)

    def test_a_name_under_a_picture_is_no_byline(self) -> None:
        lines = ["سامر الخطيب", *BODY]
        parts = only("\n".join(lines), Hints(title=TITLE, author="منى السالم"))
        assert parts.body == lines
        assert parts.credit.byline == "منى السالم"


class TestMachinery:
    def test_slider_buttons_and_tags(self) -> None:
        page = f" Next Previous {BODY[0]}\n{BODY[1]} سمات الميناء بلدية الساحل "
        parts = only(page, Hints(title=TITLE))
        assert parts.body == BODY[:2]
        assert removed(parts, Rule.WIDGET) == ["Next Previous"]
        assert removed(parts, Rule.TAGS) == ["سمات الميناء بلدية الساحل"]

    def test_the_word_itself_is_no_tag_list(self) -> None:
        line = "وهذه من سمات المدن الساحلية القديمة"
        assert only("\n".join([*BODY, line]), Hints(title=TITLE)).body == [*BODY, line]

    def test_related_stories(self) -> None:
        box = ["اقرأ أيضاً:", "افتتاح معرض الكتاب في العاصمة", "ارتفاع أسعار الخضار"]
        parts = only("\n".join([BODY[0], *box, *BODY[1:]]), Hints(title=TITLE))
        assert parts.body == BODY
        assert removed(parts, Rule.RELATED) == box

    def test_inline_caption_and_its_credit(self) -> None:
        parts = only("\n".join([BODY[0], "عمال في موقع الحفر (أ.ف.ب)", BODY[1]]), Hints(title=TITLE))
        assert parts.body == BODY[:2]
        assert parts.captions == [("عمال في موقع الحفر", "أ.ف.ب")]

    def test_brackets_at_the_end_of_a_line_are_no_credit(self) -> None:
        line = "نظمتها جمعية الصيادين (فرع الشمال)"
        assert only("\n".join([BODY[0], line, BODY[1]]), Hints(title=TITLE)).body == [BODY[0], line, BODY[1]]

    def test_source_line(self) -> None:
        parts = only("\n".join([*BODY, "المصدر: رويترز"]), Hints(title=TITLE))
        assert (parts.body, parts.credit.agencies) == (BODY, ("رويترز",))


@pytest.mark.parametrize(
    "page",
    [
        "جانب من الحفل (واس)",
        "سامر الخطيب",
        "واس (جدة)",
        "رابط الخبر بصحيفة المرفأ: بالصور .. مهرجان الربيع",
        "لقطة من المهرجان\n(رويترز)",
    ],
)
def test_a_page_of_one_line_is_an_article(page: str) -> None:
    assert only(page, Hints(title=TITLE)).body


def test_buttons_alone_are_no_article() -> None:
    assert segment("TT\nNext Previous") == []
