"""How well names in Latin letters are read: python -m benchmarks.search.latin

latin_names.tsv holds names as Arabic news print them and their spellings in English and French news. They were written
before the rules, which have been mended on them since. A spelling is found if it is read as its name. Of what spellings
are read as, the share that is right is a lower bound: Rashid is راشد and رشيد, of which the list has one. A name with
and without its article is one. ordinary.txt holds ordinary English words of news; none is to be read as a name.
"""

from __future__ import annotations

from pathlib import Path

from streams.words.latin import arabic_names, foreign_names
from streams.words.terms import query_words, text_words
from streams.words.tokens import tokenize

NAMES = Path(__file__).parent / "latin_names.tsv"
ORDINARY = Path(__file__).parent / "ordinary.txt"


def _bare(family: str) -> str:
    return family.removeprefix("@").removeprefix("ال")


def main() -> None:
    """Run the benchmark."""
    spellings = found = answers = right = 0
    missed = []
    rows = [line.split("\t") for line in NAMES.read_text(encoding="utf-8").splitlines()]
    for arabic, written in rows:
        meant = {_bare(family) for word in (*query_words(arabic), *text_words(arabic)) for family in word.families}
        for spelling in written.split("|"):
            read = foreign_names([token.text for token in tokenize(spelling)])
            names = {_bare(family) for families in read for family in families or ()}
            spellings += 1
            found += not names.isdisjoint(meant)
            answers += len(names)
            right += len(names & meant)
            if names.isdisjoint(meant):
                missed.append(spelling)
    print(f"{len(rows)} names, {spellings} spellings: {found} found ({found / spellings:.3f})")
    print(f"{answers} Arabic names that they are read as: {right} right ({right / answers:.3f})")
    print("missed: " + ", ".join(missed))
    ordinary = ORDINARY.read_text(encoding="utf-8").split()
    taken = [word for word in ordinary if arabic_names(word)]
    print(f"{len(ordinary)} ordinary words: {len(taken)} read as a name: " + ", ".join(taken))


if __name__ == "__main__":
    main()
