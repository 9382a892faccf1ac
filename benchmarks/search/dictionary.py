"""Whether plurals of a dictionary meet their singulars: python -m benchmarks.search.dictionary FILE

FILE is arabicdictionary.sqlite of the package arramooz-pysqlite 0.4.2 (Arramooz, a dictionary for morphological
analysis): `pip install --no-deps --target build/arramooz arramooz-pysqlite==0.4.2`, then
build/arramooz/arramooz/data/arabicdictionary.sqlite. The rules were written without it.

By a seed, it draws 200 nouns with a broken plural, which must meet, and 200 pairs of nouns of different roots that one
edit tells apart, which must not. All are words that the corpus of `make words` has. Names and stop words are left out.
Stock `arabic` is asked for the same pairs (`rasd up`).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.search.precision import stock_stems
from streams.errors import RasdError
from streams.words.letters import normalise_word
from streams.words.lexicon import lexicon
from streams.words.terms import query_words, text_words

# Plurals of seed 17 were read to lengthen irregular.txt, and then are no measure of it.
SEED = 23
DRAWN = 200
SHORTEST = 3
Pair = tuple[str, str]


def _common(word: str) -> bool:
    known = lexicon()
    return len(word) >= SHORTEST and word in known.seen and word not in known.names and word not in known.stop_words


def nouns(path: Path) -> tuple[list[Pair], list[Pair]]:
    """Return singulars with their broken plurals, and nouns with their roots; normalised, each once, sorted."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT unvocalized, broken_plural, root FROM nouns").fetchall()
    plurals, roots = set(), set()
    for printed, listed, root in rows:
        word = normalise_word(printed or "")
        if not _common(word):
            continue
        if root:
            roots.add((word, normalise_word(root)))
        for plural in map(normalise_word, (listed or "").split(";")):
            if _common(plural) and plural != word:
                plurals.add((word, plural))
    return sorted(plurals), sorted(roots)


def neighbours(roots: Sequence[Pair], related: set[Pair]) -> Iterator[Pair]:
    """Yield pairs of words of which one edit makes the other and that no root and no plural joins."""
    of: dict[str, set[str]] = defaultdict(set)
    for word, root in roots:
        of[word].add(root)
    holes: dict[str, list[str]] = defaultdict(list)
    for word in sorted(of):
        for at in range(len(word)):
            holes[word[:at] + "?" + word[at + 1 :]].append(word)
        for at in range(len(word) + 1):
            holes[word[:at] + "?" + word[at:]].append(word)
    pairs = {(a, b) for words in holes.values() for a in words for b in words if a < b}
    for one, other in sorted(pairs):
        if of[one].isdisjoint(of[other]) and (one, other) not in related and (other, one) not in related:
            yield one, other


def meet(one: str, other: str) -> bool:
    """Return whether a query for one word finds the other."""
    indexed = {family for word in text_words(other) for family in word.families}
    return all(not indexed.isdisjoint(word.families) for word in query_words(one))


def measure(path: Path) -> None:
    """Draw, ask and print."""
    plurals, roots = nouns(path)
    chance = random.Random(SEED)
    same = chance.sample(plurals, min(DRAWN, len(plurals)))
    near = list(neighbours(roots, set(plurals)))
    different = chance.sample(near, min(DRAWN, len(near)))
    stems = asyncio.run(stock_stems(word for pair in (*same, *different) for word in pair))

    def by_stock(one: str, other: str) -> bool:
        return stems.get(one, one) == stems.get(other, other)

    systems: dict[str, Callable[[str, str], bool]] = {"arabic": by_stock, "rasd": meet}
    print(f"of {len(plurals)} plurals and {len(near)} pairs of different roots, seed {SEED}")
    for name, asked in systems.items():
        missed = [f"{a}/{b}" for a, b in same if not (asked(a, b) and asked(b, a))]
        wrong = [f"{a}/{b}" for a, b in different if asked(a, b) or asked(b, a)]
        print(f"{name:7}{len(same) - len(missed)} of {len(same)} meet, {len(wrong)} of {len(different)} others do")
        if name == "rasd":
            print(f"  missed: {' '.join(missed)}\n  wrong: {' '.join(wrong)}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="arabicdictionary.sqlite of arramooz-pysqlite")
    try:
        measure(parser.parse_args().file)
    except (OSError, sqlite3.Error, RasdError) as error:
        sys.exit(f"benchmark: {error}")


if __name__ == "__main__":
    main()
