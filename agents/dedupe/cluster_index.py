"""Index the stored articles: which share a key, which are copies of which, and when each arrived."""

from __future__ import annotations

import hashlib
from array import array
from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.dedupe.postings import Keys, Numbers, Postings, Rank
from agents.dedupe.stored_article import StoredArticle
from streams.records import Fingerprint

# The multiplier of Fibonacci hashing, 2 ** 64 divided by the golden ratio: Knuth, The Art of Computer Programming,
# volume 3, section 6.4.
_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Ids of the articles that share keys with one.

    Attributes:
        before: those of lower rank.
        after: those of higher rank.
    """

    before: list[str]
    after: list[str]


class ClusterIndex:
    """Index the articles of the window by number, in arrays and short lists; about 1 KB of memory each.

    Args:
        algorithm: articles with fingerprints of another algorithm are indexed under their exact hash only.
        permutations: values in a signature.
        rows: signature values in a band.
        bucket: width of the time buckets in which articles expire, in seconds.
        most_postings: maximum number of articles, newest first, to consider for each key.
        most_candidates: maximum number of neighbours before, and after, an article.
        count: called with `posting_capped` or `candidates_capped` when that bound is hit.
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

    def add(self, stored: StoredArticle) -> None:
        """Add an article that is not in the index yet, and its cluster."""
        time, article_id = stored.rank
        number = self._postings.add(self._keys(stored.features.fingerprint), time)
        if number == len(self._ids):
            self._ids.append(article_id)
        else:
            self._ids[number] = article_id
        self._buckets.setdefault(self._bucket(time), array("i")).append(number)
        self.newest = max(self.newest, time)
        self.join_cluster(stored)

    def sort(self) -> None:
        """Order all postings by time, as if the articles had been added in that order."""
        self._postings.sort()

    def join_cluster(self, stored: StoredArticle) -> None:
        """Record the cluster of an article, new or changed."""
        if not stored.leads:
            self._copies.setdefault(stored.cluster.canonical_id, set()).add(stored.article_id)
        self.decisions = max(self.decisions, stored.decided)

    def leave_cluster(self, stored: StoredArticle) -> None:
        """Remove an article from its cluster."""
        copies = self._copies.get(stored.cluster.canonical_id)
        if copies is not None:
            copies.discard(stored.article_id)
            if not copies:
                del self._copies[stored.cluster.canonical_id]

    def remove(self, number: int) -> None:
        """Remove an article from the index; its number will be reused."""
        self._buckets[self._bucket(self._postings.time(number))].remove(number)
        self._postings.remove(number)

    def number(self, stored: StoredArticle) -> int:
        """Return the number of an article. Takes time in proportion to the articles with the same text.

        Raises:
            StopIteration: the article is not in the index.
        """
        equal = self._postings.sharing(int(self._keys(stored.features.fingerprint)[0]))
        return next(number for number in equal if self._ids[number] == stored.article_id)

    def copies(self, canonical_id: str) -> Collection[str]:
        """Return the ids of the copies of a canonical article, itself excluded."""
        return self._copies.get(canonical_id, ())

    def neighbours(self, rank: Rank, fingerprint: Fingerprint, window: float) -> Neighbours:
        """Find the articles that share a key with this one and arrived at most `window` seconds before or after it."""
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
        """Return whether two articles share a key, whatever the bounds on postings and candidates."""
        if one.algorithm != other.algorithm:
            return False
        return bool((self._keys(one) == self._keys(other)).any())

    def outdated(self, window: float, most: int) -> list[tuple[int, str]]:
        """Return numbers and ids of up to `most` articles of the oldest bucket if all of it is outside the window."""
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
        """Return an article's keys: its exact hash and its bands, or the hash alone for another algorithm."""
        name = f"{fingerprint.algorithm} {fingerprint.exact}".encode()
        exact = np.frombuffer(hashlib.blake2b(name, digest_size=4).digest(), "<u4")
        if fingerprint.algorithm != self._algorithm:
            return exact
        return np.concatenate((exact, bands(fingerprint, self._rows)))


def bands(fingerprint: Fingerprint, rows: int) -> Keys:
    """Part a signature into bands of `rows` values (locality-sensitive hashing) and hash each to 32 bits.

    Returns:
        Shape (permutations / rows,), uint32.
    """
    values = np.frombuffer(b64decode(fingerprint.signature), "<u4").astype(np.uint64).reshape(-1, rows)
    hashed = np.zeros(len(values), np.uint64)
    for row in range(rows):
        hashed = (hashed ^ values[:, row]) * _FIBONACCI
    return (hashed >> np.uint64(32)).astype(np.uint32)
