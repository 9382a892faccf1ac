"""Split words into the pieces that a transformer reads: a unigram model of pieces (Kudo, 2018).

The package `tokenizers` does the same and gives the same pieces (docs/experiments/entities.md), but brings the client
of a model hub, and words repeat: a dictionary of those seen is faster than any call.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

# Begins every word, as XLM-R's vocabulary has it.
_WORD = "\u2581"
# How much less likely an unknown character is than the least likely piece, in nats (SentencePiece).
_UNKNOWN_PENALTY = 10.0
_CACHED = 1 << 16


class Pieces:
    """Find the most likely pieces of words.

    Args:
        scores: log probability of each piece, in the order of their ids.
        unknown: id of the piece that stands for unknown characters.
    """

    def __init__(self, scores: Mapping[str, float], unknown: int) -> None:
        self._pieces = {piece: (number, score) for number, (piece, score) in enumerate(scores.items())}
        self._longest = max(map(len, scores))
        self._unknown = (unknown, min(scores.values()) - _UNKNOWN_PENALTY)
        self._cached = lru_cache(maxsize=_CACHED)(self._find)

    def __call__(self, word: str) -> tuple[int, ...]:
        """Return the ids of a word's pieces, at least one; unknown characters in a row are one piece."""
        return self._cached(word)

    def _find(self, word: str) -> tuple[int, ...]:
        text = _WORD + unicodedata.normalize("NFKC", word).replace(" ", _WORD)
        # The most likely way to each place: its log probability, where its last piece begins, and that piece.
        best: list[tuple[float, int, int]] = [(0.0, 0, -1)]
        for end in range(1, len(text) + 1):
            found = (best[end - 1][0] + self._unknown[1], end - 1, self._unknown[0])
            # A character that is a piece itself is never unknown.
            if text[end - 1] in self._pieces:
                found = (float("-inf"), end - 1, -1)
            for start in range(max(0, end - self._longest), end):
                known = self._pieces.get(text[start:end])
                if known is not None and best[start][0] + known[1] > found[0]:
                    found = (best[start][0] + known[1], start, known[0])
            best.append(found)
        ids: list[int] = []
        at = len(text)
        while at > 0:
            _, start, number = best[at]
            if not (number == self._unknown[0] and ids and ids[-1] == number):
                ids.append(number)
            at = start
        return tuple(reversed(ids))
