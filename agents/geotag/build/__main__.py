"""Compile the gazetteer from GeoNames, CLDR and the tables in agents/geotag/data.

    python -m agents.geotag.build

The same sources give the same bytes with one version of zlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from agents.geotag.build.compile import build
from agents.geotag.gazetteer import PATH


def main() -> None:
    """Compile the gazetteer and write it."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.geotag.build", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=PATH, help="file to write (default: %(default)s)")
    parser.parse_args().output.write_bytes(build())


if __name__ == "__main__":
    main()
