"""Make the reference pages from the code: docs/reference/ and docs/openapi.json.

    python -m docs.generate           # write what is out of date
    python -m docs.generate --check   # write nothing; exit status 1 names what is out of date

Every page is a function of this package without arguments, and its text is the same on every machine. The JSON Schemas
of the records are `rasd schema`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import commands, faults, index_fields, metrics, openapi, public_api, records, settings

FOLDER = Path(__file__).parents[1]
PAGES: Mapping[str, Callable[[], str]] = {
    "openapi.json": openapi.document,
    "reference/commands.md": commands.page,
    "reference/faults.md": faults.page,
    "reference/index-fields.md": index_fields.page,
    "reference/metrics.md": metrics.page,
    "reference/public-api.md": public_api.page,
    "reference/records.md": records.page,
    "reference/settings.md": settings.page,
}


def stale(folder: Path = FOLDER) -> dict[Path, str]:
    """Return the files that differ from what the code makes, or are missing, with the text they should have."""
    wanted = {folder / name: make() for name, make in PAGES.items()}
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}
