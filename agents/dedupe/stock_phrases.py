"""Formulas: runs of words that news prints again and again, whatever the story.

«خادم الحرمين الشريفين», the phrases of a weather report, the last line of a condolence do not say which story it is.
What is left without them is what two copies share and two stories of one template do not. A run of words is a formula
when it was printed on many different days, because a story lives for a few. The idea is that of document frequency
(Spärck Jones 1972), counted in days so that a story's own copies do not count.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from rensa import RMinHash

TABLE = Path(__file__).parent / "models" / "formulas.bin"
_BYTES = 5
_SHIFT = 64 - 8 * _BYTES


def word_runs(words: Sequence[str], size: int) -> list[str]:
    """All runs of `size` words, joined by spaces; a text shorter than that is one run."""
    if len(words) <= size:
        return [" ".join(words)] if words else []
    return [" ".join(run) for run in zip(*(islice(words, start, None) for start in range(size)), strict=False)]


def run_hashes(runs: Sequence[str]) -> list[int]:
    """64-bit hashes of word runs in their order, evenly spread. The function is rensa's; a test pins its values."""
    hashes: list[int] = RMinHash.hash_token_sets([runs])[0]
    return hashes


@cache
def formulas(table: Path) -> frozenset[int]:
    """A table as `build` makes it (`TABLE` ships with the package): the upper 40 bits of the formulas' hashes."""
    data = table.read_bytes()
    return frozenset(int.from_bytes(data[at : at + _BYTES], "little") for at in range(0, len(data), _BYTES))


def without_formulas(hashes: Iterable[int], table: frozenset[int]) -> set[int]:
    """The runs that are no formulas."""
    return {value for value in hashes if value >> _SHIFT not in table}


def build(days: Iterable[Iterable[Sequence[str]]], sizes: Sequence[int], share: float) -> bytes:
    """Make a table.

    Args:
        days: the folded words of the articles of each day.
        sizes: lengths of runs.
        share: of the days; a run that occurs on that many is a formula.

    Returns:
        5 bytes a formula, ascending.
    """
    counts: dict[int, int] = {}
    number = 0
    for number, day in enumerate(days, 1):  # noqa: B007 - the count is used after the loop
        printed: set[int] = set()
        for words in day:
            for size in sizes:
                printed.update(run_hashes(word_runs(words, size)))
        for value in printed:
            counts[value >> _SHIFT] = counts.get(value >> _SHIFT, 0) + 1
    found = array("Q", sorted(value for value, count in counts.items() if count >= share * number))
    return b"".join(value.to_bytes(_BYTES, "little") for value in found)
