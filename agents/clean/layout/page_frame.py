"""Recognise what stands around an article on its page: notices, navigation, comments, rules between articles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.name_tables import names
from agents.clean.layout.lines import Line, is_body
from agents.text.keys import match_key_of_display

_SEPARATOR_RE = re.compile(r"^(?:[*•·●■◆▪★☆#~=_ـ–—-]\s?){3,}$")
_RULE_SIGNS = frozenset("*•·●■◆▪★☆#~=_ـ–—-")
# Cookie notices and the like speak to the visitor of the site.
_NOTICE_RE = re.compile(
    r"(?=.{0,400}(?:ملفات\s+(?:تعريف\s+)?الارتباط|ال?كوكيز|\bcookies?\b))"
    r".{0,400}(?:تجربتك|موقعنا|هذا\s+الموقع|الموقع\s+يستخدم|تصفحك|التصفح|بمتابعت|بمواصلت|باستمرارك|توافق|موافقتك|نستخدم|خصوصيتك"
    r"|سياسة\s+الخصوصية|تفضيلاتك|\bwe use\b|\bour (?:site|website)\b|\bthis (?:site|website)\b|\byour\b)"
    r"|^(?:نحن\s+)?(?:نهتم|نحترم|نقدر)\s+(?:ب)?خصوصيتك|^خصوصيتك\s+(?:تهمنا|مهمة)"
    # to readers below the text: corrections, subscriptions, rules of commenting
    r"|^هذا\s+الموقع\s+يستخدم\s+(?:Akismet|أكيسميت)"
    r"|^إذا\s+كنت\s+تعتقد\S{0,12}\s+أن\s+(?:هذا\s+|هذه\s+)?ال(?:مقال|خبر|مادة|تقرير)"
    r"|^(?:إذا\s+|هل\s+)?(?:وجدت|لاحظت|اكتشفت)\S{0,3}\s+(?:أي\s+)?خطأ?\S{0,2}\s+(?:في|ب)|^(?:لل)?(?:إبلاغ|تبليغ|أبلغنا?|بلّ?غنا?)\s+عن\s+خطأ"
    r"|^تنشر\s.{2,30}\sعلى\s+صفحتها\s+الرسمية،?\s+قسما?ً?\s+فقط"
    r"|^(?:هذا|هذه)\s.{2,30}\s(?:متاح|متاحة|مخصص|مخصصة|حصري|حصرية)\s+(?:فقط\s+)?للمشتركين"
    r"|^(?:يجب|يلزم|عليك|يرجى|الرجاء)\s.{0,20}تسجيل\s+الدخول\s.{0,40}(?:تعليق|للرد|قراءة)"
    r"|(?:تفعيل|تمكين|تشغيل)\s+(?:ال)?(?:جافا\s?سكريبت|java\s?script)|enable\s+java\s?script|^متصفحك\s+لا\s+يدعم",
    re.IGNORECASE,
)
_MAX_NOTICE_CHARS = 500
_NOTICE_CUES = (
    "ارتباط",
    "كوكيز",
    "خصوصيت",
    "سكريبت",
    "متصفح",
    "cookie",
    "Cookie",
    "cript",
    "Akismet",
    "أكيسميت",
    "تعتقد",
    "خطأ",
    "خطا",
    "صفحتها",
    "للمشتركين",
    "الدخول",
)
_NOTICE_BUTTON_RE = re.compile(
    r"^(?:(?:أ|ا)?وافق|موافق(?:ة)?|أوافق|(?:أ|ا)?قبل|قبول|قبول\s+(?:الكل|الجميع|جميع\s+.{3,30})|رفض|رفض\s+(?:الكل|الجميع)|حسنا|حسناً|فهمت|إغلاق|اغلاق"
    r"|(?:إدارة|تخصيص|تعديل|حفظ)\s+(?:التفضيلات|الإعدادات|الخيارات|الموافقة|ملفات\s+.{3,30})|(?:ال)?(?:إعدادات|تفضيلات|خيارات)"
    r"|سياسة\s+(?:الخصوصية|ملفات\s+.{3,30}|الكوكيز)|اعرف\s+المزيد|لمعرفة\s+المزيد|معرفة\s+المزيد|قراءة\s+المزيد|المزيد\s+من\s+المعلومات"
    r"|ok|accept(?:\s+all)?|i\s+agree|agree|got\s+it|reject(?:\s+all)?|decline|settings|manage\s+(?:preferences|cookies)|privacy\s+policy|close)[.!]?$",
    re.IGNORECASE,
)
# Notices stand at the top or the bottom of a page, with at most this many buttons below them.
_NOTICE_LINES, _NOTICE_BUTTONS = 6, 6

_HOME_RE = re.compile(
    r"^(?:(?:الصفحة\s+)?الرئيسية|أنت\s+هنا\s*:?|انت\s+هنا\s*:?|home|you are here\s*:?)\s*[»«>›‹<←→/\\|•–-]",
    re.IGNORECASE,
)
_CRUMB_RE = re.compile(r"\s+[»«>›‹<←→/\\|•]\s+")
_MAX_CRUMB_CHARS, _MAX_CRUMB_WORDS = 160, 4

# The heads of posts copied out of messengers: «قناة الضفة, [05.03.2024 10:30]», «[5/3/2024, 10:30] قناة الضفة:».
_STAMP_RE = re.compile(
    r"^(?:.{1,60},\s)?\[[\d٠-٩]{1,4}[./-][\d٠-٩]{1,2}[./-][\d٠-٩]{2,4}[,،]?\s[\d٠-٩]{1,2}:[\d٠-٩]{2}(?::[\d٠-٩]{2})?(?:\s?[صمAPMapm]{1,2})?\](?:\s.{1,40}:)?$"
)
_ATTACHMENT_RE = re.compile(
    r"^\[\s?(?:photo|video|album|sticker|file|gif|voice message|poll|صورة|فيديو|ألبوم|ملف)\s?\]$", re.IGNORECASE
)

# Heads of a list of comments; a number or «القراء» proves it, the others need a comment's signs below them.
_COMMENTS = r"(?:ال)?(?:تعليقات|ردود|آراء|مشاركات)"
_COMMENTS_HEAD_RE = re.compile(
    rf"^(?:(?:عرض|كل|جميع)\s+)?(?:{_COMMENTS}\s*[:(\[-]\s*[1-9١-٩][\d٠-٩]*\s*[)\]]?|{_COMMENTS}\s+[1-9١-٩][\d٠-٩]*|[1-9١-٩][\d٠-٩]*\s+(?:تعليق(?:ات|ا|اً)?|ردود|رد)"
    rf"|{_COMMENTS}\s+(?:ال)?(?:زوار|قراء|قرّاء|متابعين|أعضاء|فيسبوك)(?:\s*[:(\[]?\s*[\d٠-٩]*\s*[)\]]?)?|تعليقان|تعليق\s+واحد|comments\s*[:(]\s*[1-9]\d*\s*\)?|[1-9]\d*\s+comments?)\s*:?$",
    re.IGNORECASE,
)
_COMMENTS_MAYBE_RE = re.compile(
    rf"^(?:(?:كل\s+|جميع\s+|أضف\s+|إضافة\s+|شارك\s+ب)?(?:ال)?تعليق(?:ات|ك|ا|اً)?|{_COMMENTS}\s*\([0٠]?\)|(?:اترك|أترك|اكتب|أضف|شاركنا|شارك)\s+(?:تعليقا?ً?|تعليقك|ردا?ً?|رأيك|برأيك)"
    r"|leave a (?:comment|reply)|comments?|add a comment)\s*:?$",
    re.IGNORECASE,
)
_MAX_HEAD_CHARS = 60
_COMMENT_SIGN_RE = re.compile(
    r"^(?:(?:ال)?رد|أرد|الرد\s+على\s+التعليق|reply|أعجبني|إعجاب|بلّ?غ|إبلاغ|تبليغ|أبلغ\s+عن\s+.{3,20}|منذ\s.{2,25}|قبل\s+[\d٠-٩]{1,2}\s.{2,15}"
    r"|[\d٠-٩]{1,3}\s?[-–.)]\s?\S{2,20}(?:\s\S{1,20}){0,4}|\S{2,20}(?:\s\S{1,20}){0,3}\s(?:يقول|تقول|says|كتب|كتبت)\s*:?"
    r"|لن\s+يتم\s+نشر\s.{5,120}|(?:الاسم|البريد\s+الإلكتروني|التعليق|الموقع(?:\s+الإلكتروني)?|name|email|website)\s*\*?|الحقول\s+الإلزامية.{0,60})$",
    re.IGNORECASE,
)


def is_separator(text: str) -> bool:
    """Return whether the line is a rule: `* * *`, `-----`, `• • •`."""
    return text[0] in _RULE_SIGNS and len(text) <= 200 and _SEPARATOR_RE.match(text) is not None


def is_notice(text: str) -> bool:
    """Return whether the line is a notice about cookies, scripts or privacy that speaks to the visitor."""
    return (
        len(text) <= _MAX_NOTICE_CHARS
        and any(cue in text for cue in _NOTICE_CUES)
        and _NOTICE_RE.match(text) is not None
    )


def notices(lines: Sequence[Line]) -> set[int]:
    """Return the numbers of the lines at the top and the bottom of a page that are notices, and of their buttons."""
    found: set[int] = set()
    top = range(min(_NOTICE_LINES, len(lines)))
    bottom = range(max(_NOTICE_LINES, len(lines) - _NOTICE_LINES), len(lines))
    together = "\n".join([lines[number].text for number in (*top, *bottom)])
    if not any(cue in together for cue in _NOTICE_CUES):
        return found
    for number in (*top, *bottom):
        if not is_notice(lines[number].text):
            continue
        found.add(number)
        for below in range(number + 1, min(number + 1 + _NOTICE_BUTTONS, len(lines))):
            if _NOTICE_BUTTON_RE.match(lines[below].text) is None:
                break
            found.add(below)
    return found


def is_breadcrumb(line: Line) -> bool:
    """Return whether the line says where on its site a page stands: «الرئيسية » محليات » أسواق», «محليات»."""
    text = line.text
    if len(text) > _MAX_CRUMB_CHARS:
        return False
    if line.key in names().sections or _HOME_RE.match(text) is not None:
        return True
    parts = _CRUMB_RE.split(text)
    if len(parts) == 1:
        return False
    sections = sum(match_key_of_display(part) in names().sections for part in parts)
    return sections > 0 and all(part.count(" ") < _MAX_CRUMB_WORDS for part in parts)


def is_stamp(text: str) -> bool:
    """Return whether the line is the head of a post, or stands for its picture, as messengers copy them."""
    return text[-1:] in {"]", ":"} and (_STAMP_RE.match(text) or _ATTACHMENT_RE.match(text)) is not None


def comments_start(lines: Sequence[Line]) -> int:
    """Return the number of the line at which the comments of readers begin, or the number of lines.

    They begin below a paragraph, at a heading that counts them or names the readers, or at any other heading of
    comments with the signs of a comment below it: «رد», «منذ 3 ساعات», «1- قارئ».
    """
    first = next((number for number, line in enumerate(lines) if is_body(line)), len(lines))
    for number in range(first + 1, len(lines)):
        text = lines[number].text
        if len(text) > _MAX_HEAD_CHARS:
            continue
        if "\u0621" <= text[0] <= "\u064a" or text[0].isdigit() or text[0] in "cClLaA":
            if _COMMENTS_HEAD_RE.match(text) is not None and number + 1 < len(lines):
                return number
            if _COMMENTS_MAYBE_RE.match(text) is not None and any(
                _COMMENT_SIGN_RE.match(line.text) is not None for line in lines[number + 1 : number + 6]
            ):
                return number
    return len(lines)


def is_top_line(line: Line) -> bool:
    """Return whether the line may stand above a headline and is none itself: a date, a breadcrumb, a post's head."""
    return is_breadcrumb(line) or is_stamp(line.text) or is_date_line(line.text)
