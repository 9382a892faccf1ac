"""Measure quotations and their speakers on composed texts, tagged by the bundled tagger.

    python -m benchmarks.entities.quotes [--show]

A quotation is right if its words are those of the gold, from the first to the last; a speaker, if the quotation is
right and the name is that of the gold, or both have none.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from agents.entities.mentions.extract import find_entities
from agents.entities.quotes.find import find_quotes
from agents.entities.taggers.registry import load_tagger
from agents.scoring import Score

GOLD = Path(__file__).with_name("quotes.jsonl")


def main() -> None:
    """Print precision, recall and F1 of quotations, and of quotations with their speakers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="fast")
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    options = parser.parse_args()
    cases = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    texts = [case["text"] for case in cases]
    quotes, speakers = [0, 0, 0], [0, 0, 0]
    for case, entities in zip(cases, find_entities(texts, load_tagger(options.backend)), strict=True):
        found = {(quote.text, quote.speaker) for quote in find_quotes(case["text"], entities)}
        gold = {(quote["text"], quote["speaker"]) for quote in case["quotes"]}
        for counts, right in (
            (quotes, {text for text, _ in found} & {text for text, _ in gold}),
            (speakers, found & gold),
        ):
            for number, part in enumerate((right, found, gold)):
                counts[number] += len(part)
        if options.show and found != gold:
            print(f"{case['text']}\n  found {sorted(found - gold, key=str)}\n  not   {sorted(gold - found, key=str)}")
    for name, counts in (("quotations", quotes), ("with speaker", speakers)):
        score = Score(*counts)
        print(f"{name:<14}P {score.precision:.3f}  R {score.recall:.3f}  F1 {score.f1:.3f}  of {score.gold}")


if __name__ == "__main__":
    main()
