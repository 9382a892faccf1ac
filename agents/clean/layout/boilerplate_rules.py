"""Recognise boilerplate: buttons, counters, boxes of other stories, tags, links to the page itself, end marks."""

from __future__ import annotations

import json
import re
from importlib.resources import files

from agents.clean.credits.date_lines import CLOCK
from agents.clean.credits.name_tables import person_certainty
from agents.clean.credits.outlet import Outlet
from agents.clean.layout.lines import CLOSING
from agents.text.keys import match_key, match_key_of_display

_TABLE = json.loads(files("agents.clean").joinpath("data/machinery.json").read_text(encoding="utf-8"))
_WIDGETS = frozenset(map(match_key, _TABLE["whole_lines"]))
_MAX_WIDGET_CHARS, _MAX_ROW_CHARS = 60, 160
_COUNTED = (
    "مشاهدة|مشاهدات|قراءة|قراءات|تعليق|تعليقات|مشاركة|مشاركات|زيارة|دقائق للقراءة|دقيقة للقراءة|دقائق قراءة|دقيقة قراءة"
)
_COUNTERS = "مدة القراءة|وقت القراءة|عدد القراءات|عدد المشاهدات|المشاهدات|مشاهدات|الزيارات|تعليقات|التعليقات"
_WIDGET_RE = re.compile(
    rf"^(?:[+\-\sAأ]{{1,12}}|[\d٠-٩]+\s*(?:{_COUNTED})|(?:{_COUNTERS})\s*:?\s*[\d٠-٩,]*\s*(?:دقيقة|دقائق|د)?)$"
)
# Buttons in one row: «شارك طباعة أ+ أ-», «فيسبوك X واتساب نسخ الرابط».
_BUTTON = "|".join(sorted((re.escape(match_key(name)) for name in _TABLE["buttons"]), key=len, reverse=True))
_ROW_RE = re.compile(rf"(?:(?:{_BUTTON})(?: |$))+")
_SIGNS_RE = re.compile(r"(?<![^\s|])[+\-]?[Aأ][+\-]?(?![^\s|])|[+\-]")
_SHARE_RE = re.compile(
    "شارك(?:ها|ه|وا|نا)?(?: هذا| هذه)?(?: ال(?:خبر|مقال|مقاله|موضوع|صفحه|قصه|تقرير|فيديو|صوره|ماده))?"
    "(?: (?:علي|عبر|مع)(?: (?:الاصدقاء|اصدقائك|مواقع التواصل(?: الاجتماعي)?|(?:ال)?شبكات التواصل(?: الاجتماعي)?))?)?"
    f"(?: (?:{_BUTTON}))*"
)
# Invitations to follow, subscribe or install. The lookahead requires the name of a service or page.
_PROMO_RE = re.compile(
    r"^[^\w\s]{0,4}\s*(?=.{0,150}(?:واتس\s?[اآ]ب|تي?لي?[غج]رام|في?س\s?بوك|فايسبوك|تويتر|إكس|يوتيوب|[إا]نستغرام|غوغل|جوجل|قوقل|google|whatsapp"
    r"|telegram|facebook|twitter|youtube|instagram|قناتنا|قنواتنا|صفحتنا|صفحاتنا|نشرتنا|تطبيق|النشرة|حساباتنا|حسابنا|مجموعتنا|خدم|نبض))"
    r"(?:متابعة\s+(?:كل\s+|كافة\s+|جميع\s+)?(?:ال)?أخبار\s.{0,40}\sعلى\s|يمكنكم?\s+(?:أيضا\s+)?(?:متابعتنا|الاشتراك|الانضمام)|تابعوا|تابع\s+(?:آخر|أحدث|أهم|كل|جميع|قنا|صفح|حساب|أخبار)|تابعونا|تابعنا|لمتابعتنا"
    r"|للاشتراك\s+(?:في|ب)|للانضمام\s+(?:إلى|ل)|ل[لإا]?(?:لـ?)?(?:متابعة|لاطلاع|تصلك|يصلك|تصلكم|يصلكم|لحصول|مزيد|لمزيد|معرفة|قراءة)\s.{0,60}"
    r"(?:[اإ]?شترك|[اإ]?نضم|تابع|اضغط|قنات|حساب|صفح|تطبيق|نشرت)|كن\s+أول\s+من|لا\s+(?:تفوت|تنس)"
    r"|[اإ]?نضم(?:وا)?\s+(?:الآن\s+|إلينا\s+)?(?:إلى\s+|ل|على\s+|في\s+)(?:قنا|مجموع|صفح|نشرت)"
    r"|[اإ]شترك(?:وا)?\s+(?:الآن\s+|معنا\s+)?(?:في\s+|ب)(?:ال)?(?:نشر|قنا|خدم)"
    r"|حمّ?ل(?:وا)?\s+(?:الآن\s+)?(?:ال)?تطبيق|لتحميل\s+(?:ال)?تطبيق|follow\s+us|join\s+our|subscribe\s+to).{0,170}$",
    re.IGNORECASE,
)
_PROMO_START_RE = re.compile(
    r"[^\w\s]{0,4}\s*(?:متابعة|يمكنك|تابع|لمتابعتنا|ل|كن\s|[اإ]?نضم|[إا]شترك|حمّ?ل|follow|join|subscribe)", re.IGNORECASE
)
# Buttons of WordPress and its plugins, and invitations to a link: «معجب بهذه: إعجاب تحميل...», «👇 التفاصيل في الرابط».
_PLUGIN_RE = re.compile(
    r"^(?:معجب\s+بهذه\s*:.{0,40}|(?:إعجاب|أعجبني)\s+(?:جار[يٍ]?\s+ال)?تحميل\s?(?:\.{3}|…)?|(?:اضغط|انقر)\s+(?:هنا\s+)?(?:للمشاركة|لتشارك|للطباعة|لمشاركة|لإرسال)\s.{3,80}"
    r"|like\s+this\s*:.{0,40}|like\s+loading.{0,3}|loading\s?(?:\.{3}|…)|click\s+to\s+(?:share|email|print)\s.{3,80}"
    r"|[^\w\s]{0,4}\s?(?:ال)?تفاصيل\s+(?:أكثر\s+|كاملة\s+)?(?:في|على|عبر)\s+(?:هذا\s+)?(?:ال)?(?:رابط|تعليق).{0,30}"
    r"|ل(?:متابعة|مشاهدة|قراءة|استماع|لاستماع)\s.{3,60}\s(?:ال)?رابط\s?:?\s?(?:https?://\S{1,200})?|@[\w.]{3,40}(?:\s+@[\w.]{3,40}){0,3})$",
    re.IGNORECASE,
)
# «ظهرت المقالة … أولاً على …», as WordPress ends the items of its feeds.
_TRANSLATE_RE = re.compile(r"^ترجم(?:ة)?\s+(?:ال)?(?:موضوع|مقال|صفحة|خبر)\s+إلى\s.{0,120}$")
_FEED_FOOTS = ("ظهر", "The post", "the post")
_FEED_FOOT_RE = re.compile(
    r"^(?:ظهر(?:ت)?\s+(?:ال)?(?:مقال(?:ة)?|تدوينة|خبر|موضوع|منشور)\s.{3,300}\s(?:أولاً|أولا|أوّلا|لأول\s+مرة)\s+(?:على|في)\s.{2,80}"
    r"|the\s+post\s.{3,300}\s(?:appeared\s+first|first\s+appeared)\s+on\s.{2,80})$",
    re.IGNORECASE,
)
_SKIP_RE = re.compile(
    r"^(?:Article information|تخط[ىي]\s.{2,60}\sوواصل\s+القراءة|نهاية|قصص\s+مقترحة|يستحق\s+الانتباه"
    r"|مواضيع\s+قد\s+تهمك)$"
)
_WIDGET_PREFIX_RE = re.compile(r"^(?:(?:Next\s+Previous|Previous\s+Next)(?:\s+|$))+")
_ALSO = r"\s+[أاإ]يض(?:ا|اً|ًا)?"
_RELATED_RE = re.compile(
    rf"^[*•\-–:\s]*(?:[إا]قر[أاؤئ]ي?(?:وا)?{_ALSO}(?:\s+(?:في|عن|على)\s.{{2,30}}(?=:))?|شاهد(?:وا)?{_ALSO}|طالع{_ALSO}|تابع{_ALSO}"
    rf"|قد\s+(?:يعجبك|يهمك|تهمك)(?:{_ALSO})?|يمكنك{_ALSO}\s+قراءة|لا\s+يفوتك"
    r"|[إا]قر[أا]\s+(?:المزيد|أكثر)(?=\s*:)|طالع\s+المزيد|لمزيد\s+من\s+التفاصيل"
    r"|(?:مواضيع|موضوعات|أخبار|[اأ]لأخبار|مقالات|روابط|قصص|مواد|تقارير)\s+(?:ذات\s+صلة|ذات\s+علاقة|متعلقة|مرتبطة|مشابهة|أخرى\s+قد\s+تهمك)"
    r"|يتم\s+قراءة\s+ال[آأا]ن|ذات\s+صلة|(?:[اأ]قرأ|شاهد)\s+كذلك|لقراءة\s+المزيد|للمزيد)\s*(?:[:：\-–|».…].*)?$"
)
_LIST_HEADING_RE = re.compile(
    r"^[*•\-–:\s]*(?:(?:ال)?[أا]كثر\s+(?:قراءة|مشاهدة|تعليقا|تفاعلا|رواجا|تداولا|شعبية|زيارة)|آخر\s+(?:ال)?(?:أخبار|مقالات|مستجدات|عناوين)"
    r"|[أا]حدث\s+(?:ال)?(?:أخبار|مقالات|مستجدات|عناوين)|أخبار\s+(?:أخرى|مختارة|قد\s+تهمك)|مقالات\s+(?:أخرى|مختارة|قد\s+تهمك|الكاتب|للكاتب|سابقة.{0,20})"
    r"|مختارات(?:\s+.{2,20})?|اخترنا\s+ل(?:ك|كم)|ترشيحاتنا|نرشح\s+ل(?:ك|كم)|من\s+الأرشيف|المزيد\s+(?:من|في|عن)\s.{2,30}|مرتبط|related(?:\s+\w+)?|you\s+may\s+also\s+like"
    r"|(?:ال)?مزيد\s+من\s+(?:ال)?(?:أخبار|مقالات)|إقرأ\s+في\s+(?:الموقع|الضفة|العدد)|في\s+هذا\s+القسم|عاجل\s+الآن|الأخبار\s+الرئيسية|شريط\s+الأخبار)\s*:?$",
    re.IGNORECASE,
)
_TAGS_LINE_RE = re.compile(
    r"^(?:سمات|الوسوم|وسوم|الكلمات\s+الدلالية|كلمات\s+دلالية|كلمات\s+مفتاحية|الكلمات\s+المفتاحية|كلمات\s+البحث|هاشتاغ|"
    r"مواضيع|الأكثر\s+تداولاً?|tags?)\s*[:：](?:\s|$)",
    re.IGNORECASE,
)
_TAGS_HEADING_RE = re.compile(
    r"^(?:(?:ال)?كلمات\s+(?:ال)?(?:دالة|دلالية|مفتاحية|بحث)|كلمات\s+البحث|الوسوم|وسوم|سمات|دلالات|العلامات|مواضيع\s+متعلقة|tags)$",
    re.IGNORECASE,
)
_ADDRESS_RE = re.compile(r"^(?:https?://)?(?P<host>[\w.-]{4,100})(?:[/?]\S*)?$", re.ASCII)
_SKIP_START_RE = re.compile(r"^تخط[ىي]\s.{2,60}\sوواصل\s+القراءة$")
_HASHTAGS_RE = re.compile(r"^(?:#[\w\u064b-\u0652]+[\s|،,]*){2,}$")
_MAX_TAGS = 40
_SELF_LINK_RE = re.compile(
    r"(?:^|\s)رابط (?:الخبر|المقالة?|الموضوع|التقرير|المادة) (?:ب|في |على |من )(?:صحيفة |جريدة |موقع )?[^\s:]{2,20}"
    r"(?: [^\s:]{2,20}){0,2}\s?:.{0,300}$"
)
_SELF_LINK_CHARS = 360
INITIALS = r"[\u0621-\u064a](?:(?:\.\s?|\s|\u0640)[\u0621-\u064a]){1,3}\.?"
_DOTTED = r"[\u0621-\u064a]\.\s?[\u0621-\u064a](?:\.\s?[\u0621-\u064a])?\.?"
_RULE = r"[/\s\-–—ـ=.*#()]*"
# How agencies end a text: «// انتهى //», «(النهاية) ف ن / ع م», «--(بترا)», «م.ع/ ح.س», «انتهى/25ر», «12:30ت مـ».
_ENDS = r"(?:انته[ىي]|انتهت|النهاية|نهاية\s+الخبر|يُ?تبع|مل|the\s+end|ends?|more)"
_ENDING_AGENCY = (
    r"(?:بترا|واس|وام|كونا|قنا|العُ?مانية|وفا|سانا|بنا|واج|وأج|وات|ومع|نينا|واع|سونا|وال|سبأ|الأناضول|رويترز|شينخوا|تاس"
    r"|spa|wam|kuna|qna|ona|wafa|sana|bna|aps|tap|map|nina|ina|suna|saba|nna|mena|petra|afp|reuters|aa|xinhua|tass)"
)
# Letters of editors stand alone or behind a number, never inside a word.
_LONE = r"(?<![^\W\d_])[\u0621-\u064a](?![^\W\d_])"
_END_MARK_RE = re.compile(
    rf"^(?:(?:[/(\-–—ـ=*#<]{_RULE}{_ENDS}|[/(\-–—ـ=\[]+{_RULE}{_ENDING_AGENCY}){_RULE}"
    rf"(?:{CLOCK}\s?ت?\s?(?:مـ?|ص)?|[\d٠-٩]{{4}})?(?:{INITIALS}(?:\s?/\s?{INITIALS}){{0,3}})?{_RULE}[\])]?"
    rf"|(?:[/(\-–—ـ=*#]{_RULE})?(?:انته[ىي]|انتهت|النهاية)(?:[\d٠-٩/\-–—ـ.\s*()#:]|{_LONE}){{0,24}}"
    rf"|{_ENDING_AGENCY}|{_ENDING_AGENCY}(?:\s?/\s?[^\W\d_]{{2,12}}(?:\s[^\W\d_]{{2,12}}){{0,2}}){{1,3}}"
    rf"|[\d٠-٩/\s.]{{0,8}}{INITIALS}(?:\s?/\s?{INITIALS}){{0,3}}[\d٠-٩/\s.]{{0,8}}|[\u0621-\u064a]\s?[\d٠-٩]{{1,4}}(?:\s?/\s?[\u0621-\u064a]?\s?[\d٠-٩]{{0,4}}){{0,2}}"
    rf"|[\d٠-٩]{{2}}:?[\d٠-٩]{{2}}\s?(?:ت?\s?(?:مـ?|ص)|جمت|gmt)"
    rf"|{_ENDING_AGENCY}\s?[\d٠-٩]{{6}}\s?(?:جمت|gmt)(?:\s[^\W\d_]{{2,8}}\s[\d٠-٩]{{2,4}})?"
    rf"|-\s?30\s?-|[/\-–—ـ=*#.]{{2,}}{_RULE}|[=*\-–—#_/]{{3,}}\s?{INITIALS}"
    # «جنا/ م.ر/ س.ع»: an agency that no table knows, and letters with full stops
    rf"|[^\W\d_]{{2,8}}(?:\s?/\s?{_DOTTED}){{1,3}})$",
    re.IGNORECASE,
)
# «…، كما قال. (النهاية) ع ج / م ع»
_ATTACHED_END_RE = re.compile(
    rf"\s(?P<mark>[/(\-–—=*#<]{{1,6}}\s?(?:انته[ىي]|النهاية)\s?[/)\-–—=*#>]{{1,6}}"
    rf"(?:\s?{INITIALS}(?:\s?/\s?{INITIALS}){{0,3}})?\s?[/\-–—=*#]{{0,6}})$"
)
_MAX_ATTACHED = 60
# Inside a page only a mark between signs counts: «-انتهى-», «// انتهى //».
_INNER_END_RE = re.compile(rf"^[/(\-–—ـ=*#<]{_RULE}(?:انته[ىي]|النهاية){_RULE}[/)\-–—ـ=*#>]$")
_DESK_RE = re.compile(r"^\((?:[^()]{0,80}\s)?(?:إعداد|اعداد|تحرير|تغطية|شارك\s+في\s+التغطية|كتابة)\s[^()]{4,160}\)$")
_TRANSLATOR_RE = re.compile(
    r"^(?:ترجم(?:ة|ه|ته|ها|تها)|نقل(?:ه|ها)\s+إلى\s+العربية|تحرير|مراجعة|تدقيق(?:\s+لغوي)?)\s?[:：/]\s?(?P<name>.{5,40})$"
)
_COPYRIGHT_RE = re.compile(
    r"^معاييرنا\s*:|^حقوق\s+(?:النشر|الطبع)\s?[:：]|©|\(c\)\s|(?:جميع|كافة|كل)\s+(?:ال)?حقوق\s+(?:\S+\s+){0,3}محفوظة"
    r"|^\W{0,3}(?:ما\s+(?:ينشر|يرد)|ال(?:مقالات?|آراء|رأي|مواد|تعليقات))\s.{0,60}(?:ي|ت)(?:عبر|عكس|مثل)\w?\s.{0,80}(?:رأي|آراء|وجهة\s+نظر|أصحاب|موقف|مواقف|سياسة)"
    r"|حقوق\s+(?:النشر|الطبع|الملكية)\s+(?:\S+\s+){0,3}محفوظة|all rights reserved",
    re.IGNORECASE,
)
_MAX_COLOPHON_CHARS, _MAX_COLOPHON_WORDS = 160, 12


