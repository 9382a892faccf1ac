"""Build the word lists of search: python -m agents.index.build CORPUS-FOLDER … [--people FILE …]

Reads zips of JSON arrays of articles with `content` (SaudiNewsNet, the ANT corpus), counts their words, lets the tagger
find the names of every third article, and writes streams/words/data. The same input gives the same files.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

from agents.geotag.gazetteer import Gazetteer
from agents.index.build.corpus import load_or_count
from agents.index.build.names import names
from agents.index.build.words import Words, stems
from streams.words.lexicon import EITHER, stop_words

DATA = Path(__file__).parents[3] / "streams" / "words" / "data"
HEAD = (
    "# Made by `make words` from SaudiNewsNet and the ANT corpus (word statistics only) and agents/geotag/data "
    "(GeoNames, CC BY 4.0)."
)


def write(name: str, lines: list[str]) -> None:
    """Write a gzipped table; the time is left out so that the same lines give the same bytes."""
    text = "\n".join([HEAD, *lines]) + "\n"
    (DATA / name).write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


def main() -> None:
    """Build and write the lists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of zips")
    parser.add_argument("--people", nargs="*", type=Path, default=[], help="names of persons, one on each line")
    parser.add_argument("--every", type=int, default=3, help="look for names in each n-th article")
    parser.add_argument("--cache", type=Path, help="file to keep the counts in")
    arguments = parser.parse_args()
    found = load_or_count(arguments.cache, arguments.folders, arguments.every)
    people = [line for path in arguments.people for line in path.read_text(encoding="utf-8").splitlines()]
    named = names(found, Gazetteer.load(), people)
    flags = Words(found.count, stop_words(), named).flags()
    for word in list(named):
        if word.startswith("لل") or (word[0] in "وفبك" and word[1:3] == "ال" and word[1:] in named):
            del named[word]  # the tagger took the clitic for a part of the name
            continue
        # وجدة is a town, but mostly and-Jeddah: where the tagger parts a clitic from a name, both are read.
        apart = sum(found.parted[word, rest] for rest in (word[1:], word[2:]) if rest in named)
        whole = sum(found.inside.get(word, {}).values())
        if apart > whole:
            del named[word]
            flags[word] = flags.get(word, "").replace("w", "")
        elif apart > 0.1 * whole:
            flags[word] = flags.get(word, "").replace("w", "") + EITHER
    write("words.tsv.gz", [f"{word}\t{flag}" for word, flag in sorted(flags.items())])
    write("stems.tsv.gz", [f"{word}\t{stem}" for word, stem in sorted(stems(found.count, flags, named).items())])
    write("names.tsv.gz", [f"{form}\t{term}\t{kind}" for form, (term, kind) in sorted(named.items())])
    sys.stdout.write(f"{len(flags)} words, {len(named)} names\n")


if __name__ == "__main__":
    main()
