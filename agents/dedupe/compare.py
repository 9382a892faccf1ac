"""Decide from two fingerprints whether the articles are copies of one text, and how they are related."""

from __future__ import annotations

import struct
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from streams.records import Fingerprint

Relation = Literal["exact", "near", "contains", "update"]
_HASH_SPACE = 1 << 16
# Names that a fingerprint keeps at most.
MOST_NAMES = 64
_PRIOR = 2
_MOST_OVERLAPS = 64
# Each byte packs the quarters (0 to 3) of four hashes, two bits each.
_QUARTERS = [bytes(byte >> shift & 3 for shift in (0, 2, 4, 6)) for byte in range(256)]


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """Thresholds for calling two texts copies, tuned on real pairs that were judged by reading (benchmarks/dedupe).

    Attributes:
        similarity: minimum sum of containment and evenness (see `Overlap`) for texts that appeared at the same time.
        next_day_similarity: the minimum for texts a day or more apart; in between it grows linearly with the hours.
            Papers print copies within hours; a text that resembles one of the day before is more often about another
            case, or a follow-up.
        flash_words: if the shorter text has at most this many words, `flash_resemblance` applies instead.
        flash_resemblance: minimum Jaccard similarity of such texts.
        weekday_containment: minimum containment of texts that name different days of the week.
        vouched_containment: the same if their numbers agree.
        agreeing_numbers: minimum share of common numbers, of the text with fewer numbers, for numbers to agree.
        template: resemblance from which two texts may be stories of one template, so that their numbers must agree.
            Below it the words differ so much that an editor may have changed the numbers (rounded, spelt out, left
            out).
        identical: resemblance from which the numbers of longer texts do not matter.
        few_numbers: texts with fewer distinct numbers than this are not judged by their numbers.
        shared_numbers: minimum share of common numbers, of the text with fewer numbers, in stories of one template.
        few_names: texts with fewer distinct names than this are judged by them only together with numbers.
        shared_names: minimum share of common names, of the text with fewer names.
        doubtful_names: up to this share of common names, numbers that hardly agree show another story.
        hardly_shared_numbers: share of common numbers up to which they hardly agree.
        disjoint_leads: share of both first quarters up to which the texts share a background and no more, unless they
            also have at least `background` of the shorter one in common.
        background: see `disjoint_leads`.
        lead_pairs: a first quarter with fewer pairs proves nothing.
        kinship: minimum containment in a cluster's canonical text for a text that is a copy of another member.
        contained: minimum containment for the relation `contains`.
        much_shorter: maximum ratio of the lengths, shorter to longer, for the relation `contains`.
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
    few_names: int = 3
    shared_names: float = 0.4
    doubtful_names: float = 0.5
    hardly_shared_numbers: float = 0.34
    disjoint_leads: float = 0.1
    background: float = 0.85
    lead_pairs: int = 9
    kinship: float = 0.3
    contained: float = 0.7
    much_shorter: float = 0.8


@dataclass(frozen=True, slots=True)
class Match:
    """How one text is a copy of another.

    Attributes:
        relation: of the later text to the earlier one.
        score: share of the shorter text that is in the longer one, 0 to 1; 1 only for equal texts.
    """

    relation: Relation
    score: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much two texts share of their word pairs, each measure from 0 to 1.

    Attributes:
        resemblance: Jaccard similarity.
        containment: share of the shorter text's pairs that the longer text has too.
        evenness: the lowest containment of any quarter of the shorter text. A cut, an extension and an edited release
            keep something of every quarter; a shared paragraph fills one quarter and leaves the others empty.
    """

    resemblance: float
    containment: float
    evenness: float
    leads: float = 1.0
    lead_pairs: int = 0