def is_widget(text: str) -> bool:
    """Return whether the whole line is a button, a row of buttons, a counter or another widget."""
    if len(text) > _MAX_ROW_CHARS:
        return False
    key = match_key_of_display(text)
    if len(text) <= _MAX_WIDGET_CHARS and (key in _WIDGETS or _WIDGET_RE.match(text) is not None):
        return True
    return (
        _is_row(text)
        or _SHARE_RE.fullmatch(key) is not None
        or _SKIP_RE.match(text) is not None
        or _is_promo(text)
        or _PLUGIN_RE.match(text) is not None
        or _TRANSLATE_RE.match(text) is not None
    )


def _is_row(text: str) -> bool:
    bare = _SIGNS_RE.sub(" ", text)
    key = match_key_of_display(bare)
    if bare == text and " " not in key:
        return False  # one word is a button only if it is in `whole_lines` of machinery.json
    return bool(key) and _ROW_RE.fullmatch(key) is not None


def _is_promo(text: str) -> bool:
    # The service may be named anywhere; how an invitation begins is quicker to check.
    return _PROMO_START_RE.match(text) is not None and _PROMO_RE.match(text) is not None


def is_related_heading(text: str) -> bool:
    """Return whether the line opens a box of links to other stories; it may hold the first link."""
    return len(text) <= 250 and _RELATED_RE.match(text) is not None


