"""The page's machinery among its text: buttons, counters, boxes of other stories, tags, links to itself."""

from __future__ import annotations

import json
import re
from importlib.resources import files

from agents.clean.identity import fold, fold_shown
from agents.clean.lines import CLOSING

_WIDGETS = frozenset(
    map(
        fold,
        json.loads(files("agents.clean").joinpath("data/machinery.json").read_text(encoding="utf-8"))["whole_lines"],
    )
)
_COUNTED = (
    "مشاهدة|مشاهدات|قراءة|قراءات|تعليق|تعليقات|مشاركة|مشاركات|زيارة|دقائق للقراءة|دقيقة للقراءة|دقائق قراءة|دقيقة قراءة"
)
_COUNTERS = "مدة القراءة|وقت القراءة|عدد القراءات|عدد المشاهدات|المشاهدات|مشاهدات|الزيارات|تعليقات|التعليقات"
_WIDGET_RE = re.compile(
    rf"^(?:[+\-\sA]{{1,12}}|[\d٠-٩]+\s*(?:{_COUNTED})|(?:{_COUNTERS})\s*:?\s*[\d٠-٩,]*\s*(?:دقيقة|دقائق|د)?)$"
)
_WIDGET_PREFIX_RE = re.compile(r"^(?:(?:Next\s+Previous|Previous\s+Next)(?:\s+|$))+")
_ALSO = r"\s+[أا]يض(?:ا|اً|ًا)?"
_RELATED_RE = re.compile(
    rf"^[*•\-–:\s]*(?:[إا]قر[أا]{_ALSO}|[إا]قر[أؤ]وا{_ALSO}|شاهد{_ALSO}|طالع{_ALSO}|قد\s+(?:يعجبك|يهمك){_ALSO}"
    r"|(?:مواضيع|موضوعات|أخبار|مقالات|روابط|قصص)\s+(?:ذات\s+صلة|متعلقة|مرتبطة|أخرى\s+قد\s+تهمك)|ذات\s+صلة"
    r"|لقراءة\s+المزيد|للمزيد)\s*(?:[:：\-–|»].*)?$"
)
_TAGS_LINE_RE = re.compile(
    r"^(?:سمات|الوسوم|وسوم|الكلمات\s+الدلالية|كلمات\s+دلالية|كلمات\s+مفتاحية|الكلمات\s+المفتاحية|هاشتاغ|tags?)"
    r"\s*[:：](?:\s|$)",
    re.IGNORECASE,
)
_DATE_LINE_RE = re.compile(
    r"^(?:(?:تاريخ\s+)?(?:النشر|نُ?شرت?(?:\s+في)?|آخر\s+تحديث|تم\s+التحديث|آخر\s+تعديل|تاريخ\s+الإضافة)\s*:?\s*)"
    r"(?=.*[\d٠-٩]).{4,70}$"
)
_MAX_TAGS = 40
_SELF_LINK_RE = re.compile(r"(?:^|\s)رابط الخبر بصحيفة [^\s:]{2,20}\s?:.{0,300}$")
_SELF_LINK_CHARS = 360


def is_widget(text: str) -> bool:
    """Whether the whole line is a button, a counter or another part of the page's machinery."""
    return len(text) <= 60 and (fold_shown(text) in _WIDGETS or _WIDGET_RE.match(text) is not None)


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
    # «سمات» is a word too: the list stands after a sentence.
    if text[:index].rstrip()[-1:] not in CLOSING:
        return text, ""
    if len(tags.split()) > _MAX_TAGS or re.search(r"[.!؟?…،:؛«»]", tags):
        return text, ""
    return text[:index].rstrip(), tags


def split_self_link(text: str) -> tuple[str, str]:
    """A paper's link to the page itself, as «رابط الخبر بصحيفة …: title»: (paragraph, link or "")."""
    match = _SELF_LINK_RE.search(text[-_SELF_LINK_CHARS:])
    if match is None:
        return text, ""
    start = max(0, len(text) - _SELF_LINK_CHARS) + match.start()
    return text[:start].rstrip(), text[start:].strip()
