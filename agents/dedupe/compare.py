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
_MOST_OVERLAPS = 64
# Four quarters of two bits in each byte.
_QUARTERS = [bytes(byte >> shift & 3 for shift in (0, 2, 4, 6)) for byte in range(256)]


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """When two texts are copies. The values were tuned on real pairs judged by reading (benchmarks/dedupe).

    Attributes:
        similarity: least sum of containment and evenness, see `Overlap`, of texts that appeared at one time.
        next_day_similarity: the same for a day apart or more; in between it grows with the hours. Papers print copies
            within hours; what resembles a text of the day before is more often the next case, or what came of it.
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
    next_day_similarity: float = 0.6
    flash_words: int = 25
    flash_resemblance: float = 0.7
    weekday_containment: float = 0.9
    vouched_containment: float = 0.7
    agreeing_numbers: float = 0.7
    template: float = 0.45
    identical: float = 0.9
    few_numbers: int = 3
    shared_numbers: float = 0.6
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
        # With earlier texts, by their exact hash: where many resemble each other, the same two are compared again and
        # again as late articles come between them.
        self.overlaps: dict[str, Overlap] = {}

    @cached_property
    def quarters(self) -> dict[int, int]:
        """The sketch, the smallest hashes of word pairs, 16 bits each, ascending; with the quarter, 0 to 3, of each."""
        hashes = _unpack16(self.fingerprint.sketch)
        places = b"".join(map(_QUARTERS.__getitem__, b64decode(self.fingerprint.quarters)))
        return dict(zip(hashes, places, strict=False))

    @cached_property
    def hashes(self) -> list[int]:
        """The hashes of the sketch alone."""
        return list(self.quarters)

    @cached_property
    def places(self) -> bytes:
        """Their quarters alone."""
        return bytes(self.quarters.values())

    @cached_property
    def complete_to(self) -> int:
        """The hash up to which the sketch holds every word pair of the text."""
        return _HASH_SPACE if len(self.hashes) >= self.fingerprint.runs else self.hashes[-1]

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
    if not _similar(a, b, shared, config):
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


def joins(
    article: Features, canonical: Features, members: Iterable[Features], config: CompareConfig, *, met: bool
) -> Match | None:
    """How an article belongs to a cluster, seen from its canonical article; None when it does not.

    It met the canonical article (they share a band) and is a copy of it; or it is a copy of a member that it met, and a
    copy of the canonical article or akin to it, so that no chain of copies of copies leads away from what the cluster
    is about.
    """
    if met and article.fingerprint.exact == canonical.fingerprint.exact:
        return Match("exact", 1.0)
    shared = overlap(article, canonical)
    match = _compare(article, canonical, shared, config)
    if match is None:
        if shared.containment < config.kinship or _other_days(article, canonical):
            return None
        match = Match("near", round(shared.containment, 3))
    elif met:
        return match
    return match if any(compare(article, member, config) for member in members) else None


def overlap(one: Features, other: Features) -> Overlap:
    """What two texts share, told from their sketches; the first remembers it."""
    shared = one.overlaps.get(other.fingerprint.exact)
    if shared is None:
        if len(one.overlaps) == _MOST_OVERLAPS:
            one.overlaps.clear()
        shared = one.overlaps[other.fingerprint.exact] = _measure(one, other)
    return shared


def _measure(one: Features, other: Features) -> Overlap:
    """Up to the smaller of the hashes to which the sketches are complete, both are fair samples of their texts."""
    if (one.fingerprint.runs, one.hashes) > (other.fingerprint.runs, other.hashes):
        one, other = other, one
    limit = min(one.complete_to, other.complete_to)
    size, other_size = bisect_right(one.hashes, limit), bisect_right(other.hashes, limit)
    if not size or not other_size:
        return Overlap(0.0, 0.0, 0.0)
    # One of the two ends at the limit, so nothing common lies beyond it.
    common = one.quarters.keys() & other.quarters.keys()
    containment = len(common) / size
    pairs = [one.places.count(quarter, 0, size) for quarter in range(4)]
    shared = [0] * 4
    for value in common:
        shared[one.quarters[value]] += 1
    # Few pairs prove little of a quarter: it counts as if it had `_PRIOR` more, shared like the whole text's.
    least = min((s + _PRIOR * containment) / (n + _PRIOR) for s, n in zip(shared, pairs, strict=True))
    return Overlap(len(common) / (size + other_size - len(common)), containment, least)


def _similar(a: Fingerprint, b: Fingerprint, shared: Overlap, config: CompareConfig) -> bool:
    if min(a.words, b.words) <= config.flash_words:
        return shared.resemblance >= config.flash_resemblance
    least = config.similarity + _days_apart(a, b) * (config.next_day_similarity - config.similarity)
    return shared.containment + shared.evenness >= least


def _days_apart(a: Fingerprint, b: Fingerprint) -> float:
    """1 at most; nothing where a time is unknown, or one address says that it is one story."""
    if a.hour is None or b.hour is None or a.family == b.family:
        return 0.0
    return min(abs(a.hour - b.hour) / 24, 1.0)


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
