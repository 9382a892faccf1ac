"""A tap: every enriched article as a line of a file, one file for each day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rasd_sample.settings import SampleSettings
from streams.errors import Rejected, Retryable
from streams.records import Article
from streams.stage import Context, Tap


class DailyFiles:
    """Writes articles into a folder; an article that comes again replaces its line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def write(self, records: Sequence[Article], /) -> list[Rejected | None]:
        """Store a batch.

        Raises:
            Retryable: the disk is full or unavailable; the same batch comes again.
        """
        days: dict[str, dict[str, Article]] = {}
        for article in records:
            days.setdefault(article.ingested_at.date().isoformat(), {})[article.id] = article
        try:
            for day, articles in days.items():
                self._merge(self.folder / f"{day}.jsonl", articles)
        except OSError as error:
            raise Retryable(f"{self.folder}: {error}") from error
        return [None] * len(records)

    def _merge(self, file: Path, articles: dict[str, Article]) -> None:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        by_id = {json.loads(line)["id"]: line for line in lines}
        by_id |= {article.id: article.to_json().decode() for article in articles.values()}
        written = file.with_suffix(".new")
        written.write_text("".join(f"{line}\n" for line in by_id.values()), encoding="utf-8")
        written.replace(file)

    async def check(self) -> None:
        """Tell /readyz whether the folder exists.

        Raises:
            Retryable: it does not.
        """
        if not self.folder.is_dir():
            raise Retryable(f"{self.folder} is not a folder")

    async def close(self) -> None:
        """Release nothing: files are closed after each batch."""


def build(_: Context) -> DailyFiles:
    """Make the sink; called once in each process of the tap."""
    folder = SampleSettings().folder
    folder.mkdir(parents=True, exist_ok=True)
    return DailyFiles(folder)


TAP = Tap("daily-files", version="1", accepts=Article, build=build, reads="articles.enriched")