class Features:
    """A fingerprint whose parts are decoded when first used."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.fingerprint = fingerprint
        # Overlaps with other texts by their exact hash: where many texts resemble each other, late articles cause the
        # same two to be compared again and again.
        self.overlaps: dict[str, Overlap] = {}

    @cached_property
    def quarters(self) -> dict[int, int]:
        """Return the quarter (0 to 3) of each hash in the sketch: the smallest hashes of word pairs, ascending."""
        hashes = _unpack16(self.fingerprint.sketch)
        quarters = b"".join(map(_QUARTERS.__getitem__, b64decode(self.fingerprint.quarters)[: _bytes_of(hashes)]))
        return dict(zip(hashes, quarters, strict=False))

    @cached_property
    def hashes(self) -> list[int]:
        """Return the hashes of the sketch in ascending order."""
        return list(self.quarters)

    @cached_property
    def quarter_of_each(self) -> bytes:
        """Return the quarter of each of `hashes`, one byte each."""
        return bytes(self.quarters.values())

    @cached_property
    def complete_to(self) -> int:
        """Return the hash up to which the sketch holds every word pair of the text."""
        return _HASH_SPACE if len(self.hashes) >= self.fingerprint.runs else self.hashes[-1]

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Return the hashes of the text's numbers, 16 bits each."""
        return frozenset(_unpack16(self.fingerprint.numbers))

    @cached_property
    def names(self) -> frozenset[int]:
        """Return the hashes of the text's names, 16 bits each; of many names, the smallest hashes."""
        return frozenset(self._details[1:])

    @cached_property
    def names_complete_to(self) -> int:
        """Return the hash up to which `names` holds every name of the text."""
        return max(self.names) if len(self.names) >= MOST_NAMES else _HASH_SPACE

    @cached_property
    def figures(self) -> frozenset[int]:
        """Return the text's numbers; if it has none in digits, those that it spells out."""
        counts = self._details[0] if self._details else 0
        return self.numbers or frozenset(-bit for bit in range(1, counts.bit_length() + 1) if counts >> bit - 1 & 1)

    @cached_property
    def _details(self) -> list[int]:
        """What follows the quarters: the numbers in words, then the names. Empty in a fingerprint of release 0.1.0."""
        return _integers16(b64decode(self.fingerprint.quarters)[_bytes_of(_unpack16(self.fingerprint.sketch)) :])


def compare(later: Features, earlier: Features, config: CompareConfig) -> Match | None:
    """Decide whether and how `later` is a copy of `earlier`.

    Returns:
        The match, or None if it is no copy. Whether there is a match, and its score, do not depend on the order.
    """
    if later.fingerprint.exact == earlier.fingerprint.exact:
        return Match("exact", 1.0)
    return _compare(later, earlier, overlap(later, earlier), config)


def _compare(later: Features, earlier: Features, shared: Overlap, config: CompareConfig) -> Match | None:
    a, b = later.fingerprint, earlier.fingerprint
    if not _similar(a, b, shared, config):
        return None
    if _other_days(later, earlier) and shared.containment < _required_across_days(later, earlier, config):
        return None
    if _other_numbers(later, earlier, shared.resemblance, config) or _other_story(later, earlier, shared, config):
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
    """Decide whether and how an article belongs to a cluster.

    It does if it shares a band with the canonical article and is a copy of it; or if it is a copy of a member with
    which it shares a band, and also a copy of the canonical article or akin to it (`kinship`), so that no chain of
    copies of copies leads away from the cluster's subject.

    Args:
        article: the article.
        canonical: the cluster's canonical article.
        members: articles of the cluster that share a band with the article.
        config: thresholds.
        met: whether the article shares a band with the canonical article.

    Returns:
        The relation to the canonical article, or None if the article does not belong to the cluster.
    """
    if met and article.fingerprint.exact == canonical.fingerprint.exact:
        return Match("exact", 1.0)
    shared = overlap(article, canonical)
    match = _compare(article, canonical, shared, config)
    if match is None:
        if shared.containment < config.kinship or _other_days(article, canonical):
            return None
        if _other_story(article, canonical, shared, config):
            return None
        match = Match("near", round(shared.containment, 3))
    elif met:
        return match
    return match if any(compare(article, member, config) for member in members) else None


def overlap(one: Features, other: Features) -> Overlap:
    """Estimate from two sketches what the texts share. The result is cached in `one`."""
    shared = one.overlaps.get(other.fingerprint.exact)
    if shared is None:
        if len(one.overlaps) == _MOST_OVERLAPS:
            one.overlaps.clear()
        shared = one.overlaps[other.fingerprint.exact] = _measure(one, other)
    return shared


def _measure(one: Features, other: Features) -> Overlap:
    """Measure the overlap within the range of hashes in which both sketches are complete.

    Up to the smaller of the two `complete_to`, both sketches are fair samples of their texts (Cohen and Kaplan 2007).
    """
    if (one.fingerprint.runs, one.hashes) > (other.fingerprint.runs, other.hashes):
        one, other = other, one
    limit = min(one.complete_to, other.complete_to)
    size, other_size = bisect_right(one.hashes, limit), bisect_right(other.hashes, limit)
    if not size or not other_size:
        return Overlap(0.0, 0.0, 0.0)
    # One of the two sketches ends at the limit, so no common hash lies beyond it.
    common = one.quarters.keys() & other.quarters.keys()
    containment = len(common) / size
    pairs = [one.quarter_of_each.count(quarter, 0, size) for quarter in range(4)]
    shared = [0] * 4
    for value in common:
        shared[one.quarters[value]] += 1
    # A quarter with few pairs proves little: add `_PRIOR` pairs that are shared to the same degree as the whole text.
    least = min((s + _PRIOR * containment) / (n + _PRIOR) for s, n in zip(shared, pairs, strict=True))
    other_lead = other.quarter_of_each.count(0, 0, other_size)
    other_shared = sum(other.quarters[value] == 0 for value in common)
    leads = max(shared[0] / max(pairs[0], 1), other_shared / max(other_lead, 1))
    resemblance = len(common) / (size + other_size - len(common))
    return Overlap(resemblance, containment, least, leads, min(pairs[0], other_lead))


