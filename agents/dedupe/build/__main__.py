"""Make the table of stock phrases from days of news.

    python -m agents.dedupe.build CORPUS/saudinewsnet

Takes about 40 seconds and 2 GB for 20,000 articles of 12 days. Change `FingerprintConfig.algorithm` with the table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agents.dedupe.build.corpus import read_days
from agents.dedupe.build.stock_phrases import build
from agents.dedupe.fingerprint import body_words
from agents.dedupe.stock_phrases import HASH_BYTES, TABLE


def main() -> None:
    """Read the days, write the table and print how many stock phrases it has."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.dedupe.build", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("days", type=Path, help="folder with one zip of articles for each day")
    parser.add_argument("-o", "--output", type=Path, default=TABLE, help="file to write (default: %(default)s)")
    parser.add_argument("--only", default="", help="comma-separated days (2015-08-01) to use instead of all")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    days = [day for name, day in read_days(arguments.days).items() if not only or name in only]
    table = build([body_words(article.body) for article in day] for day in days)
    arguments.output.write_bytes(table)
    sys.stdout.write(f"{len(table) // HASH_BYTES} stock phrases of {len(days)} days\n")


if __name__ == "__main__":
    main()
