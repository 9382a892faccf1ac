"""A tap: every enriched article in a table of SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rasd_sample.settings import SampleSettings
from streams.errors import OperatorError, Rejected, Retryable
from streams.records import Article
from streams.stage import Context, Tap

_TABLE = "CREATE TABLE IF NOT EXISTS articles (id TEXT PRIMARY KEY, article TEXT NOT NULL)"


class Archive:
    """Keeps the latest version of each article. An article that comes again replaces its row."""

    def __init__(self, file: Path) -> None:
        self.file = file

    async def write(self, records: Sequence[Article], /) -> list[Rejected | None]:
        """Store a batch in one transaction.

        Raises:
            Retryable: the file cannot be written to now; the same batch comes again.
        """
        # The event loop also keeps the connection to Kafka alive, so it must not wait for a disk.
        await asyncio.to_thread(self._store, records)
        return [None] * len(records)

    def _store(self, records: Sequence[Article]) -> None:
        rows = [(article.id, article.to_json().decode()) for article in records]
        try:
            with closing(sqlite3.connect(self.file)) as database, database:
                database.execute(_TABLE)
                database.executemany("INSERT OR REPLACE INTO articles VALUES (?, ?)", rows)
        except sqlite3.OperationalError as error:
            raise Retryable(f"{self.file}: {error}") from error

    async def check(self) -> None:
        """Open the file for /readyz.

        Raises:
            Retryable: it cannot be written to now.
        """
        await asyncio.to_thread(self._store, [])

    async def close(self) -> None:
        """Do nothing: each batch closes its connection."""


def build(_: Context) -> Archive:
    """Make the sink. Called once in each process of the tap, before it reads.

    Raises:
        OperatorError: the folder cannot be created; the process then exits with this message.
    """
    folder = SampleSettings().folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"{folder}: {error}", hint="RASD_SAMPLE_FOLDER") from error
    return Archive(folder / "articles.db")


TAP = Tap("sqlite", version="1", accepts=Article, build=build, reads="articles.enriched")