def _similar(a: Fingerprint, b: Fingerprint, shared: Overlap, config: CompareConfig) -> bool:
    if min(a.words, b.words) <= config.flash_words:
        return shared.resemblance >= config.flash_resemblance
    least = config.similarity + _days_apart(a, b) * (config.next_day_similarity - config.similarity)
    return shared.containment + shared.evenness >= least


def _days_apart(a: Fingerprint, b: Fingerprint) -> float:
    """Return the days between two texts, at most 1; 0 if a time is unknown or the addresses are of one story."""
    if a.hour is None or b.hour is None or a.family == b.family:
        return 0.0
    return min(abs(a.hour - b.hour) / 24, 1.0)


def _other_days(a: Features, b: Features) -> bool:
    """Return whether both texts name days of the week but none in common, as stories of one template do."""
    days, other_days = a.fingerprint.weekdays, b.fingerprint.weekdays
    return days > 0 and other_days > 0 and not days & other_days


def _required_across_days(a: Features, b: Features, config: CompareConfig) -> float:
    fewer = min(len(a.numbers), len(b.numbers))
    agree = fewer >= config.few_numbers and len(a.numbers & b.numbers) >= config.agreeing_numbers * fewer
    return config.vouched_containment if agree else config.weekday_containment


def _other_numbers(a: Features, b: Features, resemblance: float, config: CompareConfig) -> bool:
    """Return whether the numbers show that two similar texts are different stories of one template."""
    if min(a.fingerprint.words, b.fingerprint.words) <= config.flash_words:
        return a.numbers != b.numbers
    fewer = min(len(a.numbers), len(b.numbers))
    if not config.template <= resemblance < config.identical or fewer < config.few_numbers:
        return False
    return len(a.numbers & b.numbers) < config.shared_numbers * fewer


def _other_story(a: Features, b: Features, shared: Overlap, config: CompareConfig) -> bool:
    """Return whether names and numbers, or two leads over one background, show that two texts are different stories.

    Copies keep most names, whatever else an editor changes; stories of one template differ in names and numbers.
    """
    two_leads = (
        shared.lead_pairs >= config.lead_pairs
        and shared.leads < config.disjoint_leads
        and shared.containment < config.background
    )
    return two_leads or _other_details(a, b, config)


def _other_details(a: Features, b: Features, config: CompareConfig) -> bool:
    most = min(a.names_complete_to, b.names_complete_to)
    names, same_names = _common(*(frozenset(name for name in x.names if name <= most) for x in (a, b)))
    # Nothing can be said of numbers in digits and others as words.
    figures = (a.figures, b.figures) if bool(a.numbers) == bool(b.numbers) else (frozenset(), frozenset())
    numbers, same_numbers = _common(*figures)
    other_numbers = numbers > 0 and not same_numbers
    few_names = names < config.few_names
    doubtful = same_names <= config.doubtful_names
    return (
        # Most names are others, whatever the numbers.
        (not few_names and same_names < config.shared_names)
        # No name is shared: then one number is enough, or none that agrees.
        or (names == 1 and not same_names and other_numbers)
        or (names > 1 and not same_names and not (numbers >= config.few_numbers and same_numbers >= 0.5))
        # No number is shared: one is enough with doubtful names, two with few, and three always.
        or (other_numbers and (numbers >= config.few_numbers or (names > 1 and doubtful)))
        or (other_numbers and numbers > 1 and (few_names or doubtful))
        or (numbers >= config.few_numbers and same_numbers <= config.hardly_shared_numbers and (not names or doubtful))
    )


def _common(one: frozenset[int], other: frozenset[int]) -> tuple[int, float]:
    """Return the size of the smaller set, and the share of it that the other has; 0 if one is empty."""
    fewer = min(len(one), len(other))
    return fewer, len(one & other) / fewer if fewer else 0.0


def _bytes_of(hashes: Sequence[int]) -> int:
    """Return the bytes that the quarters of these hashes take, two bits each."""
    return (len(hashes) + 3) // 4


def _unpack16(text: str) -> list[int]:
    return _integers16(b64decode(text))


def _integers16(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 2}H", data))