def is_tags_line(text: str) -> bool:
    """Return whether the line lists the page's tags."""
    return len(text) <= 400 and (_TAGS_LINE_RE.match(text) is not None or _HASHTAGS_RE.match(text) is not None)


def is_tags_heading(text: str) -> bool:
    """Return whether the line heads a list of tags, one on each line below it."""
    return len(text) <= 40 and _TAGS_HEADING_RE.match(text) is not None


def is_own_address(text: str, outlet: Outlet) -> bool:
    """Return whether the line is an address on the page's own site and nothing else."""
    match = _ADDRESS_RE.match(text)
    return match is not None and bool(outlet.host) and match["host"].removeprefix("www.").lower() == outlet.host


def is_feed_foot(text: str) -> bool:
    """Return whether the line says where the post appeared first, with links to itself, as the items of feeds do."""
    return text.startswith(_FEED_FOOTS) and len(text) <= 450 and _FEED_FOOT_RE.match(text) is not None


def is_list_heading(text: str) -> bool:
    """Return whether the line heads a list of other stories where nothing but such a list follows it."""
    return len(text) <= 60 and _LIST_HEADING_RE.match(text) is not None


def opens_insert(text: str) -> bool:
    """Return whether the line begins a box that its page offers to skip; «نهاية» ends the box."""
    return _SKIP_START_RE.match(text) is not None


