"""Institutions that bear a person's name: «مستشفى الملك عبدالعزيز» is no person.

Tagged news has few of them, and taggers see the king in them. Readers who look for a person do not look for these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.entities.bio import TagSpan
from agents.entities.model.features import WordEntry, split_clitics
from agents.entities.model.normalise import normalise

# Folded, as `_word` gives them. Roads, mosques and quarters are places, which the gazetteer knows or not.
_KINDS = frozenset({"جامعة", "كلية", "معهد", "مستشفي", "مركز", "مدرسة", "مؤسسة", "اكاديمية"})
_TITLES = frozenset({"الملك", "الامير", "الاميرة", "الملكة", "الامام", "الشيخ", "الرئيس", "الشهيد", "السلطان"})


def named_institutions(
    tokens: Sequence[str], found: Sequence[TagSpan], words: Mapping[str, WordEntry]
) -> list[TagSpan]:
    """The spans of one sentence, in which a person behind an institution's word is an ORG that begins with that word.

    Args:
        tokens: of the sentence, as printed.
        found: its spans, left to right; those that the new one covers go.
        words: what is known of folded words, so that «بجامعة» is known too.
    """
    kept: list[TagSpan] = []
    for span in found:
        start = span.start
        while start and _word(tokens[start - 1], words) in _TITLES:
            start -= 1
        if span.kind == "PER" and start and _word(tokens[start - 1], words) in _KINDS:
            kept = [before for before in kept if before.end < start]
            kept.append(TagSpan(start - 1, span.end, "ORG"))
        else:
            kept.append(span)
    return kept


def _word(token: str, words: Mapping[str, WordEntry]) -> str:
    folded = normalise(token)
    return split_clitics(folded, words)[1] if folded else ""
