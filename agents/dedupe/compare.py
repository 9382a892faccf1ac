"""Are two articles copies of one text, and how are they related? Works on fingerprints alone."""

from __future__ import annotations

import struct
from base64 import b64decode
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from operator import eq
from typing import Literal

from streams.records import Fingerprint

Relation = Literal["exact", "near", "contains", "update"]


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """When two texts are copies.

    Attributes:
        resemblance: least Jaccard similarity of word pairs.
        containment: least share of the shorter text's shingles in the longer one; either of the two suffices.
        contained: containment from which texts of different length are `contains`.
        much_shorter: length ratio up to which they are.
        flash_words: texts up to this length must be nearly the same, with the same numbers.
        flash_resemblance: their least Jaccard similarity.
        few_numbers: texts with fewer distinct numbers are not judged by them.
        shared_numbers: least share of the numbers of the text that has fewer.
    """

    resemblance: float = 0.25
    containment: float = 0.42
    contained: float = 0.8
    much_shorter: float = 0.8
    flash_words: int = 25
    flash_resemblance: float = 0.5
    few_numbers: int = 3
    shared_numbers: float = 0.5


@dataclass(frozen=True, slots=True)
class Match:
    """Two copies.

    Attributes:
        relation: of the later text to the earlier.
        score: 0 to 1; the larger of resemblance and containment, 1 only for equal texts.
    """

    relation: Relation
    score: float


class Features:
    """A fingerprint, decoded as far as it is asked for."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint

    @cached_property
    def signature(self) -> tuple[int, ...]:
        """MinHash values, 16 bits each; empty for a text without words."""
        return _unpack16(self.fingerprint.signature)

    def bands(self, rows: int) -> list[int]:
        """One key a band of `rows` signature values; equal keys of two texts are an equal band in the same place."""
        data = b64decode(self.fingerprint.signature)
        step = 2 * rows
        return [
            int.from_bytes(data[at : at + step], "little") << 8 | 2 + at // step for at in range(0, len(data), step)
        ]

    @cached_property
    def sketch(self) -> list[int]:
        """The smallest shingle hashes, ascending, 24 bits each."""
        data = b64decode(self.fingerprint.sketch)
        return [int.from_bytes(data[i : i + 3], "little") for i in range(0, len(data), 3)]

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Hashes of the numbers, 16 bits each."""
        return frozenset(_unpack16(self.fingerprint.numbers))


def compare(later: Features, earlier: Features, config: CompareConfig) -> Match | None:
    """How `later` is a copy of `earlier`; None when it is not. The verdict and score do not depend on the order."""
    a, b = later.fingerprint, earlier.fingerprint
    if a.exact == b.exact:
        return Match("exact", 1.0)
    if not later.signature or not earlier.signature:
        return None
    resemblance = estimated_resemblance(later, earlier)
    containment = estimated_containment(later, earlier)
    if not _similar(later, earlier, resemblance, containment, config) or _other_numbers(later, earlier, config):
        return None
    score = round(min(max(resemblance, containment), 0.999), 3)
    if a.family == b.family:
        return Match("update", score)
    shorter, longer = sorted((a.words, b.words))
    cut = containment >= config.contained and shorter <= config.much_shorter * longer
    return Match("contains" if cut else "near", score)


def estimated_resemblance(one: Features, other: Features) -> float:
    """Jaccard similarity of the word pairs, 0 to 1; standard error at most 0.044 with 128 permutations."""
    equal: int = sum(map(eq, one.signature, other.signature))
    return equal / len(one.signature)


def estimated_containment(one: Features, other: Features) -> float:
    """Share of the shorter text's shingles that the other text has, 0 to 1.

    Both sketches are complete up to the smaller of their largest hashes; below it they are samples of the two sets.
    """
    limit = min(_complete_to(one), _complete_to(other))
    first = one.sketch[: bisect_right(one.sketch, limit)]
    second = other.sketch[: bisect_right(other.sketch, limit)]
    shorter = first if one.fingerprint.shingles <= other.fingerprint.shingles else second
    return len(set(first) & set(second)) / len(shorter) if shorter else 0.0


def _complete_to(features: Features) -> int:
    whole = len(features.sketch) >= features.fingerprint.shingles
    return 1 << 24 if whole else features.sketch[-1]


def _similar(a: Features, b: Features, resemblance: float, containment: float, config: CompareConfig) -> bool:
    if min(a.fingerprint.words, b.fingerprint.words) <= config.flash_words:
        return resemblance >= config.flash_resemblance and a.numbers == b.numbers
    return resemblance >= config.resemblance or containment >= config.containment


def _other_numbers(a: Features, b: Features, config: CompareConfig) -> bool:
    fewer = min(len(a.numbers), len(b.numbers))
    return fewer >= config.few_numbers and len(a.numbers & b.numbers) < config.shared_numbers * fewer


def _unpack16(text: str) -> tuple[int, ...]:
    data = b64decode(text)
    return struct.unpack(f"<{len(data) // 2}H", data)
