"""What a single line of a page is: a sentence, a caption, a widget, a credit line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agents.clean.credit import is_agency, is_source
from agents.clean.identity import fold


class Rule(StrEnum):
    """Why a line, or a part of one, is not in the body. Each removal and each role names its rule."""

    WIDGET = "widget"
    TITLE = "title"
    TITLE_ECHO = "title_echo"
    SUBTITLE = "subtitle"
    CAPTION = "caption"
    CAPTION_ECHO = "caption_echo"
    BYLINE = "byline"
    DATE_LINE = "date_line"
    SOURCE_LINE = "source_line"
    RELATED = "related"
    TAGS = "tags"
    SELF_LINK = "self_link"


@dataclass(frozen=True, slots=True)
class Removal:
    """Text that left the body, and the rule that took it."""

    text: str
    reason: Rule


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page.

    Attributes:
        text: display text, spaces squeezed, never empty.
        blanks: empty lines before it.
        key: folded text, by which lines are compared.
        after_widget: a font-size or sharing widget stood between the line before and this one.
    """

    text: str
    blanks: int
    key: str
    after_widget: bool = False


# A caption never runs longer; a body paragraph that ends in brackets does.
MAX_CAPTION_WORDS = 45
MAX_CAPTION_CHARS = 600
MAX_CREDIT_WORDS = 6
MIN_BODY_WORDS = 25
MIN_SENTENCE_WORDS = 6
_END_CHARS = 12
# Headlines end in ؟ or ! too, but none seen is as long.
MIN_QUESTION_WORDS = 20

_CREDIT_RE = re.compile(r"^(?P<text>.*\S)\s*[(\[](?P<credit>[^()\[\]]{2,60})[)\]]\s*\.?$", re.DOTALL)
_PHOTO_CREDIT_RE = re.compile(
    r"^(?P<text>.*\S)\s*[(\[]?\s*(?:تصوير|عدسة|تصوير/)\s*[:/-]?\s*(?P<credit>[^()\[\].:]{3,40})[)\]]?\s*$"
)
_PHOTO_WORD_RE = re.compile(r"^(?:تصوير|عدسة|موقع|وكالة|أرشيف\w*|رويترز|صورة)\b|إ?أ?رشيفية")
_NO_CREDIT_RE = re.compile(
    r"\d|^[^\W_]?$|^(?:بال)?(?:صور|صورة|فيديو|فديو|انفوجرافيك|إنفوجرافيك|تقرير|حوار|تحديث|محدث|خاص|\W*)$"
)
_SENTENCE_END_RE = re.compile(r"[^.][.؟?!؛…][\"'”»)\]]*$|[.؟?!…]{1,3}[»\")”]$")
_FULL_STOP_RE = re.compile(r"[^.\s]\s?\.[\"'”»)\]]*$")


def squeeze(text: str) -> str:
    """`text` with every run of spaces, no-break ones too, made one."""
    return " ".join(text.split())


def is_sentence(line: Line) -> bool:
    """Whether the line ends like a sentence and is long enough to be one. Headlines have no full stop."""
    words, end = line.text.count(" ") + 1, line.text[-_END_CHARS:]
    return words >= MIN_SENTENCE_WORDS and (
        _FULL_STOP_RE.search(end) is not None
        or (words >= MIN_QUESTION_WORDS and _SENTENCE_END_RE.search(end) is not None)
    )


def is_body(line: Line) -> bool:
    """Whether the line is beyond doubt a paragraph of running text."""
    return is_sentence(line) or line.text.count(" ") + 1 >= MIN_BODY_WORDS


def split_credit(text: str) -> tuple[str, str | None]:
    """A caption and the credit in brackets at its end, or the whole and None."""
    if len(text) > MAX_CAPTION_CHARS:
        return text, None
    match = _CREDIT_RE.match(text) or _PHOTO_CREDIT_RE.match(text)
    if match is None or match["credit"].count(" ") >= MAX_CREDIT_WORDS:
        return text, None
    return match["text"].strip(" -–—"), match["credit"].strip()


def is_credited_caption(line: Line, *, in_header: bool) -> bool:
    """Whether the line is a caption by its credit.

    In the header of an article any short text in brackets at the end will do; between body paragraphs it must be a
    known agency or outlet, or say that it is a photograph.
    """
    if line.text.count(" ") >= MAX_CAPTION_WORDS or _FULL_STOP_RE.search(line.text[-_END_CHARS:]) is not None:
        return False
    text, credit = split_credit(line.text)
    if credit is None or text.count(" ") < 1 or _NO_CREDIT_RE.search(credit) is not None:
        return False
    return in_header or is_agency(credit) or is_source(credit) or _PHOTO_WORD_RE.search(credit) is not None


