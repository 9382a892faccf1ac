"""Read the labels before names: «بقلم: فلان», «نشره فلان في …»."""

from __future__ import annotations

import re

from agents.clean.credits.name_tables import person_certainty

_LABEL_RE = re.compile(
    r"(?<!\w)(?:بقلم|كتابة|تأليف|كتب(?:ته|ها|ه|ت)?|بواسطة|نشره|نشرها|أعده|أعدها|(?:من\s)?إعداد|تحرير|حوار|الكاتبة?|حرر(?:ه|ها|ته|تها)|(?:ال)?محررة?(?=\s?[:：])|مقال\sل|by"
    r"|(?:حرر(?:ه|ها|ت)?|تحرير|نُ?شرت?|كتبت?)\s(?:من\sطرف|من\sقبل|بواسطة)"
    r"|شارك(?:ت|وا)?\sفي\s(?:ال)?(?:تقرير|إعداد|تغطية|كتابة)(?:\sالتقرير)?)(?:\s(?:الأستاذة?|الدكتورة?|الصحفية?|الصحافية?|الزميلة?))?(?:\s?[:：/–—ـ-]\s?|\s)"
    r"(?P<name>[^\d|•·:]{3,60}?)\s?(?=$|[\d|•·]|\s[–-]\s|(?:ال)?تاريخ(?!\w)|[A-Z][a-z]{2,8}\s\d|\sو?(?:تصوير|عدسة)(?!\w)|\s(?:on|at|in)\s|\sفي\s|\sبتاريخ\s|\sيوم\s"
    r"|\sال(?:سبت|[أا]حد|[إا]ثنين|ثلاثاء|[أا]ربعاء|خميس|جمعة)(?!\w))",
    re.IGNORECASE,
)
_EDITOR_RE = re.compile(r"(?:تحرير|ترجمة|مراجعة|تدقيق)(?!\w)")
# «الساحل (ضياء) ـ من جورج خوري»
_FROM_RE = re.compile(r"[-–—ـ:]\s?من\s(?P<name>[^\d|:]{5,40})$")
_SIGN_RE = re.compile(r"^[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]{1,3}\s?")


def without_sign(text: str) -> str:
    """Return a line without the picture before it: «🕒 8:45 مساءً», «✍️ فلان»."""
    return _SIGN_RE.sub("", text, count=1)


def labelled(text: str) -> str | None:
    """Return the name after a label: «بقلم: فلان», «نشره فلان في …»."""
    match = _LABEL_RE.search(text)
    if match is not None and match.start() > 0 and _EDITOR_RE.match(text, match.start()) is not None:
        return None  # «تقرير: فلان | تحرير: علان»
    if match is None:
        posted = _FROM_RE.search(text)
        return posted["name"] if posted is not None and person_certainty(posted["name"]) else None
    return match["name"].strip(" :-–—،") or None