def is_end_mark(text: str) -> bool:
    """Return whether the line only ends an agency's text, for example with the initials of its editors."""
    return len(text) <= 40 and _END_MARK_RE.match(text) is not None


def is_inner_end(text: str) -> bool:
    """Return whether the line marks the end of a text, beyond doubt: «-انتهى-»; notes of its sender may follow."""
    return len(text) <= 40 and _INNER_END_RE.match(text) is not None


def is_desk_note(text: str) -> bool:
    """Return whether the line names an agency's editors in brackets: «(إعداد فلان - تحرير فلان)»."""
    return len(text) <= 260 and (_DESK_RE.match(text) is not None or _names_translator(text))


def _names_translator(text: str) -> bool:
    match = _TRANSLATOR_RE.match(text) if len(text) <= _MAX_WIDGET_CHARS else None
    return match is not None and person_certainty(match["name"]) > 0


def is_colophon(text: str, outlet: Outlet) -> bool:
    """Return whether a page's last line describes the outlet or says who holds the rights."""
    if len(text) > _MAX_COLOPHON_CHARS:
        return False
    if _COPYRIGHT_RE.search(text) is not None:
        return True
    name, sign, rest = text.partition("،")
    return (
        bool(sign and rest) and text.count(" ") < _MAX_COLOPHON_WORDS and text[-1] not in CLOSING and outlet.owns(name)
    )


