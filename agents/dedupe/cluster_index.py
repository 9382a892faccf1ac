"""Everything that the look-up derives from its table: who shares a key, who is whose copy, who is how old."""

from __future__ import annotations

import hashlib
from array import array
from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.dedupe.postings import Keys, Numbers, Postings, Rank
from agents.dedupe.stored_article import Known
from streams.records import Fingerprint

# 2 ** 64 divided by the golden ratio: Knuth, The Art of Computer Programming, volume 3, section 6.4.
_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Articles that share keys with one, by id, most keys first."""

    before: list[str]
    after: list[str]


class Catalogue:
    """The articles of the window by number, in arrays and short lists; about 1 KB of memory each.

    Args:
        algorithm: articles with fingerprints of another one are filed under their exact hash alone.
        permutations: values of a signature.
        rows: of them in a band.
        bucket: seconds of articles that are forgotten together.
        most_postings: newest articles that are considered of one key.
        most_candidates: neighbours before and after an article.
        count: called with `posting_capped` or `candidates_capped`.
    """

    def __init__(
        self,
        *,
        algorithm: str,
        permutations: int,
        rows: int,
        bucket: float,
        most_postings: int,
        most_candidates: int,
        count: Callable[[str], None],
    ) -> None:
        self._algorithm = algorithm
        self._rows = rows
        self._bucket_seconds = bucket
        self._most = most_candidates
        self._count = count
        self._postings = Postings(1 + permutations // rows, most_postings, lambda: count("posting_capped"))
        self._ids: list[str] = []
        self._copies: dict[str, set[str]] = {}
        self._buckets: dict[int, array[int]] = {}
        self.newest = 0.0
        self.decisions = 0

    def __len__(self) -> int:
        return len(self._postings)

    def file(self, known: Known) -> None:
        """Enter an article that is not entered yet."""
        time, article_id = known.rank
        number = self._postings.add(self._keys(known.features.fingerprint), time)
        if number == len(self._ids):
            self._ids.append(article_id)
        else:
            self._ids[number] = article_id
        self._buckets.setdefault(self._bucket(time), array("i")).append(number)
        self.newest = max(self.newest, time)
        self.join(known)

    def sort(self) -> None:
        """Forget the order in which articles were filed."""
        self._postings.sort()

    def join(self, known: Known) -> None:
        """Enter the cluster of an article, new or changed."""
        if not known.leads:
            self._copies.setdefault(known.cluster.canonical_id, set()).add(known.article_id)
        self.decisions = max(self.decisions, known.decided)

    def part(self, known: Known) -> None:
        """Take an article out of its cluster."""
        copies = self._copies.get(known.cluster.canonical_id)
        if copies is not None:
            copies.discard(known.article_id)
            if not copies:
                del self._copies[known.cluster.canonical_id]

    def remove(self, number: int) -> None:
        """Take an article out of the index; its number will be another's."""
        self._buckets[self._bucket(self._postings.time(number))].remove(number)
        self._postings.remove(number)

    def number(self, known: Known) -> int:
        """The number of an article. Slow where many have the same text."""
        equal = self._postings.sharing(int(self._keys(known.features.fingerprint)[0]))
        return next(number for number in equal if self._ids[number] == known.article_id)

    def copies(self, canonical_id: str) -> Collection[str]:
        """The copies of a canonical article."""
        return self._copies.get(canonical_id, ())

    def neighbours(self, rank: Rank, fingerprint: Fingerprint, window: float) -> Neighbours:
        """Articles that share a key with this one and came at most `window` seconds before or after it."""
        time, article_id = rank
        numbers, hits = self._postings.find(self._keys(fingerprint))
        times = self._postings.times(numbers)
        near = np.abs(times - time) <= window
        before, after = near & (times < time), near & (times > time)
        for at in np.flatnonzero(times == time):
            other = self._ids[numbers[at]]
            before[at], after[at] = other < article_id, other > article_id
        return Neighbours(*(self._best(numbers[side], hits[side], times[side]) for side in (before, after)))

    def share_key(self, one: Fingerprint, other: Fingerprint) -> bool:
        """Would the two find each other, if no bound were set?"""
        if one.algorithm != other.algorithm:
            return False
        return bool((self._keys(one) == self._keys(other)).any())

    def outdated(self, window: float, most: int) -> list[tuple[int, str]]:
        """Numbers and ids of up to `most` articles of the oldest bucket, when all of it lies before the window."""
        while self._buckets:
            oldest = min(self._buckets)
            if (oldest + 1) * self._bucket_seconds > self.newest - window:
                return []
            if self._buckets[oldest]:
                return [(number, self._ids[number]) for number in self._buckets[oldest][:most]]
            del self._buckets[oldest]
        return []

    def _bucket(self, time: float) -> int:
        return int(time // self._bucket_seconds)

    def _best(self, numbers: Numbers, hits: Numbers, times: NDArray[np.float64]) -> list[str]:
        if len(numbers) > self._most:
            self._count("candidates_capped")
            numbers = numbers[np.lexsort((-times, -hits))[: self._most]]
        return [self._ids[number] for number in numbers.tolist()]

    def _keys(self, fingerprint: Fingerprint) -> Keys:
        """What an article is filed under: its exact hash and its bands; the hash alone if of another algorithm."""
        name = f"{fingerprint.algorithm} {fingerprint.exact}".encode()
        exact = np.frombuffer(hashlib.blake2b(name, digest_size=4).digest(), "<u4")
        if fingerprint.algorithm != self._algorithm:
            return exact
        return np.concatenate((exact, bands(fingerprint, self._rows)))


def bands(fingerprint: Fingerprint, rows: int) -> Keys:
    """The signature in bands of `rows` values, each hashed to 32 bits."""
    values = np.frombuffer(b64decode(fingerprint.signature), "<u4").astype(np.uint64).reshape(-1, rows)
    hashed = np.zeros(len(values), np.uint64)
    for row in range(rows):
        hashed = (hashed ^ values[:, row]) * _FIBONACCI
    return (hashed >> np.uint64(32)).astype(np.uint32)
