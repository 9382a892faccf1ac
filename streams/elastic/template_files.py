"""Reads the template files of deploy/elasticsearch. Needs no client: search reads the analysis from here as well."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

#: Package data of `deploy`, so that a checkout and an installed wheel have it at the same path.
TEMPLATES = files("deploy").joinpath("elasticsearch")


def read_template(name: str) -> dict[str, Any]:
    """Read deploy/elasticsearch/`name`.json.

    Returns:
        A new object at each call, which the caller may change.

    Raises:
        FileNotFoundError: there is no such template.
    """
    template: dict[str, Any] = json.loads(TEMPLATES.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return template
