"""Find the news agencies that a text cites as its source."""

from __future__ import annotations

import re

from agents.clean.credits.name_tables import credit_table

_LETTERED_RE = r"[أا]\.?\s?ف\.?\s?ب|د\.?\s?ب\.?\s?[أا]|[أا]\.?\s?ش\.?\s?[أا]|[أا]\.\s?ب"
# Names that mean nothing else. «فارس», «مهر» and «معا» are agencies too, but also people and words.
_NAMED = "|".join(sorted(map(re.escape, credit_table()["cited"]), key=len, reverse=True))
# What every citation holds, and how many letters may be glued before the latter.
_CUE_RE = re.compile('وكال|[«("“]')
_GLUED = 3
_CREDITED_RE = re.compile(
    rf"(?<!\w)(?:وكال(?:ة|تي|ات)\s+(?:الأنباء\s+(?=[«(\"“]))?[«(\"“]?(?P<one>{_NAMED}|{_LETTERED_RE})(?!\w)"
    rf"|(?:[ولبف]?ل?ـ?)[«(\"“](?P<two>{_NAMED}|{_LETTERED_RE})[»)\"”])"
)
# Most quotation marks stand before something else.
_QUOTED_RE = re.compile(rf"(?:{_NAMED}|{_LETTERED_RE})[»)\"”]")


def cited_agencies(body: str) -> list[str]:
    """Return the agencies that a body cites by name («وكالة رويترز», «نقلت «سانا» عن»).

    They are given as printed, each once, in order of appearance.
    """
    if "وكال" not in body and not any(mark in body for mark in '«("“'):
        return []
    found: dict[str, None] = {}
    done = 0
    for cue in _CUE_RE.finditer(body):
        at = cue.start()
        glued = _GLUED if cue.end() == at + 1 else 0
        if glued and _QUOTED_RE.match(body, at + 1) is None:
            continue
        for start in range(max(done, at - glued), at + 1):
            match = _CREDITED_RE.match(body, start)
            if match is not None:
                found[match["one"] or match["two"]] = None
                done = match.end()
                break
    return list(found)
