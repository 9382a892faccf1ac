"""Kafka comes back with an empty volume: the worker begins anew by itself, its tables too, and goes on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from deploy.local import stack as native
from deploy.local.paths import stack_dir
from streams.settings import Settings
from tests.support.clusterer import looked_up
from tests.support.corpus import records, write_lines
from tests.support.processes import Running, rasd, wait_until, worker

EACH = 15


def lose_the_volume(settings: Settings) -> None:
    """A crash, after which the disk is another one."""
    native.stop_service(settings, "kafka", kill=True)
    data = stack_dir(settings) / "kafka" / "data"
    for entry in data.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    native.start_service(settings, "kafka")


def started_again(running: Running) -> bool:
    found = re.search(r"^rasd_worker_restarts (\S+)$", running.metrics(), re.MULTILINE)
    return found is not None and float(found[1]) > 0


@pytest.mark.timeout(900)
def test_kafka_loses_everything_while_a_worker_runs(settings: Settings, tmp_path: Path) -> None:
    made = records(2 * EACH)
    first, second = write_lines(tmp_path / "1.jsonl", made[:EACH]), write_lines(tmp_path / "2.jsonl", made[EACH:])
    log = tmp_path / "worker.log"
    with worker(settings, log, "clean,dedupe") as running:
        assert rasd("ingest", str(first), settings=settings).returncode == 0
        wait_until(lambda: looked_up(running) == EACH, 120, running.tail)
        lose_the_volume(settings)
        wait_until(lambda: "Kafka has lost" in log.read_text() and running.ready(), 240, running.tail)
        assert started_again(running)
        assert "deleting the local copies" in log.read_text(), "its tables were ahead of what Kafka has now"
        assert rasd("ingest", str(second), settings=settings).returncode == 0
        wait_until(lambda: looked_up(running) == EACH, 120, running.tail)
        assert 'rasd_table_keys{table="dedupe"} 15.0' in running.metrics(), "it remembers what came since, and no more"
        assert running.stop() == 0
