"""`python -m docs.generate [--check]`."""

from __future__ import annotations

import argparse
import sys

import docs.generate
from docs.generate import FOLDER, stale


def main(arguments: list[str] | None = None) -> int:
    """Write or check the generated files; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.generate",
        description=docs.generate.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with status 1 if a file is stale")
    options = parser.parse_args(arguments)
    found = stale()
    for path, text in found.items():
        name = path.relative_to(FOLDER.parent)
        if options.check:
            print(f"{name} is out of date; run: make docs", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(name)
    return int(options.check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
