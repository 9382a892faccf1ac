"""Build the list of ordinary English and French words: python -m agents.index.build.ordinary --english … --french …

ordinary_words.tsv.gz has the words that subtitles have at least once in a million words, and that a spelling dictionary
has in small letters; a name such as Obama is in none. `make ordinary-words` fetches the packages: pyspellchecker counts
the words, spylls reads the dictionaries (its own for English, dictionary-fr for French).
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from agents.index.build.__main__ import DATA

HEAD = (
    "# Made by `make ordinary-words` from pyspellchecker (MIT; counts of OpenSubtitles), the English dictionary of "
    "SCOWL (by way of spylls, MPL-2.0) and the French one of Dicollecte (dictionary-fr, MPL-2.0)."
)
_RARE = 1e-6
_SHORTEST = 3


def ordinary_words(counts: Path, dictionary: Path) -> Iterator[tuple[str, int]]:
    """Yield each ordinary word of a language in ASCII letters, and how often it occurs in a hundred million words.

    Args:
        counts: gzipped JSON object of words and their counts.
        dictionary: path of a Hunspell dictionary without .aff and .dic.
    """
    known = importlib.import_module("spylls.hunspell").Dictionary.from_files(str(dictionary))
    found: dict[str, int] = json.loads(gzip.decompress(counts.read_bytes()))
    total = sum(found.values())
    for word, count in found.items():
        plain = len(word) >= _SHORTEST and word.isascii() and word.isalpha() and word.islower()
        if plain and count >= total * _RARE and known.lookup(word):
            yield word, round(count * 1e8 / total)


def main() -> None:
    """Build and write the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for language in ("english", "french"):
        parser.add_argument(f"--{language}", type=Path, nargs=2, required=True, metavar=("COUNTS", "DICTIONARY"))
    arguments = parser.parse_args()
    words: dict[str, int] = {}
    for counts, dictionary in (arguments.english, arguments.french):
        for word, count in ordinary_words(counts, dictionary):
            words[word] = max(words.get(word, 0), count)
    text = "\n".join([HEAD, *(f"{word}\t{count}" for word, count in sorted(words.items()))]) + "\n"
    (DATA / "ordinary_words.tsv.gz").write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    sys.stdout.write(f"{len(words)} words\n")


if __name__ == "__main__":
    main()
