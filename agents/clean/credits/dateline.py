"""Read the credit at the beginning of a first sentence: «القاهرة - رويترز: …», «عمان 12 آذار (بترا) -- …»."""

from __future__ import annotations

import re

from agents.clean.credits.name_tables import names
from agents.clean.credits.outlet import Outlet
from agents.clean.credits.parse import Credit, parse_credit
from agents.text.keys import match_key

_MAX_CREDIT_LENGTH = 90
# Where a credit may end: a colon, dashes, a slash, a bracket.
_END_RE = re.compile(r"\s?[:：](?=\s)|\)(?=\s)|\)?\s?[-–—ـ]{1,4}(?=\s)|\s?/(?=\s)")
# Signs that only sentences have. A stop also follows abbreviations («أ.ف.ب», «د. سعيد»), so three letters must precede.
_SENTENCE_RE = re.compile(r"[!؟؛]|[^\W\d_]{3}[\u064b-\u0652]*\.(?!نت)")
_MAX_PARTS = 5


def dateline_credit(paragraph: str, outlet: Outlet) -> Credit | None:
    """Return the credit that a paragraph begins with, or None.

    It is the longest beginning that ends like a credit, is understood completely, and names a place or an agency. The
    name of a country before a colon is a speaker («إيران: لن نقبل»), and a place in brackets alone is no credit.

    Args:
        paragraph: display text.
        outlet: the outlet that published the page.
    """
    head = paragraph[:_MAX_CREDIT_LENGTH]
    sentence = _SENTENCE_RE.search(head)
    found = None
    for end in _END_RE.finditer(head, 0, sentence.start() if sentence else len(head)):
        credit = parse_credit(head[: end.end()], outlet)
        if credit.parts > _MAX_PARTS:
            break
        whole = credit.byline and credit.dateline and credit.agencies
        if (
            (credit.certain or (credit.likely and whole))
            and (credit.agencies or credit.dateline)
            and not _speaks(credit, end.group())
        ):
            found = credit
    return found


def _speaks(credit: Credit, end: str) -> bool:
    if credit.parts > 1 or credit.agencies:
        return end == ")" and not credit.agencies
    place = match_key(credit.dateline or "")
    return end == ")" or place not in names().strong or (end.strip() in ":：" and place in names().countries)
