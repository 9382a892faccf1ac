"""Measure the borders of names on composed sentences, tagged by the bundled tagger.

    python -m benchmarks.entities.names [--show]

`names.jsonl` holds sentences with the names that must be found (class, then each spelling that is right) and what must
be none: titles, blessings, greetings. A sentence is right if it has all of the first and nothing of the second. The
second part was composed after the rules that followed from the first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.entities.mentions.extract import find_entities
from agents.entities.taggers.registry import load_tagger
from streams.records import Entity

GOLD = Path(__file__).with_name("names.jsonl")


def mistakes(case: dict[str, Any], entities: Sequence[Entity]) -> list[str]:
    """Return what is missing in the entities of a sentence, and what is no name."""
    found = {(entity.type, text) for entity in entities for text in (entity.text, entity.name)}
    missing = [f"misses {kind} {names[0]}" for kind, *names in case["names"] if not {(kind, n) for n in names} & found]
    return missing + [f"names {text}" for text in case["none"] if text in {name for _, name in found}]


def main() -> None:
    """Print how many sentences are right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    options = parser.parse_args()
    cases = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    found = find_entities([case["text"] for case in cases], load_tagger("fast"))
    wrong = [mistakes(case, entities) for case, entities in zip(cases, found, strict=True)]
    if options.show:
        for case, what in zip(cases, wrong, strict=True):
            if what:
                print(f"{', '.join(what)}: {case['text']}")
    for part in dict.fromkeys(case["part"] for case in cases):
        those = [what for case, what in zip(cases, wrong, strict=True) if case["part"] == part]
        print(f"{part} part: {sum(not what for what in those)} of {len(those)} sentences are right")


if __name__ == "__main__":
    main()
