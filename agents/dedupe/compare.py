"""Are two articles copies of one text, and how are they related? Works on fingerprints alone."""

from __future__ import annotations

import struct
from base64 import b64decode
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from streams.records import Fingerprint

Relation = Literal["exact", "near", "contains", "update"]
_HASH_SPACE = 1 << 16


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """When two texts are copies. The values were tuned on real pairs judged by reading (benchmarks/dedupe).

    Attributes:
        containment: least share of the shorter text's word pairs that stand in the longer one.
        cut_containment: the same for texts whose resemblance is below `resemblance`: a cut must be a clear one.
        resemblance: least Jaccard similarity of the word pairs from which `containment` suffices.
        flash_words: the shorter text being no longer than that, the two must be nearly the same.
        flash_resemblance: their least Jaccard similarity.
        weekday_containment: least containment of texts that name different days of the week.
        identical: resemblance from which no number speaks against it.
        few_numbers: texts with fewer distinct numbers are not judged by them.
        shared_numbers: least share of the numbers of the text that has fewer.
        contained: containment from which texts of different length are `contains`.
        much_shorter: length ratio up to which they are.
    """

    containment: float = 0.375
    cut_containment: float = 0.44
    resemblance: float = 0.1
    flash_words: int = 25
    flash_resemblance: float = 0.5
    weekday_containment: float = 0.75
    identical: float = 0.9
    few_numbers: int = 3
    shared_numbers: float = 0.34
    contained: float = 0.7
    much_shorter: float = 0.8


@dataclass(frozen=True, slots=True)
class Match:
    """Two copies.

    Attributes:
        relation: of the later text to the earlier.
        score: 0 to 1; share of the shorter text that stands in the longer one, 1 only for equal texts.
    """

    relation: Relation
    score: float


class Features:
    """A fingerprint, decoded as far as it is asked for."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint

    def bands(self, rows: int) -> list[bytes]:
        """The signature cut into bands of `rows` values, each with its place: equal bands are equal here."""
        data = b64decode(self.fingerprint.signature)
        step = 4 * rows
        return [data[at : at + step] + bytes([at // step]) for at in range(0, len(data), step)]

    @cached_property
    def sketch(self) -> list[int]:
        """The smallest hashes of word pairs, ascending, 16 bits each."""
        return _unpack16(self.fingerprint.sketch)

    @cached_property
    def complete_to(self) -> int:
        """The hash up to which the sketch holds every word pair of the text."""
        return _HASH_SPACE if len(self.sketch) >= self.fingerprint.runs else self.sketch[-1]

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Hashes of the numbers, 16 bits each."""
        return frozenset(_unpack16(self.fingerprint.numbers))


def compare(later: Features, earlier: Features, config: CompareConfig) -> Match | None:
    """How `later` is a copy of `earlier`; None when it is not. The verdict and score do not depend on the order."""
    a, b = later.fingerprint, earlier.fingerprint
    if a.exact == b.exact:
        return Match("exact", 1.0)
    resemblance, containment = overlap(later, earlier)
    if not _similar(min(a.words, b.words), resemblance, containment, config):
        return None
    if containment < config.weekday_containment and _other_days(later, earlier):
        return None
    if resemblance < config.identical and _other_numbers(later, earlier, config):
        return None
    score = round(min(containment, 0.999), 3)
    if a.family == b.family:
        return Match("update", score)
    shorter, longer = sorted((a.words, b.words))
    cut = containment >= config.contained and shorter <= config.much_shorter * longer
    return Match("contains" if cut else "near", score)


def overlap(one: Features, other: Features) -> tuple[float, float]:
    """Resemblance (Jaccard similarity) and containment of the word pairs of two texts, each 0 to 1.

    Up to the smaller of the hashes to which the sketches are complete, both are fair samples of their texts.
    Containment is the share of the shorter text's pairs that the longer one has.
    """
    limit = min(one.complete_to, other.complete_to)
    first = set(one.sketch[: bisect_right(one.sketch, limit)])
    second = set(other.sketch[: bisect_right(other.sketch, limit)])
    if not first or not second:
        return 0.0, 0.0
    shared = len(first & second)
    shorter = first if (one.fingerprint.runs, one.sketch) <= (other.fingerprint.runs, other.sketch) else second
    return shared / (len(first) + len(second) - shared), shared / len(shorter)


def _similar(words: int, resemblance: float, containment: float, config: CompareConfig) -> bool:
    if words <= config.flash_words:
        return resemblance >= config.flash_resemblance
    least = config.containment if resemblance >= config.resemblance else config.cut_containment
    return containment >= least


def _other_days(a: Features, b: Features) -> bool:
    """Whether both name days of the week, and none in common: two days' stories of one template."""
    days, other_days = a.fingerprint.weekdays, b.fingerprint.weekdays
    return days > 0 and other_days > 0 and not days & other_days


def _other_numbers(a: Features, b: Features, config: CompareConfig) -> bool:
    """Whether the numbers say that the two tell different stories in the same words."""
    if min(a.fingerprint.words, b.fingerprint.words) <= config.flash_words:
        return a.numbers != b.numbers
    fewer = min(len(a.numbers), len(b.numbers))
    return fewer >= config.few_numbers and len(a.numbers & b.numbers) < config.shared_numbers * fewer


def _unpack16(text: str) -> list[int]:
    data = b64decode(text)
    return list(struct.unpack(f"<{len(data) // 2}H", data))
