"""`rasd worker --processes 2` on real servers: a process is killed, nothing is lost, and one page tells of both."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count, documents
from tests.support.processes import Running, free_port, rasd, start, wait_until

NUMBER = 60


def process_ids(running: Running) -> dict[int, int]:
    """The ids of the processes that the log tells of, by their number."""
    found = re.findall(r"pid=(\d+) process=(\d+)", running.log.read_text(encoding="utf-8"))
    return {int(number): int(pid) for pid, number in found}


def taken(running: Running) -> set[str]:
    """The processes that have taken an article in."""
    found = re.findall(
        r'^rasd_articles_total\{outcome="ok",process="(\d)",stage="clean"\} [1-9]', running.metrics(), re.MULTILINE
    )
    return set(found)


@pytest.mark.timeout(300)
def test_two_processes_share_the_partitions_and_a_killed_one_is_begun_again(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"session_timeout": 6.0, "partitions": 4})
    articles = records(NUMBER)
    port = free_port()
    running = start(settings, tmp_path / "log", "worker", "--processes", "2", "--port", str(port), port=port)
    try:
        wait_until(running.ready, 120, running.tail)
        wait_until(lambda: sorted(process_ids(running)) == [1, 2], 10, running.tail)
        first = write_lines(tmp_path / "1.jsonl", articles[: NUMBER // 2])
        assert rasd("ingest", str(first), settings=settings).returncode == 0
        wait_until(lambda: taken(running) == {"1", "2"}, 90, running.tail)
        killed = process_ids(running)[2]
        os.kill(killed, signal.SIGKILL)
        second = write_lines(tmp_path / "2.jsonl", articles[NUMBER // 2 :])
        assert rasd("ingest", str(second), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == NUMBER, 120, running.tail)
        assert {document["id"] for document in documents(settings, "id")} == {each["id"] for each in articles}
        wait_until(lambda: process_ids(running)[2] != killed and running.ready(), 90, running.tail)
        assert 'rasd_worker_restarts{process="2"} 1.0' in running.metrics()
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.kill()
