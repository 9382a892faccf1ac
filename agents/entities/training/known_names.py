"""Make the list of known names: `python -m agents.entities.training.known_names ../shared/corpus`.

Persons and clubs of ArWikiCats with two words or more, normalised.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from agents.entities.model.normalise import normalise
from agents.entities.taggers.known_names import TABLE

_FILES = {"PER": "people.txt", "ORG": "clubs.txt"}


def read_names(folder: Path) -> Iterator[str]:
    """Yield a line for each name of the files in `folder`: its class, a tab, its words; a name is a person's first."""
    seen: set[str] = set()
    for kind, file in _FILES.items():
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            words = [normalise(word) for word in line.split()]
            name = " ".join(words)
            if len(words) > 1 and all(words) and name not in seen:
                seen.add(name)
                yield f"{kind}\t{name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(prog="python -m agents.entities.training.known_names", description=main.__doc__)
    parser.add_argument("corpus", type=Path, help="folder of ner-more/")
    parser.add_argument("--output", type=Path, default=TABLE, help="the list (default: %(default)s)")
    options = parser.parse_args(arguments)
    text = "".join(f"{line}\n" for line in sorted(read_names(options.corpus / "ner-more" / "gazetteers")))
    options.output.write_bytes(gzip.compress(text.encode(), mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
