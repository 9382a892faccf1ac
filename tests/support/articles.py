"""Records for tests, valid by default."""

from __future__ import annotations

import json
from typing import Any

from streams.records import Article

BODY = "افتتح وزير الثقافة مساء أمس معرض الكتاب في بيروت بمشاركة مئة دار نشر من سبع دول عربية."


def raw_record(**fields: Any) -> dict[str, Any]:
    """A raw record; a field given as None is left out."""
    record = {
        "url": "https://almina.example.com/news/1",
        "source": "almina",
        "content": BODY,
        "title": "افتتاح معرض الكتاب في بيروت",
    } | fields
    return {name: value for name, value in record.items() if value is not None}


def raw_bytes(**fields: Any) -> bytes:
    """The same as it goes onto the wire."""
    return json.dumps(raw_record(**fields), ensure_ascii=False).encode()


def article(**fields: Any) -> Article:
    """An article as cleaning makes it."""
    return Article.model_validate(
        {
            "id": "a1",
            "url": "https://almina.example.com/news/1",
            "source": "almina",
            "language": "ar",
            "title": "افتتاح معرض الكتاب في بيروت",
            "body": BODY,
            "ingested_at": "2024-02-03T04:05:06Z",
        }
        | fields
    )
