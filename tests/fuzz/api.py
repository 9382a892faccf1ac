"""Fuzz a running API by its OpenAPI document: python -m tests.fuzz.api [--examples 50] [--seconds 300]

Starts Kafka, Elasticsearch and `rasd serve` on free ports. Schemathesis sends what the document permits and what it
does not; each answer must be of a status, a content type and a schema that the document names, and none a defect.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from deploy.local.temporary import temporary_stack
from streams.elastic.client import make_client
from streams.kafka.clients import wait_for_topics
from streams.settings import Settings
from tests.pipeline.search.conftest import store
from tests.support.articles import article
from tests.support.processes import free_port, start, wait_until

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


def fuzz_api(settings: Settings, folder: Path, *, examples: int, seconds: int, phases: str) -> str | None:
    """Fuzz the API of these settings; return the report if an answer is wrong, else None.

    Args:
        settings: of running servers, with topics and an index.
        folder: for logs.
        examples: most requests for each operation and kind.
        seconds: most time for all.
        phases: of schemathesis, comma separated.
    """
    port = free_port()
    log = folder / "serve.log"
    running = start(settings.model_copy(update={"api_rate": 0}), log, "serve", "--port", str(port), port=port)
    try:
        wait_until(running.ready, 60, running.tail)
        # It is answered with 503 until the topics have been read once.
        wait_until(lambda: httpx.get(f"{running.url}/pipeline", timeout=30).is_success, 60, running.tail)
        # The live feed does not end, so no answer of it can be checked. Which queries are valid is more than the
        # document can say (`from` before `to`), and without keys every route is open.
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/openapi.json"),
            *("--exclude-path-regex", "^/live$", "--checks", ",".join(CHECKS), "--phases", phases),
            *("--max-examples", str(examples), "--max-time", str(seconds), "--seed", "1"),
            *("--generation-deterministic", "--no-color", "--continue-on-failure"),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    finally:
        running.stop()
    logged = log.read_text(encoding="utf-8")
    if done.returncode or "Traceback" in logged:
        return f"{done.stdout}\n{done.stderr}\n{logged[-4000:]}"
    return None


async def fill(settings: Settings) -> None:
    """Create the topics, and an index with a few articles."""
    await wait_for_topics(settings)
    client = make_client(settings)
    try:
        await store(settings, client, [article(id=f"n{number}", title=f"خبر {number}") for number in range(20)])
    finally:
        await client.close()


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=50, help="requests for each operation and kind")
    parser.add_argument("--seconds", type=int, default=300, help="most time for all")
    options = parser.parse_args(arguments)
    with temporary_stack() as settings, tempfile.TemporaryDirectory() as folder:
        asyncio.run(fill(settings))
        report = fuzz_api(
            settings,
            Path(folder),
            examples=options.examples,
            seconds=options.seconds,
            phases="examples,coverage,fuzzing,stateful",
        )
    print(report or "fuzz-api: every answer is as the OpenAPI document says")
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
