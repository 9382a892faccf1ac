"""Make the table of words that are mostly names: `python -m agents.dedupe.build.name_words`.

From what the tagger knows of the words of the unlabelled news, and from the gazetteer's well-known places. The same
sources give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from agents.dedupe.details import HASH_BYTES, SHORTEST_NAME, TABLE, word_hash
from agents.entities.model.file import read_shipped
from agents.geotag.gazetteer import Gazetteer, Strength
from agents.text.search import search_text

#: Least average probability of being part of a person's or place's name, and of any name, of a word.
PERSON_OR_PLACE, ANY = 0.5, 0.5
#: Least weight of a place (`agents.geotag.gazetteer.Entry.weight`).
WEIGHT = 4.9


def name_words() -> Iterator[str]:
    """Yield the words of the table, normalised as `agents.dedupe.fingerprint.body_words`."""
    words = read_shipped(0).words
    for word, entry in words.items():
        person, place, organisation = entry.kinds
        if person + place < PERSON_OR_PLACE and person + place + organisation < ANY:
            continue
        rest = words.get(word[1:]) if word[0] in "وفبلك" else None
        # «وتونس» is a clitic and a name, «وليد» a name.
        if rest is None or rest.count < entry.count:
            yield search_text(word)
    gazetteer = Gazetteer.load()
    for name in gazetteer.one_word_names():
        senses = gazetteer.senses(name)
        if any(s.strength is Strength.STRONG and gazetteer.places[s.place].weight >= WEIGHT for s in senses):
            yield name


def main() -> None:
    """Write the table and print how many words it has."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.dedupe.build.name_words",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, default=TABLE, help="file to write (default: %(default)s)")
    arguments = parser.parse_args()
    table = sorted({word_hash(word) for word in name_words() if len(word) >= SHORTEST_NAME})
    arguments.output.write_bytes(b"".join(table))
    sys.stdout.write(f"{len(table)} words, {len(table) * HASH_BYTES} bytes\n")


if __name__ == "__main__":
    main()
