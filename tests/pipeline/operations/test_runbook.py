"""The runbook's requests to Elasticsearch are sent to a real one, as they are printed there."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess

from streams.elastic.client import make_client
from streams.elastic.templates import ensure_index
from streams.settings import Settings
from tests.support.processes import ROOT


def questions() -> list[str]:
    """Every request that changes nothing."""
    text = (ROOT / "docs" / "guides" / "runbook.md").read_text(encoding="utf-8")
    return sorted({span for span in re.findall(r"`(curl [^`]+:29200/[^`]+)`", text) if "DELETE" not in span})


async def make_index(settings: Settings) -> None:
    client = make_client(settings)
    try:
        await ensure_index(client, settings)
    finally:
        await client.close()


def test_elasticsearch_answers_what_the_runbook_asks(settings: Settings) -> None:
    asked = questions()
    assert len(asked) > 5
    # One node and a copy of each shard: a shard that is nowhere, for Elasticsearch to explain.
    asyncio.run(make_index(settings.model_copy(update={"index_replicas": 1})))
    for question in asked:
        command = shlex.split(question.replace("http://127.0.0.1:29200", str(settings.elasticsearch_url).rstrip("/")))
        done = subprocess.run([*command, "--fail-with-body"], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{question}\n{done.stdout}{done.stderr}"
        assert done.stdout.strip(), question
