from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from rasd_sample.tap import Archive

from streams.errors import Retryable
from streams.records import Article


def article(number: int, body: str) -> Article:
    return Article.model_validate(
        {
            "id": f"a{number}",
            "url": f"https://almina.example.com/{number}",
            "source": "almina",
            "language": "ar",
            "body": body,
            "ingested_at": "2026-11-30T06:00:00Z",
        }
    )


def test_an_article_that_comes_again_replaces_its_row(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "articles.db")
    assert asyncio.run(archive.write([article(1, "نص"), article(2, "نص")])) == [None, None]
    assert asyncio.run(archive.write([article(2, "نص جديد")])) == [None]
    with closing(sqlite3.connect(archive.file)) as database:
        rows = database.execute("SELECT id, article ->> 'body' FROM articles ORDER BY id").fetchall()
    assert rows == [("a1", "نص"), ("a2", "نص جديد")]


def test_an_unwritable_folder_is_retryable(tmp_path: Path) -> None:
    with pytest.raises(Retryable, match="unable to open database file"):
        asyncio.run(Archive(tmp_path / "away" / "articles.db").write([article(1, "نص")]))
