"""Print random tags and what seqeval counts in them, for the test that compares this project's counting with it.

    pip install seqeval && python -m benchmarks.entities.seqeval_counts > tests/unit/entities/seqeval_counts.json

seqeval is no dependency: it has had no release since 2020, and its source package no longer builds everywhere.
"""

from __future__ import annotations

import json
import random
import sys

from seqeval.metrics import classification_report

TAGS = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]


def main() -> None:
    """Print 300 sentences, gold and guess, I- tags without a beginning included, and seqeval's report of them."""
    chance = random.Random(20)
    gold = [[chance.choice(TAGS) for _ in range(chance.randint(1, 9))] for _ in range(300)]
    guess = [[tag if chance.random() < 0.7 else chance.choice(TAGS) for tag in sentence] for sentence in gold]
    report = classification_report(gold, guess, output_dict=True)
    figures = {
        name: {"precision": float(row["precision"]), "recall": float(row["recall"]), "f1": float(row["f1-score"])}
        for name, row in report.items()
        if name in {"PER", "LOC", "ORG", "micro avg"}
    }
    lines = {"gold": [" ".join(tags) for tags in gold], "guess": [" ".join(tags) for tags in guess]}
    json.dump(lines | {"seqeval": figures}, sys.stdout, indent=0)


if __name__ == "__main__":
    main()