def strip_prefix_widget(text: str) -> tuple[str, str]:
    """Split a slider's buttons from the start of a line: (the buttons or "", the rest)."""
    match = _WIDGET_PREFIX_RE.match(text)
    return (match.group().strip(), text[match.end() :]) if match else ("", text)


def split_tags(text: str) -> tuple[str, str]:
    """Split a list of tags that a scraper appended to the last paragraph: (paragraph, tags or "")."""
    index = text.rfind(" سمات ")
    if index < 0:
        return text, ""
    tags = text[index + 1 :]
    # «سمات» is also a word, so the list must follow a sentence.
    if text[:index].rstrip()[-1:] not in CLOSING:
        return text, ""
    if len(tags.split()) > _MAX_TAGS or re.search(r"[.!؟?…،:؛«»]", tags):
        return text, ""
    return text[:index].rstrip(), tags


def split_end_mark(text: str) -> tuple[str, str]:
    """Split an agency's mark of the end from the paragraph that it follows: (paragraph, mark or "")."""
    tail = text[-_MAX_ATTACHED:]
    if "نته" not in tail and "نهاي" not in tail:
        return text, ""
    match = _ATTACHED_END_RE.search(tail)
    if match is None:
        return text, ""
    start = max(0, len(text) - _MAX_ATTACHED) + match.start("mark")
    paragraph = text[:start].rstrip()
    return (paragraph, text[start:]) if paragraph[-1:] in CLOSING else (text, "")


def split_self_link(text: str) -> tuple[str, str]:
    """Split a paper's link to the page itself, as «رابط الخبر بصحيفة …: title»: (paragraph, link or "")."""
    tail = text[-_SELF_LINK_CHARS:]
    match = _SELF_LINK_RE.search(tail) if "رابط " in tail else None
    if match is None:
        return text, ""
    start = max(0, len(text) - _SELF_LINK_CHARS) + match.start()
    return text[:start].rstrip(), text[start:].strip()
