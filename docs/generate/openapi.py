"""docs/openapi.json: the query API's description, as a running API serves it at /openapi.json."""

from __future__ import annotations

import json

from docs.generate.defaults import DEFAULTS
from streams.api.app import create_api


def document() -> str:
    """Return the file."""
    return json.dumps(create_api(DEFAULTS).openapi(), ensure_ascii=False, indent=2) + "\n"
