"""Pages of plain text as readers and scrapers paste them: who the headline is, what is frame, where articles part."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.clean.layout.lines import Rule
from agents.clean.layout.parts import Parts
from agents.clean.page import Limits, read_page
from agents.text.display import display_text
from streams.errors import Rejected
from streams.records import RawArticle

TITLE, OTHER, THIRD = (
    "محطة تحلية جديدة تخدم سبع قرى في وادي السرو",
    "خطة لبناء أربعين مدرسة ريفية في الجزيرة الخضراء",
    "نجوم الميناء يهزم اتحاد التلال في افتتاح الدوري",
)
BODY = [
    "دشّن محافظ وادي السرو محطة جديدة لتحلية المياه تخدم سبع قرى على الساحل، بعد تأخير دام أربعة أعوام.",
    "وقال مدير المحطة بشير الخطابي إن طاقتها تبلغ عشرين ألف متر مكعب في اليوم، وإن الأعمال كلفت تسعين مليون دينار.",
    "وتعتمد القرى منذ سنوات على الصهاريج التي ترتفع أسعارها كل صيف.",
]
OTHER_BODY = [
    "أقرت لجنة التعليم في برلمان الجزيرة الخضراء خطة لبناء أربعين مدرسة ريفية خلال العامين المقبلين.",
    "وأوضحت رئيسة اللجنة سلمى العيدروس أن الأولوية للقرى التي يسير تلاميذها أكثر من خمسة كيلومترات.",
]
THIRD_BODY = [
    "فاز فريق نجوم الميناء على ضيفه اتحاد التلال بهدفين دون رد في افتتاح الدوري.",
    "وسجل الهدفين المهاجم رائد قصاب في الشوط الثاني أمام نحو ثمانية آلاف متفرج.",
]


def read(content: str, **fields: str) -> list[Parts]:
    raw = RawArticle(url="https://almarsa.example/n/1", source="almarsa", content=content, **fields)
    return read_page(raw, Limits()).articles


def only(content: str, **fields: str) -> Parts:
    (parts,) = read(content, **fields)
    return parts


def removed(parts: Parts, rule: Rule) -> list[str]:
    return [removal.text for removal in parts.removed if removal.reason is rule]


def page(*lines: str | list[str], between: str = "\n") -> str:
    return between.join(part for line in lines for part in ([line] if isinstance(line, str) else line))


PARTED = {
    "asterisks": page([TITLE, *BODY], "* * *", [OTHER, *OTHER_BODY], between="\n\n"),
    "rules": page(TITLE, BODY, "----------------", OTHER, OTHER_BODY),
    "bullets": page(TITLE, BODY, "• • • • •", OTHER, OTHER_BODY),
    "blank lines": page(TITLE, BODY, "", "", "", OTHER, OTHER_BODY),
    "blank lines among blank lines": page([TITLE, *BODY], "", [OTHER, *OTHER_BODY], between="\n\n"),
    "bylines": page(TITLE, "كتب: هيثم الراوي - تصوير: لمى شقير", BODY, "", OTHER, "كتبت: ربى النعسان", OTHER_BODY),
    "bylines, evenly spaced": page(
        [TITLE, "هيثم الراوي - صنعاء", *BODY, OTHER, "ربى النعسان - عدن", *OTHER_BODY], between="\n\n"
    ),
    "datelines": page(TITLE, "", "صنعاء - سبأ", BODY, "", OTHER, "", "عدن - وكالات", OTHER_BODY),
    "datelines of first sentences": page(
        TITLE, "صنعاء (سبأ) - " + BODY[0], BODY[1:], "", OTHER, "عدن (رويترز) - " + OTHER_BODY[0]
    ),
    "dates above": page("12/05/2024", TITLE, BODY, "", "13/05/2024", OTHER, OTHER_BODY),
    "dates below": page(TITLE, "الأحد 12 مايو 2024", BODY, "", OTHER, "الاثنين 13 مايو 2024", OTHER_BODY),
    "end marks": page(TITLE, "صنعاء - سبأ", BODY, "// انتهى //", OTHER, "صنعاء - سبأ", OTHER_BODY),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTED)
def test_articles_part_without_an_echo(name: str) -> None:
    one, two = read(PARTED[name])
    assert (one.title, two.title) == (TITLE, OTHER)
    assert [line.rpartition(") - ")[2] for line in one.body] == BODY
    assert [line.rpartition(") - ")[2] for line in two.body] == OTHER_BODY[: len(two.body)]


def test_each_article_keeps_its_own_credit_and_ending() -> None:
    content = page(
        TITLE, "صنعاء - سبأ", BODY, "", "ر ح/ م ك", "----------", OTHER, "عدن - فهد باوزير", OTHER_BODY, "----------",
        "14 مايو 2024", THIRD, THIRD_BODY,
    )  # fmt: skip
    one, two, three = read(content)
    assert (one.credit.dateline, one.credit.agencies, one.body) == ("صنعاء", ("سبأ",), BODY)
    assert removed(one, Rule.END_MARK) == ["ر ح/ م ك"]
    assert (two.credit.dateline, two.credit.byline, two.body) == ("عدن", "فهد باوزير", OTHER_BODY)
    assert (three.title, three.body, removed(three, Rule.DATE_LINE)) == (THIRD, THIRD_BODY, ["14 مايو 2024"])
    assert removed(one, Rule.SEPARATOR) == removed(two, Rule.SEPARATOR) == ["----------"]


WHOLE = {
    "subheading below a gap": page(TITLE, BODY, "", "", "", "كلفة المحطة ومواعيد تشغيلها في القرى", BODY[1:]),
    "short subheading below a rule": page(TITLE, BODY, "* * *", "تسعون مليون دينار", BODY[1:]),
    "rule before a paragraph": page(TITLE, BODY, "* * *", OTHER_BODY),
    "questions": page(TITLE, BODY, "", "", "* متى تصل المياه إلى قرى الجبل؟", BODY[1:]),
    "places as headings": page(TITLE, BODY, "", "صنعاء", OTHER_BODY, "", "عدن", THIRD_BODY),
}


@pytest.mark.parametrize("name", WHOLE)
def test_sections_of_one_article_stay_together(name: str) -> None:
    parts = only(WHOLE[name])
    assert parts.title == TITLE
    assert Counter("".join(parts.body)) == Counter(WHOLE[name].replace(TITLE, "", 1).replace("\n", ""))


@pytest.mark.parametrize(
    ("above", "subtitle", "rule"),
    [
        ("بعد أعوام من الانتظار..", "بعد أعوام من الانتظار..", Rule.KICKER),
        ("مدير المحطة لـ«المرسى»:", "مدير المحطة لـ«المرسى»:", Rule.KICKER),
        ("الرئيسية » محليات » خدمات", None, Rule.BREADCRUMB),
        ("الرئيسية > أخبار > محليات", None, Rule.BREADCRUMB),
        ("أخبار / محليات", None, Rule.BREADCRUMB),
        ("محليات", None, Rule.BREADCRUMB),
        ("الأحد 12 مايو 2024 - 04:15 م", None, Rule.DATE_LINE),
        ("قناة المرسى, [12.05.2024 10:30]", None, Rule.DATE_LINE),
        ("هيثم الراوي - صنعاء", None, Rule.BYLINE),
    ],
)
def test_what_stands_above_a_headline_is_not_the_headline(above: str, subtitle: str | None, rule: Rule) -> None:
    parts = only(page(above, TITLE, "", BODY))
    assert (parts.title, parts.subtitle, parts.body) == (TITLE, subtitle, BODY)
    assert removed(parts, rule) == [above]


def test_a_second_headline_comes_before_the_kicker() -> None:
    parts = only(page("بعد أعوام من الانتظار..", TITLE, "مدير المحطة: الأولوية لقرى الساحل", "", BODY))
    assert (parts.title, parts.subtitle) == (TITLE, "مدير المحطة: الأولوية لقرى الساحل")
    assert removed(parts, Rule.KICKER) == ["بعد أعوام من الانتظار.."]


def test_an_urgent_label_is_no_part_of_the_headline() -> None:
    parts = only(page(f"🔴 عاجل | {TITLE}", "", BODY))
    assert (parts.title, removed(parts, Rule.KICKER)) == (TITLE, ["🔴 عاجل |"])


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("short", ["مياه نظيفة بعد انتظار أربعة أعوام", "سبع قرى تودع الصهاريج إلى غير رجعة"])
def test_an_echoed_headline_leaves_whatever_follows_it(short: str, gap: str) -> None:
    for content, fields in (
        (page(TITLE, gap + TITLE, gap + short, "وعود كثيرة لم تتحقق قبل اليوم", BODY), {}),
        (page(TITLE, gap + short, "وعود كثيرة لم تتحقق قبل اليوم", BODY), {"title": TITLE}),
        (page("12/05/2024", TITLE, short, "وعود كثيرة لم تتحقق قبل اليوم", BODY), {"title": TITLE}),
    ):
        parts = only(content, **fields)
        assert parts.title == TITLE
        assert TITLE not in parts.body
        assert parts.body[-3:] == BODY


def test_a_poem_keeps_the_verse_that_is_its_title() -> None:
    verses = ["يا دجلة الخير يا أم البساتين", "مررت بي والمنى ترعى رياحيني", "وعدت وحدي وما عادت مواعيدي"]
    assert only("\n".join(verses), title=verses[0]).body == verses


def test_a_lead_printed_twice_stays_once() -> None:
    parts = only(page(TITLE, TITLE, "", BODY[0], "", BODY[0], "", BODY[1:]))
    assert (parts.body, parts.captions, removed(parts, Rule.REPEAT)) == (BODY, [], [BODY[0]])


NOTICE = "نستخدم ملفات تعريف الارتباط لتحسين تجربتك على موقعنا. بمتابعة التصفح فإنك توافق على سياسة الخصوصية."
FRAMES: dict[str, tuple[str, Rule, list[str]]] = {
    "cookies above": (page(NOTICE, "موافق", TITLE, "", BODY), Rule.NOTICE, [NOTICE, "موافق"]),
    "cookies below": (page(TITLE, "", BODY, "", NOTICE, "قبول الكل", "رفض"), Rule.NOTICE, [NOTICE, "قبول الكل", "رفض"]),
    "comments counted": (
        page(TITLE, "", BODY, "", "التعليقات (2)", "أبو سالم", "منذ 3 ساعات", OTHER_BODY[1], "رد"),
        Rule.COMMENTS, ["التعليقات (2)", "أبو سالم", "منذ 3 ساعات", OTHER_BODY[1], "رد"],
    ),
    "comments of readers": (
        page(TITLE, "", BODY, "تعليقات القراء", "1- متابع", OTHER_BODY[1]),
        Rule.COMMENTS, ["تعليقات القراء", "1- متابع", OTHER_BODY[1]],
    ),
    "comment form": (
        page(TITLE, "", BODY, "اترك تعليقاً", "لن يتم نشر عنوان بريدك الإلكتروني.", "الاسم *"),
        Rule.COMMENTS, ["اترك تعليقاً", "لن يتم نشر عنوان بريدك الإلكتروني.", "الاسم *"],
    ),
    "list of stories": (
        page(TITLE, "", BODY, "", "الأكثر قراءة", OTHER, THIRD),
        Rule.RELATED, ["الأكثر قراءة", OTHER, THIRD],
    ),
    "box of stories": (
        page(TITLE, BODY[:2], "إقرأ أيضا:", OTHER, THIRD, BODY[2]),
        Rule.RELATED, ["إقرأ أيضا:", OTHER, THIRD],
    ),
    "likes": (page(TITLE, "", BODY, "معجب بهذه: إعجاب تحميل..."), Rule.WIDGET, ["معجب بهذه: إعجاب تحميل..."]),
    "invitation": (
        page(TITLE, "", BODY, "لمتابعة أحدث الأخبار اشترك في قناتنا على واتساب"),
        Rule.WIDGET, ["لمتابعة أحدث الأخبار اشترك في قناتنا على واتساب"],
    ),
    "share buttons": (
        page(TITLE, "", "شارك هذا الموضوع:", "اضغط للمشاركة على تويتر (فتح في نافذة جديدة)", BODY),
        Rule.WIDGET, ["شارك هذا الموضوع:", "اضغط للمشاركة على تويتر (فتح في نافذة جديدة)"],
    ),
    "foot of a feed": (
        page(TITLE, "", BODY, f"ظهرت المقالة {TITLE} أولاً على صحيفة المرسى."),
        Rule.SELF_LINK, [f"ظهرت المقالة {TITLE} أولاً على صحيفة المرسى."],
    ),
    "agency's ending": (
        page(TITLE, "", BODY, "// انتهى //", "", "12:30ت مـ", "0045"),
        Rule.END_MARK, ["// انتهى //", "12:30ت مـ", "0045"],
    ),
    "Iraqi ending": (page(TITLE, "", BODY, "انتهى/25ر"), Rule.END_MARK, ["انتهى/25ر"]),
    "Emirati ending": (
        page(TITLE, "", BODY, "-مل-", "وام/سالم الكتبي/نورة خميس"),
        Rule.END_MARK, ["-مل-", "وام/سالم الكتبي/نورة خميس"]),
    "Kuwaiti ending": (page(TITLE, "", BODY, "(النهاية)", "ف ن / ع م", "كونا051423 جمت مار 24"),
        Rule.END_MARK, ["(النهاية)", "ف ن / ع م", "كونا051423 جمت مار 24"],
    ),
    "end mark of a press release": (page(TITLE, "", BODY[:2], "-انتهى-", BODY[2]), Rule.END_MARK, ["-انتهى-"]),
    "signature of a message": (
        page(TITLE, "", BODY, "--", "قائمة المرسى البريدية", "للاشتراك: list@almarsa.example"),
        Rule.COLOPHON, ["--", "قائمة المرسى البريدية", "للاشتراك: list@almarsa.example"],
    ),
    "notice of corrections": (
        page(TITLE, "", BODY, "إذا كنت تعتقد/تعتقدين أن المقال يحوي معلومات خاطئة أرسل/أرسلي تصحيحًا"),
        Rule.NOTICE, ["إذا كنت تعتقد/تعتقدين أن المقال يحوي معلومات خاطئة أرسل/أرسلي تصحيحًا"],
    ),
    "post of a channel": (
        page(TITLE, "", BODY[:2], "قناة المرسى, [12.05.2024 11:05]", "[ Photo ]", BODY[2]),
        Rule.DATE_LINE, ["قناة المرسى, [12.05.2024 11:05]", "[ Photo ]"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_of_a_page_leaves_with_its_reason(name: str) -> None:
    content, rule, lines = FRAMES[name]
    parts = only(content)
    assert (parts.title, parts.body) == (TITLE, BODY)
    assert removed(parts, rule) == lines


@pytest.mark.parametrize(
    "line",
    [
        "إذا كنت تعتقد أن البحر هادئ في الشتاء فاسأل صيادا عن ليلة واحدة في عرضه.",
        "وتستخدم المواقع ملفات تعريف الارتباط لمعرفة ما يقرأه زوارها في كل يوم من الأسبوع.",
        "وكتب في تعليقات كثيرة على المشروع أن الأسعار سترتفع لا محالة بعد الصيف.",
        "انتهى اللقاء بالتعادل السلبي بعد شوطين لم يقدم فيهما الفريقان ما يذكر.",
        "ظهرت المقالة الأولى للكاتب على صفحات المجلة قبل ثلاثين عاما من اليوم.",
        "تابعوا المباراة في مقاهي الحي ثم خرجوا إلى الشوارع حتى الصباح.",
    ],
)
def test_sentences_about_such_things_stay(line: str) -> None:
    parts = only(page(TITLE, "", BODY[0], line, BODY[1:]))
    assert parts.body == [BODY[0], line, *BODY[1:]]
    assert only(page(TITLE, "", BODY, line)).body == [*BODY, line]


def test_an_agency_that_only_ends_the_text_is_credited() -> None:
    assert only(page(TITLE, "", BODY, "/العُمانية/", "س ع / ن م")).credit.agencies == ("العُمانية",)


def test_the_writer_is_described_below_the_byline() -> None:
    parts = only(page(TITLE, "بقلم: د. نادر عيسى", "كاتب وباحث في شؤون المياه", "", BODY))
    assert (parts.credit.byline, parts.body) == ("د. نادر عيسى", BODY)
    assert removed(parts, Rule.BYLINE) == ["بقلم: د. نادر عيسى", "كاتب وباحث في شؤون المياه"]


@pytest.mark.parametrize("escape", ["&lt;{}&gt;", "&amp;lt;{}&amp;gt;"])
def test_markup_that_is_escaped_as_a_whole(escape: str) -> None:
    start, end = escape.format("p"), escape.format("/p")
    assert only("".join(start + line + end for line in BODY), title=TITLE).body == BODY


def test_escaped_markup_inside_a_text_is_what_the_text_is_about() -> None:
    line = "وشرح المدرب أن الوسم &lt;p&gt; يبدأ فقرة جديدة في صفحات الويب كلها."
    assert only(page(TITLE, "", BODY, line)).body[-1] == "وشرح المدرب أن الوسم <p> يبدأ فقرة جديدة في صفحات الويب كلها."


SAMPLES = [*PARTED.values(), *WHOLE.values(), *(content for content, _, _ in FRAMES.values())]
LINES = st.sampled_from(
    [
        TITLE, OTHER, THIRD, *BODY, *OTHER_BODY, NOTICE, "موافق", "* * *", "------", "", "",
        "TT", "التعليقات (2)", "رد",
        "منذ يوم", "12/05/2024", "عاجل | خبر", "الرئيسية » محليات", "محليات", "بعد أعوام..", "صنعاء - سبأ",
        "هيثم الراوي",
        "كاتب وباحث", "كتب: هيثم الراوي - تصوير: لمى", "// انتهى //", "0045", "-انتهى-", "وام/سالم/نورة", "اقرأ أيضاً:",
        "الأكثر قراءة", "(رويترز)", "المصدر: وكالات", "صورة (أ ف ب)", "قناة المرسى, [12.05.2024 11:05]", "[ Photo ]",
        "https://almarsa.example/n/1", "شارك", "الوسوم", "#مياه #قرى", "جميع الحقوق محفوظة", "واج", "@almarsa",
    ]
)  # fmt: skip


def _letters(text: str) -> Counter[str]:
    return Counter(sign for sign in display_text(text) if sign.isalpha())


def _assert_no_letter_is_lost(content: str) -> None:
    try:
        articles = read(content)
    except Rejected:
        return
    kept = Counter[str]()
    for parts in articles:
        kept += _letters("\n".join([*parts.body, *(removal.text for removal in parts.removed)]))
    assert kept == _letters(content)


@pytest.mark.parametrize("content", SAMPLES)
def test_every_letter_of_a_sample_is_in_the_body_or_in_a_removal(content: str) -> None:
    _assert_no_letter_is_lost(content)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=25))
def test_every_letter_is_in_the_body_or_in_a_removal(lines: list[str]) -> None:
    _assert_no_letter_is_lost("\n".join(lines))
