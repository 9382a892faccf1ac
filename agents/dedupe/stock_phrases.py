"""Leave out stock phrases: runs of words that news prints again and again, whatever the story.

«خادم الحرمين الشريفين», the phrases of a weather report, the last line of a condolence do not identify a story. Without
them, what two texts share is what copies share and stories of one template do not. A run of words is a stock phrase if
it was printed on many different days, because a story lives for a few. The idea is that of document frequency (Spärck
Jones 1972), counted in days so that a story's own copies do not count.

`agents.dedupe.build` makes the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from rensa import RMinHash

TABLE = Path(__file__).parent / "models" / "stock_phrases.bin"
#: The table keeps the upper 40 bits of each 64-bit hash.
HASH_BYTES = 5
HASH_SHIFT = 64 - 8 * HASH_BYTES


def word_runs(words: Sequence[str], size: int) -> list[str]:
    """Return all runs of `size` words, joined by spaces; a text of fewer words is one run, an empty one none."""
    if len(words) <= size:
        return [" ".join(words)] if words else []
    return [" ".join(run) for run in zip(*(islice(words, start, None) for start in range(size)), strict=False)]


def run_hashes(runs: Sequence[str]) -> list[int]:
    """Hash word runs to 64 bits each, in their order. The function is rensa's; a test pins its values."""
    hashes: list[int] = RMinHash.hash_token_sets([runs])[0]
    return hashes


@cache
def stock_phrases(table: Path) -> frozenset[int]:
    """Read a table as `agents.dedupe.build` makes it; `TABLE` ships with the package.

    Returns:
        The upper 40 bits of the hashes of the stock phrases.

    Raises:
        OSError: the file cannot be read.
    """
    data = table.read_bytes()
    return frozenset(int.from_bytes(data[at : at + HASH_BYTES], "little") for at in range(0, len(data), HASH_BYTES))


def without_stock_phrases(hashes: Iterable[int], table: frozenset[int]) -> set[int]:
    """Return the hashes of the runs that are not stock phrases."""
    return {value for value in hashes if value >> HASH_SHIFT not in table}
