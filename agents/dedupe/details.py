"""Take from a text what tells stories of one template apart: names, and numbers written as words.

Two obituaries, match reports or notices of accidents share most of their words and differ in these. Copies share them,
however much else an editor changes.

Names are recognised by a table of words that the news mostly uses as persons', places' and organisations' names
(`agents.dedupe.build.name_words`): this stage comes before the one that tags names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from agents.text.search import search_text

TABLE = Path(__file__).parent / "models" / "name_words.bin"
HASH_BYTES = 5
SHORTEST_NAME = 3
_CLITICS = ("", "و", "ف", "ب", "ل", "ك", "ال", "وال", "بال", "فال", "كال")
# Below three a number is a dual or an article («اثنان», «أحد»), which editors change freely; ten is part of others.
_NUMBER_WORDS = (
    "ثلاث ثلاثة",
    "أربع أربعة",
    "خمس خمسة",
    "ست ستة",
    "سبع سبعة",
    "ثمان ثماني ثمانية",
    "تسع تسعة",
    "عشرون عشرين",
    "ثلاثون ثلاثين",
    "أربعون أربعين",
    "خمسون خمسين",
    "ستون ستين",
    "سبعون سبعين",
    "ثمانون ثمانين",
    "تسعون تسعين",
)
COUNTS = len(_NUMBER_WORDS)


@cache
def name_words(table: Path) -> frozenset[bytes]:
    """Read a table as `agents.dedupe.build.name_words` makes it; `TABLE` ships with the package.

    Raises:
        OSError: the file cannot be read.
    """
    data = table.read_bytes()
    return frozenset(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


@cache
def _bits() -> Mapping[str, int]:
    spelt = {search_text(word): 1 << bit for bit, words in enumerate(_NUMBER_WORDS) for word in words.split()}
    return spelt | {f"و{word}": bit for word, bit in spelt.items()}


def word_hash(word: str) -> bytes:
    """Hash a normalised word to `HASH_BYTES` bytes."""
    return hashlib.blake2b(word.encode(), digest_size=HASH_BYTES).digest()


def names(words: Iterable[str], table: frozenset[bytes]) -> set[bytes]:
    """Return the hashes of the distinct names among normalised words; clitics do not count."""
    found = {_name(word, table) for word in set(words)}
    return {name for name in found if name is not None}


# Nine of ten words of an article are known from earlier ones.
@lru_cache(maxsize=1 << 16)
def _name(word: str, table: frozenset[bytes]) -> bytes | None:
    for clitics in _CLITICS:
        if word.startswith(clitics) and len(word) - len(clitics) >= SHORTEST_NAME:
            hashed = word_hash(word[len(clitics) :])
            if hashed in table:
                return hashed
    return None


def counts(words: Iterable[str]) -> int:
    """Return the numbers that words spell out as bits: three to nine from the lowest bit on, then twenty to ninety."""
    bits = _bits()
    found = 0
    for word in bits.keys() & set(words):
        found |= bits[word]
    return found
