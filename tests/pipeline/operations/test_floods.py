"""While a broker is away its clients print thousands of lines a second; of each kind one in ten seconds passes."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local import stack as native
from streams.observability.logs import FLOOD_INTERVAL, FLOODING_LOGGERS
from streams.settings import Settings
from tests.support.corpus import records, write_lines
from tests.support.index import count
from tests.support.processes import rasd, wait_until, worker

HELD_BACK = re.compile(r"\((\d+) more like it in the last \d+ s\)")


def flooding(log: Path) -> list[dict[str, Any]]:
    """The warnings and errors of Kafka's clients, oldest first."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [
        line
        for line in lines
        if line["log.logger"].startswith(FLOODING_LOGGERS) and line["log.level"] in {"warning", "error"}
    ]


def kind(line: dict[str, Any]) -> tuple[str, str]:
    """Logger and message without its numbers: at least as coarse as the filter's own kinds."""
    return line["log.logger"], re.sub(r"\d+", "#", line["message"])[:24]


@pytest.mark.timeout(600)
def test_one_line_of_a_kind_in_ten_seconds_while_kafka_is_away(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    file = write_lines(tmp_path / "articles.jsonl", records(20))
    with worker(settings.model_copy(update={"log_format": "json"}), log) as running:
        assert rasd("ingest", str(file), settings=settings).returncode == 0
        wait_until(lambda: count(settings) == 20, 120, running.tail)
        native.stop_service(settings, "kafka", kill=True)
        try:
            # The line that counts the suppressed ones comes when the interval is over.
            wait_until(lambda: any(HELD_BACK.search(line["message"]) for line in flooding(log)), 120, running.tail)
            # It has nothing to do, so no stage would notice; it asks by itself.
            wait_until(lambda: not running.ready(), 120, running.tail)
            assert httpx.get(f"{running.url}/livez", timeout=30).status_code == 200, "a restart would not help"
        finally:
            native.start_service(settings, "kafka")
        wait_until(running.ready, 120, running.tail)
    times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for line in flooding(log):
        times[kind(line)].append(datetime.fromisoformat(line["@timestamp"]))
    held = sum(int(found[1]) for line in flooding(log) if (found := HELD_BACK.search(line["message"])))
    assert held > 100, "nothing was held back, so this outage tested nothing"
    for seen in times.values():
        gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(seen)]
        assert all(gap > FLOOD_INTERVAL - 0.5 for gap in gaps), gaps
