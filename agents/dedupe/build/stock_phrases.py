"""Make a table of stock phrases from days of news."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from agents.dedupe.stock_phrases import HASH_BYTES, HASH_SHIFT, run_hashes, word_runs

#: Lengths of the runs, in words: those of the sketch and of the signature.
SIZES = (2, 3)
#: A run printed on at least this share of the days is a stock phrase.
SHARE = 0.4


def build(days: Iterable[Iterable[Sequence[str]]], sizes: Sequence[int] = SIZES, share: float = SHARE) -> bytes:
    """Make a table. The same days give the same bytes.

    Args:
        days: for each day, the normalised words of its articles (`fingerprint.body_words`).
        sizes: lengths of runs, in words.
        share: share of the days, 0 to 1; a run that occurs on at least that share is a stock phrase.

    Returns:
        The upper 40 bits of the hash of each stock phrase, little-endian, in ascending order.
    """
    counts: dict[int, int] = {}
    number = 0
    for number, day in enumerate(days, 1):  # noqa: B007 - the count is used after the loop
        printed: set[int] = set()
        for words in day:
            for size in sizes:
                printed.update(run_hashes(word_runs(words, size)))
        for value in printed:
            counts[value >> HASH_SHIFT] = counts.get(value >> HASH_SHIFT, 0) + 1
    found = array("Q", sorted(value for value, count in counts.items() if count >= share * number))
    return b"".join(value.to_bytes(HASH_BYTES, "little") for value in found)
