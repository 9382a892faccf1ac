"""Read the corpora that the benchmarks need. They are not part of the repository."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.text.display import display_text
from streams.records import RawArticle

_LETTER_RE = re.compile(r"[^\W\d_]")


def saudinewsnet(corpus: Path, days: int | None = None) -> Iterator[RawArticle]:
    """Yield the articles of `saudinewsnet/*.zip`, oldest day first."""
    for path in sorted((corpus / "saudinewsnet").glob("*.zip"))[:days]:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                for entry in json.loads(archive.read(name)):
                    yield RawArticle.model_validate(entry)


def seed(corpus: Path) -> tuple[str, list[dict[str, Any]]]:
    """Read the sample page and the articles that cleaning must make of it."""
    gold = json.loads((corpus / "seed" / "gold.json").read_text(encoding="utf-8"))
    return (corpus / "seed" / "page.txt").read_text(encoding="utf-8"), gold["articles"]


def letters(text: str) -> Counter[str]:
    """Count each letter in the display text of `text`."""
    return Counter(_LETTER_RE.findall(display_text(text)))
