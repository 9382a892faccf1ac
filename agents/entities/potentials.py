"""The linear tagger: its weights, the words it knows, and the score of every tag at every token."""

from __future__ import annotations

import io
import lzma
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.features import OFFSETS, OUTSIDE, WordEntry, WordFeatures, word_features

Floats = NDArray[np.float32]

_REACH = max(OFFSETS)
# Rows of 49 floats: 40 MB at most.
_CACHED_WORDS = 200_000
_BEYOND = WordFeatures((OUTSIDE,), (OUTSIDE,), (OUTSIDE,))


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A trained linear chain.

    Attributes:
        words: what is known of each word of the unlabelled news.
        weights: [tags] of each feature; a feature's name begins with the distance of its word (-1w=…).
        transitions: [tags, tags] from row to column.
    """

    words: Mapping[str, WordEntry]
    weights: Mapping[str, Floats]
    transitions: Floats
    _rows: dict[str, Floats] = field(default_factory=dict)

    def scores(self, sentences: Sequence[Sequence[str]]) -> Floats:
        """[tokens, tags] of the sentences one after the other, none of them empty."""
        edge = [self._row(None)] * _REACH
        rows = list(edge)
        keep: list[NDArray[np.intp]] = []
        for tokens in sentences:
            keep.append(np.arange(len(rows), len(rows) + len(tokens)))
            rows += map(self._row, tokens)
            rows += edge
        stacked = np.concatenate(rows)
        here = np.concatenate(keep)
        total = np.zeros((len(here), len(TAGS)), dtype=np.float32)
        for index, offset in enumerate(OFFSETS):
            total += stacked[here + offset, index]
        return total

    def _row(self, word: str | None) -> Floats:
        """[1, offsets, tags]: what a word adds to the tags of the tokens around it; None is beyond the sentence."""
        key = word or ""
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= _CACHED_WORDS:
                self._rows.clear()
            row = self._rows[key] = self._sum(word_features(word, self.words) if word else _BEYOND)
        return row

    def _sum(self, features: WordFeatures) -> Floats:
        row = np.zeros((1, len(OFFSETS), len(TAGS)), dtype=np.float32)
        for index, offset in enumerate(OFFSETS):
            # The token at distance +1 is tagged with this word at distance -1, and the reverse.
            for name in features.at(offset):
                weight = self.weights.get(f"{offset}{name}")
                if weight is not None:
                    row[0, index] += weight
        return row


def save(model: LinearModel, path: Path) -> None:
    """Write the model, the same bytes for the same model."""
    names = sorted(model.weights)
    words = sorted(model.words, key=lambda word: (-model.words[word].count, word))
    entries = [model.words[word] for word in words]
    buffer = io.BytesIO()
    for array in (
        _lines(words),
        np.array([entry.count for entry in entries], dtype=np.uint32),
        np.array([entry.classes for entry in entries], dtype=np.int16),
        np.rint(255 * np.array([entry.kinds for entry in entries])).astype(np.uint8),
        _lines(names),
        np.array([model.weights[name] for name in names], dtype=np.float16),
        model.transitions.astype(np.float32),
    ):
        np.save(buffer, array, allow_pickle=False)
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def load(path: Path) -> LinearModel:
    """Read a model that `save` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError, lzma.LZMAError: it is no such model.
    """
    buffer = io.BytesIO(lzma.decompress(path.read_bytes()))
    words, counts, classes, kinds, names, weights, transitions = (np.load(buffer, allow_pickle=False) for _ in range(7))
    columns = zip(counts.tolist(), map(tuple, classes.tolist()), map(tuple, (kinds / 255).tolist()), strict=True)
    entries = (WordEntry(*row) for row in columns)
    return LinearModel(
        words=dict(zip(_strings(words), entries, strict=True)),
        weights=dict(zip(_strings(names), weights.astype(np.float32), strict=True)),
        transitions=transitions,
    )


def _lines(strings: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(strings).encode(), dtype=np.uint8)


def _strings(lines: NDArray[np.uint8]) -> list[str]:
    return lines.tobytes().decode().split("\n")
