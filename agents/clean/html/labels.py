"""Read the labels before names: «بقلم: فلان», «نشره فلان في …»."""

from __future__ import annotations

import re

_LABEL_RE = re.compile(
    r"(?<!\w)(?:بقلم|كتابة|تأليف|كتب(?:ته|ها|ه|ت)?|بواسطة|نشره|نشرها|أعده|أعدها|(?:من\s)?إعداد|تحرير|حوار|الكاتبة?|by"
    r"|(?:حرر(?:ه|ها|ت)?|تحرير|نُ?شرت?|كتبت?)\s(?:من\sطرف|من\sقبل|بواسطة))(?:\s?[:：/–-]\s?|\s)"
    r"(?P<name>[^\d|•·:]{3,60}?)\s?(?=$|[\d|•·]|\s[–-]\s|\sفي\s|\sبتاريخ\s|\sيوم\s"
    r"|\sال(?:سبت|[أا]حد|[إا]ثنين|ثلاثاء|[أا]ربعاء|خميس|جمعة)(?!\w))",
    re.IGNORECASE,
)
_SIGN_RE = re.compile(r"^[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]{1,3}\s?")


def without_sign(text: str) -> str:
    """Return a line without the picture before it: «🕒 8:45 مساءً», «✍️ فلان»."""
    return _SIGN_RE.sub("", text, count=1)


def labelled(text: str) -> str | None:
    """Return the name after a label: «بقلم: فلان», «نشره فلان في …»."""
    match = _LABEL_RE.search(text)
    return match["name"].strip(" :-–—،") or None if match is not None else None
