"""The credit that a first sentence begins with, as «القاهرة - رويترز: …» or «عمان 12 آذار (بترا) -- …»."""

from __future__ import annotations

import re

from agents.clean.credits.name_tables import is_source, names
from agents.clean.credits.outlet import Outlet
from agents.clean.credits.parse import Credit, parse_credit
from agents.text.keys import match_key

_MAX_LEAD_CHARS = 90
# Where a credit may end: a colon, dashes, a slash, a bracket.
_END_RE = re.compile(r"\s?[:：](?=\s)|\)(?=\s)|\)?\s?[-–—ـ]{1,4}(?=\s)|\s?/(?=\s)")
# What only sentences have. A stop is also that of an abbreviation («أ.ف.ب», «د. سعيد»), so two letters come before it.
_SENTENCE_RE = re.compile(r"[!؟؛]|[^\W\d_]{3}[\u064b-\u0652]*\.(?!نت)")
_MAX_PARTS = 5
_NAME_SPACES = (1, 2)


def lead_credit(paragraph: str, own: Outlet) -> Credit | None:
    """The credit that `paragraph` begins with, or None.

    The longest beginning that ends as credits do and was understood whole, with a place or an agency in it. The name of
    a country with a colon is somebody speaking («إيران: لن نقبل»), and a place in brackets alone is none.
    """
    head = paragraph[:_MAX_LEAD_CHARS]
    sentence = _SENTENCE_RE.search(head)
    found = None
    for end in _END_RE.finditer(head, 0, sentence.start() if sentence else len(head)):
        credit = parse_credit(head[: end.end()], own)
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


def _is_whole(credit: Credit, own: Outlet) -> bool:
    """Writer, place and a source that we know: then the writer's name needs no other proof."""
    known = bool(credit.agencies) and all(is_source(name) or own.owns(name) for name in credit.agencies)
    return known and credit.dateline is not None and (credit.byline or "").count(" ") in _NAME_SPACES


def _speaks(credit: Credit, end: str) -> bool:
    if credit.parts > 1 or credit.agencies:
        return end == ")" and not credit.agencies
    place = match_key(credit.dateline or "")
    return end == ")" or place not in names().strong or (end.strip() in ":：" and place in names().countries)
