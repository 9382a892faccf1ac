"""The sample articles and their expected results (articles/expected.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True)
class Sample:
    """An article that a search must find."""

    title: str
    url: str | None
    file: str

    def matches(self, title: str | None, url: str) -> bool:
        """Return whether a search hit is this sample, by title and by URL or file, as samples may share a title."""
        return title == self.title and (url == self.url if self.url else Path(url).name == Path(self.file).name)


@dataclass(frozen=True, slots=True)
class Samples:
    """All sample articles.

    Attributes:
        inputs: files to ingest, including broken ones.
        articles: articles that must be searchable afterwards.
        dead_letters: reasons of the dead letters that must result.
        queries: searches to show.
    """

    inputs: list[Path]
    articles: list[Sample]
    dead_letters: list[str]
    queries: list[dict[str, Any]]


def load_samples(folder: Path = FOLDER) -> Samples:
    """Read articles/expected.json."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return Samples(
        inputs=[folder / name for name in (*expected["inputs"], *expected["broken"])],
        articles=[Sample(a["title"], a.get("url") or a.get("canonical"), a["file"]) for a in expected["articles"]],
        dead_letters=[letter["reason"] for letter in expected["dead_letters"]],
        queries=expected["searches"],
    )
