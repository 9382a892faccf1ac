"""Make the list of known names: `python -m agents.entities.training.known_names ../shared/corpus`.

Persons and clubs of ArWikiCats, and the organisations of `data/organisations.csv`, with two words or more, normalised;
less those that ANERcorp's training text more often tags otherwise, as it does «مجلس النواب».
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from agents.entities.mentions.borders import organisations
from agents.entities.model.features import OUTSIDE, FeatureCache
from agents.entities.model.file import read_shipped
from agents.entities.model.normalise import normalise
from agents.entities.taggers.known_names import TABLE, by_first_word, find_names
from agents.entities.training import corpus as corpora
from agents.entities.training.corpus import Tagged

_FILES = {"PER": "people.txt", "ORG": "clubs.txt"}


def read_names(folder: Path) -> Iterator[str]:
    """Yield a line for each name of the files in `folder`, and of the organisations: its class, a tab, its words.

    A name in several lists has the class of the first: PER before ORG.
    """
    seen: set[str] = set()
    for kind, file in _FILES.items():
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            words = [normalise(word) for word in line.split()]
            name = " ".join(words)
            if len(words) > 1 and all(words) and name not in seen:
                seen.add(name)
                yield f"{kind}\t{name}"
    for name in [" ".join(words) for names in organisations().values() for words in names if len(words) > 1]:
        if name not in seen:
            seen.add(name)
            yield f"ORG\t{name}"


def agreed(lines: Iterable[str], sentences: Iterable[Tagged], stem_of: Callable[[str], str]) -> list[str]:
    """Return the lines whose names are not more often tagged otherwise in tagged sentences, sorted.

    Args:
        lines: as `read_names`.
        sentences: the text that decides.
        stem_of: returns a normalised word without clitics.
    """
    listed = sorted(lines)
    names = by_first_word(listed)
    balance: Counter[str] = Counter()
    for sentence in sentences:
        tokens = [normalise(token) or OUTSIDE for token in sentence.tokens]
        for at, length, kind in find_names(tokens, stem_of, names):
            right = all(tag.endswith(kind) for tag in sentence.tags[at : at + length])
            rest = " ".join(tokens[at + 1 : at + length])
            for first in {tokens[at], stem_of(tokens[at])}:
                balance[f"{kind}\t{first} {rest}"] += 1 if right else -1
    return [line for line in listed if balance[line] >= 0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(prog="python -m agents.entities.training.known_names", description=main.__doc__)
    parser.add_argument("corpus", type=Path, help="folder of anercorp/ and ner-more/")
    parser.add_argument("--output", type=Path, default=TABLE, help="the list (default: %(default)s)")
    options = parser.parse_args(arguments)
    stem_of = FeatureCache(read_shipped(0).words).stem
    lines = agreed(read_names(options.corpus / "ner-more" / "gazetteers"), corpora.anercorp(options.corpus), stem_of)
    text = "".join(f"{line}\n" for line in lines)
    options.output.write_bytes(gzip.compress(text.encode(), mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