_WIDGETS = frozenset(
    map(
        fold,
        (
            "TT", "T T", "Tt", "A+ A-", "A A A", "Next Previous", "Previous Next", "السابق التالي", "التالي السابق", "شارك", "مشاركة", "شارك الخبر",
            "شاركها", "شارك هذا", "شارك المقال", "شارك المقالة", "شارك عبر", "طباعة", "اطبع", "حفظ", "إرسال", "أرسل", "انسخ الرابط", "نسخ الرابط", "تم نسخ الرابط",
            "فيسبوك", "تويتر", "واتساب", "تيليجرام", "تلغرام", "لينكدإن", "بينتيريست", "فايسبوك", "البريد الإلكتروني", "facebook", "twitter", "whatsapp", "telegram",
            "linkedin", "pinterest", "email", "print", "share", "tweet", "pin it", "google+", "copy link", "x", "تكبير الخط", "تصغير الخط", "حجم الخط", "تكبير الصورة", "اضغط للتكبير",
            "+ تكبير الصورة", "- حجم الخط +", "استمع", "استمع للمقال", "استمع إلى المقال", "إعلان", "اعلان", "advertisement", "المزيد", "...المزيد", "اقرأ المزيد",
            "تابعنا", "تابعونا", "اشترك", "اشترك الآن", "تعليقات", "التعليقات", "أضف تعليق", "أضف تعليقا", "لا توجد تعليقات", "كل التعليقات", "عودة", "عودة للأعلى", "الرئيسية",
            "facebook twitter", "facebook twitter whatsapp", "فيسبوك تويتر واتساب", "كم دقيقة للقراءة", "دقيقة واحدة للقراءة",
        ),
    )
)  # fmt: skip
_WIDGET_RE = re.compile(
    r"^(?:[+\-\sA]{1,12}|[\d٠-٩]+\s*(?:مشاهدة|مشاهدات|قراءة|قراءات|تعليق|تعليقات|مشاركة|مشاركات|زيارة|دقائق للقراءة|دقيقة للقراءة)"
    r"|(?:مدة القراءة|وقت القراءة|عدد القراءات|عدد المشاهدات|المشاهدات|مشاهدات|الزيارات|تعليقات|التعليقات)\s*:?\s*[\d٠-٩,]*\s*(?:دقيقة|دقائق|د)?)$"
)
_WIDGET_PREFIX_RE = re.compile(r"^(?:(?:Next\s+Previous|Previous\s+Next)(?:\s+|$))+")
_RELATED_RE = re.compile(
    r"^[*•\-–:\s]*(?:[إا]قر[أا]\s+[أا]يضا[ًّ]?|[إا]قر[أا]\s+أيضًا|[إا]قرأوا\s+أيضًا?|شاهد\s+[أا]يضا?[ًّ]?ا?|طالع\s+[أا]يضا?[ًّ]?ا?"
    r"|(?:مواضيع|موضوعات|أخبار|مقالات|روابط|قصص)\s+(?:ذات\s+صلة|متعلقة|مرتبطة|أخرى\s+قد\s+تهمك)|ذات\s+صلة|قد\s+يعجبك\s+أيضا?[ًّ]?ا?|قد\s+يهمك\s+أيضا?[ًّ]?ا?"
    r"|لقراءة\s+المزيد|للمزيد)\s*(?P<rest>[:：\-–|»].*)?$"
)
_TAGS_LINE_RE = re.compile(
    r"^(?:سمات|الوسوم|وسوم|الكلمات\s+الدلالية|كلمات\s+دلالية|كلمات\s+مفتاحية|الكلمات\s+المفتاحية|هاشتاغ|tags?)\s*[:：](?:\s|$)",
    re.IGNORECASE,
)
_DATE_LINE_RE = re.compile(
    r"^(?:(?:تاريخ\s+)?(?:النشر|نُ?شرت?(?:\s+في)?|آخر\s+تحديث|تم\s+التحديث|آخر\s+تعديل|تاريخ\s+الإضافة)\s*:?\s*)(?=.*[\d٠-٩]).{4,70}$"
)


def is_widget(text: str) -> bool:
    """Whether the whole line is a button, a counter or another part of the page's machinery."""
    return len(text) <= 60 and (fold(text) in _WIDGETS or _WIDGET_RE.match(text) is not None)


def is_related_heading(text: str) -> bool:
    """Whether the line opens a box of links to other stories; the line may hold the first link."""
    return len(text) <= 250 and _RELATED_RE.match(text) is not None


def is_date_line(text: str) -> bool:
    """Whether the line only says when the page was published or changed."""
    return len(text) <= 90 and _DATE_LINE_RE.match(text) is not None


def is_tags_line(text: str) -> bool:
    """Whether the line lists the page's tags."""
    return len(text) <= 400 and _TAGS_LINE_RE.match(text) is not None


def strip_prefix_widget(text: str) -> tuple[str, str]:
    """A slider's buttons at the start of a line: (the buttons or "", the rest)."""
    match = _WIDGET_PREFIX_RE.match(text)
    return (match.group().strip(), text[match.end() :]) if match else ("", text)


def split_tags(text: str) -> tuple[str, str]:
    """The list of tags that a scraper glued to the last paragraph: (paragraph, tags or "")."""
    index = text.rfind(" سمات ")
    if index < 0:
        return text, ""
    tags = text[index + 1 :]
    if len(tags.split()) > 40 or re.search(r"[.!؟?…،:؛«»]", tags):
        return text, ""
    return text[:index].rstrip(), tags


def split_self_link(text: str) -> tuple[str, str]:
    """A paper's link to the page itself, as «رابط الخبر بصحيفة …: title»: (paragraph, link or "")."""
    match = re.search(r"(?:^|\s)رابط الخبر بصحيفة [^\s:]{2,20}\s?:.{0,300}$", text[-360:])
    if match is None:
        return text, ""
    start = max(0, len(text) - 360) + match.start()
    return text[:start].rstrip(), text[start:].strip()


def to_lines(paragraphs: Iterable[str]) -> list[Line]:
    """Display lines; empty ones are counted on the line after them."""
    lines = []
    blanks = 0
    for paragraph in paragraphs:
        text = squeeze(paragraph)
        if not text:
            blanks += 1
            continue
        lines.append(Line(text, blanks, fold(text) if len(text) <= 400 else ""))
        blanks = 0
    return lines
