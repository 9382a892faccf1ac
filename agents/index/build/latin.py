"""Build the tables of streams/words/latin.py: python -m agents.index.build.latin --cache FILE

name_counts.tsv.gz has how often the tagger found each name in the corpus, as `python -m agents.index.build` with
`--cache FILE` left it; latin_places.tsv.gz has the English names of places, without spaces, each with the family of its
Arabic name and that name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from agents.geotag.gazetteer import Gazetteer, Strength
from agents.index.build.__main__ import write
from agents.index.build.corpus import Statistics, load_or_count
from streams.words.lexicon import lexicon
from streams.words.terms import join_names
from streams.words.tokens import tokenize

_FEWEST = 4
# Decimal logarithm of the inhabitants from which a town's English name is listed.
_KNOWN = 4.7


def name_counts(found: Statistics) -> Iterator[tuple[str, int]]:
    """Yield each name that the tagger found some times, and how often."""
    for form, entry in sorted(lexicon().names.items()):
        count = sum(found.inside.get(form, {}).values())
        if count >= _FEWEST and not entry.nisba:
            yield form, count


def latin_places(gazetteer: Gazetteer) -> Iterator[tuple[str, str, str]]:
    """Yield the English name of each known place whose Arabic name is one word, the family of that, and itself."""
    strong = {
        sense.place
        for name in gazetteer.names()
        for sense in gazetteer.senses(name)
        if sense.strength == Strength.STRONG
    }
    best: dict[str, tuple[float, str, str]] = {}
    for index, place in enumerate(gazetteer.places):
        known = place.kind in {"country", "division", "region"} or place.weight >= _KNOWN
        arabic = [token.text for token in join_names(tokenize(place.name))]
        entry = lexicon().names.get(arabic[0]) if len(arabic) == 1 else None
        if entry is None or not known or index not in strong or not place.name_en:
            continue
        english = "".join(token.text for token in tokenize(place.name_en))
        if english.isascii() and english.isalpha() and len(english) > 2:
            best[english] = max(best.get(english, (0.0, "", "")), (place.weight, entry.term, place.name))
    yield from ((english, term, name) for english, (_, term, name) in sorted(best.items()))


def main() -> None:
    """Build and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="the counts that the word lists were built from")
    found = load_or_count(parser.parse_args().cache, [], 1)
    counts = [f"{form}\t{count}" for form, count in name_counts(found)]
    places = ["\t".join(row) for row in latin_places(Gazetteer.load())]
    write("name_counts.tsv.gz", counts)
    write("latin_places.tsv.gz", places)
    sys.stdout.write(f"{len(counts)} names, {len(places)} places\n")


if __name__ == "__main__":
    main()
