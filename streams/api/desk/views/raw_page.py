"""The page that an article was made from, as it arrived, and what of it could not be used."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any

import orjson
from fastapi.responses import Response

from streams.api.articles import known_article
from streams.api.dependencies import Shared
from streams.api.desk.rendering import Visiting
from streams.api.desk.routing import HOME, make_router
from streams.api.raw_pages import page_letters
from streams.kafka.raw_records import find_raw

router = make_router()

# A browser lays out a longer text slowly; the whole is in the record, which the view links to.
MOST_CHARACTERS = 200_000
FIELDS = ("url", "source", "title", "author", "published_at", "fetched_at", "content_type", "encoding", "id")


@router.get(HOME + "/raw/{article_id:path}")
async def raw_page(state: Shared, visit: Visiting, article_id: str) -> Response:
    """Show the raw record of an article, and the dead letters of its page."""
    with state.searches.slot():
        article = await known_article(state, article_id)
        record, letters = await asyncio.gather(find_raw(state.settings, article), page_letters(state, article))
    fields, content = read_record(record.value) if record else ({}, "")
    return visit.render(
        "raw.html",
        article=article,
        record=record,
        fields=fields,
        content=content[:MOST_CHARACTERS],
        cut=len(content) > MOST_CHARACTERS,
        letters=letters,
    )


def read_record(value: bytes) -> tuple[dict[str, str], str]:
    """Return the fields of a raw record that are shown, and its page as text.

    Bytes that are not text are shown as replacement characters, as this is for looking at, not for reading again.
    """
    try:
        given: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        return {}, value.decode(errors="replace")
    shown = {name: str(given[name]) for name in FIELDS if given.get(name)}
    return shown, _text(given)


def _text(given: dict[str, Any]) -> str:
    content, encoding = str(given.get("content") or ""), given.get("encoding")
    if not encoding:
        return content
    try:
        return base64.b64decode(content).decode("utf-8" if encoding == "auto" else str(encoding), errors="replace")
    except (binascii.Error, LookupError, ValueError):
        return content
