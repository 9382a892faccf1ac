"""Are two articles copies of one text, and how are they related? Works on fingerprints alone."""

from __future__ import annotations

import struct
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from streams.records import Fingerprint

Relation = Literal["exact", "near", "contains", "update"]
_HASH_SPACE = 1 << 16
_PRIOR = 2


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """When two texts are copies. The values were tuned on real pairs judged by reading (benchmarks/dedupe).

    Attributes:
        similarity: least sum of containment and evenness, see `Overlap`.
        flash_words: the shorter text being no longer than that, the two must be nearly the same.
        flash_resemblance: their least Jaccard similarity.
        weekday_containment: least containment of texts that name different days of the week.
        vouched_containment: the same when the numbers agree.
        agreeing_numbers: least share of the numbers of the text that has fewer, for the numbers to agree.
        template: resemblance from which two texts may be stories of one template, so that their numbers must agree.
            Below it, the words differ so much that other numbers are an editor's (rounded, spelt out, left out).
        identical: resemblance from which the numbers of longer texts do not matter.
        few_numbers: texts with fewer distinct numbers are not judged by them.
        shared_numbers: least share of the numbers of the text that has fewer.
        kinship: least containment with a cluster's canonical text of a text that is a copy of another one there.
        contained: containment from which texts of different length are `contains`.
        much_shorter: length ratio up to which they are.
    """

    similarity: float = 0.5
    flash_words: int = 25
    flash_resemblance: float = 0.5
    weekday_containment: float = 0.9
    vouched_containment: float = 0.7
    agreeing_numbers: float = 0.7
    template: float = 0.45
    identical: float = 0.9
    few_numbers: int = 3
    shared_numbers: float = 0.5
    kinship: float = 0.3
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


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two texts share of their word pairs, each 0 to 1.

    Attributes:
        resemblance: Jaccard similarity.
        containment: share of the shorter text's pairs that the longer one has.
        evenness: the same for the quarter of the shorter text of which the longer one has least. A cut, an extension
            and an edited release keep something of every quarter; a shared paragraph fills one and leaves the others.
    """

    resemblance: float
    containment: float
    evenness: float


class Features:
    """A fingerprint, decoded as far as it is asked for."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint

    def bands(self, rows: int) -> list[int]:
        """The signature in bands of `rows` values, each a number that holds its place (1 and up) in the lowest byte."""
        data = b64decode(self.fingerprint.signature)
        step = 4 * rows
        starts = range(0, len(data), step)
        return [int.from_bytes(data[at : at + step], "little") << 8 | place for place, at in enumerate(starts, 1)]

    @cached_property
    def sketch(self) -> list[int]:
        """The smallest hashes of word pairs, ascending, 16 bits each."""
        return _unpack16(self.fingerprint.sketch)

    @cached_property
    def quarters(self) -> dict[int, int]:
        """The quarter of the text, 0 to 3, in which each hash of the sketch stands."""
        packed = int.from_bytes(b64decode(self.fingerprint.quarters), "little")
        return {value: packed >> 2 * at & 3 for at, value in enumerate(self.sketch)}

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
    if later.fingerprint.exact == earlier.fingerprint.exact:
        return Match("exact", 1.0)
    return _compare(later, earlier, overlap(later, earlier), config)


def _compare(later: Features, earlier: Features, shared: Overlap, config: CompareConfig) -> Match | None:
    a, b = later.fingerprint, earlier.fingerprint
    if not _similar(min(a.words, b.words), shared, config):
        return None
    if _other_days(later, earlier) and shared.containment < _required_across_days(later, earlier, config):
        return None
    if _other_numbers(later, earlier, shared.resemblance, config):
        return None
    score = round(min(shared.containment, 0.999), 3)
    if a.family == b.family:
        return Match("update", score)
    shorter, longer = sorted((a.words, b.words))
    cut = shared.containment >= config.contained and shorter <= config.much_shorter * longer
    return Match("contains" if cut else "near", score)


def joins(article: Features, canonical: Features, members: Iterable[Features], config: CompareConfig) -> Match | None:
    """How an article belongs to a cluster, seen from its canonical article; None when it does not.

    It is a copy of the canonical article; or it is a copy of a member and akin to the canonical article, so that no
    chain of copies of copies leads away from what the cluster is about.
    """
    if article.fingerprint.exact == canonical.fingerprint.exact:
        return Match("exact", 1.0)
    shared = overlap(article, canonical)
    match = _compare(article, canonical, shared, config)
    if match is not None or shared.containment < config.kinship or _other_days(article, canonical):
        return match
    introduced = any(compare(article, member, config) for member in members)
    return Match("near", round(shared.containment, 3)) if introduced else None


def overlap(one: Features, other: Features) -> Overlap:
    """What two texts share, told from their sketches.

    Up to the smaller of the hashes to which the sketches are complete, both are fair samples of their texts.
    """
    if (one.fingerprint.runs, one.sketch) > (other.fingerprint.runs, other.sketch):
        one, other = other, one
    limit = min(one.complete_to, other.complete_to)
    first = set(one.sketch[: bisect_right(one.sketch, limit)])
    second = set(other.sketch[: bisect_right(other.sketch, limit)])
    if not first or not second:
        return Overlap(0.0, 0.0, 0.0)
    common = first & second
    containment = len(common) / len(first)
    pairs, shared = [0] * 4, [0] * 4
    for value in first:
        pairs[one.quarters[value]] += 1
        shared[one.quarters[value]] += value in common
    # Few pairs prove little of a quarter: it counts as if it had `_PRIOR` more, shared like the whole text's.
    least = min((s + _PRIOR * containment) / (n + _PRIOR) for s, n in zip(shared, pairs, strict=True))
    return Overlap(len(common) / (len(first) + len(second) - len(common)), containment, least)


def _similar(words: int, shared: Overlap, config: CompareConfig) -> bool:
    if words <= config.flash_words:
        return shared.resemblance >= config.flash_resemblance
    return shared.containment + shared.evenness >= config.similarity


def _other_days(a: Features, b: Features) -> bool:
    """Whether both name days of the week, and none in common: two days' stories of one template."""
    days, other_days = a.fingerprint.weekdays, b.fingerprint.weekdays
    return days > 0 and other_days > 0 and not days & other_days


def _required_across_days(a: Features, b: Features, config: CompareConfig) -> float:
    fewer = min(len(a.numbers), len(b.numbers))
    agree = fewer >= config.few_numbers and len(a.numbers & b.numbers) >= config.agreeing_numbers * fewer
    return config.vouched_containment if agree else config.weekday_containment


def _other_numbers(a: Features, b: Features, resemblance: float, config: CompareConfig) -> bool:
    """Whether the numbers say that the two tell different stories in the same words."""
    if min(a.fingerprint.words, b.fingerprint.words) <= config.flash_words:
        return a.numbers != b.numbers
    fewer = min(len(a.numbers), len(b.numbers))
    if not config.template <= resemblance < config.identical or fewer < config.few_numbers:
        return False
    return len(a.numbers & b.numbers) < config.shared_numbers * fewer


def _unpack16(text: str) -> list[int]:
    data = b64decode(text)
    return list(struct.unpack(f"<{len(data) // 2}H", data))
