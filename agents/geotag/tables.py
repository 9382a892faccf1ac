"""Read the hand-maintained tables in `data/`. `agents.geotag.build.sources` describes their columns."""

from __future__ import annotations

import csv
from pathlib import Path

DATA = Path(__file__).parent / "data"


def read_table(name: str) -> list[dict[str, str]]:
    """Read `data/NAME`: one dict for each row, keyed by the header line.

    Raises:
        OSError: there is no such table.
    """
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
