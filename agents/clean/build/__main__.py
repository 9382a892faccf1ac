"""Compile cleaning's table of towns, agents/clean/data/towns.csv, from GeoNames.

python -m agents.clean.build
"""

from __future__ import annotations

import argparse
from pathlib import Path

from agents.clean.build.towns import PATH, build


def main() -> None:
    """Compile the table and write it."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.clean.build", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=PATH, help="file to write (default: %(default)s)")
    path: Path = parser.parse_args().output
    path.write_text(build(), encoding="utf-8")


if __name__ == "__main__":
    main()
