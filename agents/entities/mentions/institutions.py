"""Correct institutions that bear a person's name: «مستشفى الملك عبدالعزيز» is an organisation.

Tagged corpora have few of them, so that taggers find the person, and a search for the person would find them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.entities.bio import TagSpan
from agents.entities.model.features import WordEntry, split_clitics
from agents.entities.model.normalise import normalise

# Normalised as by `_word`. Roads, mosques and quarters are left out: they are places, not organisations.
_KINDS = frozenset({"جامعة", "كلية", "معهد", "مستشفي", "مركز", "مدرسة", "مؤسسة", "اكاديمية"})
_TITLES = frozenset({"الملك", "الامير", "الاميرة", "الملكة", "الامام", "الشيخ", "الرئيس", "الشهيد", "السلطان"})


def named_institutions(
    tokens: Sequence[str], found: Sequence[TagSpan], words: Mapping[str, WordEntry]
) -> list[TagSpan]:
    """Turn a person after a word for an institution into an ORG that begins with that word.

    Args:
        tokens: tokens of one sentence, as printed.
        found: its spans, left to right.
        words: what is known of normalised words, so that «بجامعة» is recognised too.

    Returns:
        The spans, left to right, without those that a new one covers.
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
    normalised = normalise(token)
    return split_clitics(normalised, words)[1] if normalised else ""
