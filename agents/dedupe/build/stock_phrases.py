"""Make the table of formulas from days of news.

    python -m agents.dedupe.build.stock_phrases CORPUS/saudinewsnet agents/dedupe/models/formulas.bin

Takes about 40 seconds and 2 GB for 20,000 articles of 12 days. Raise `FingerprintConfig.algorithm` with the table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agents.dedupe.build.corpus import read_days
from agents.dedupe.fingerprint import body_words
from agents.dedupe.stock_phrases import build

SIZES = (2, 3)
SHARE = 0.4


def main() -> None:
    """Read the days, write the table, say how long it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", type=Path, help="folder of one zip a day")
    parser.add_argument("table", type=Path)
    parser.add_argument("--only", default="", help="comma separated days, to see what the table owes to the others")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    days = [day for name, day in read_days(arguments.days).items() if not only or name in only]
    table = build(([body_words(a.body) for a in day] for day in days), SIZES, SHARE)
    arguments.table.write_bytes(table)
    sys.stdout.write(f"{len(table) // 5} formulas of {len(days)} days\n")


if __name__ == "__main__":
    main()
