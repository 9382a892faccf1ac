"""A few requests of every kind that the OpenAPI document permits and forbids; `make fuzz-api` sends many more."""

from __future__ import annotations

import asyncio
from pathlib import Path

from elasticsearch import AsyncElasticsearch

from streams.settings import Settings
from tests.fuzz.api import fill, fuzz_api


async def test_answers_are_what_the_openapi_document_says(
    settings: Settings, client: AsyncElasticsearch, tmp_path: Path
) -> None:
    await fill(settings)
    report = await asyncio.to_thread(fuzz_api, settings, tmp_path, examples=2, seconds=15, phases="examples,fuzzing")
    assert report is None, report
