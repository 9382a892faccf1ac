"""Memory of a worker and its stage process before the first record: python -m benchmarks.operations.at_rest

Prints, for each Deployment of deploy/k8s and for all stages in one worker, the resident memory of both processes, each
shared page counted once (PSS); of the tap `alerts`, once it has compiled 10,000 standing searches, and of
`rasd deliver`, once it remembers one story and one alert of each of them. Needs no server.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.alerts.searches import searches
from benchmarks.processes import memory
from deploy.demo.outlets import STORIES
from streams.alerts.matching import SearchMatcher
from streams.alerts.records import Match
from streams.alerts.rules import SearchMemory
from streams.engine.faust.worker import create_worker
from streams.search.source_scope import SourceScope
from streams.settings import Settings

GROUPS = ("clean,fingerprint", "dedupe", "entities,geotag", "index", "", "matcher", "deliver")
SEARCHES = 10_000


def measure_alerts(process: str) -> float:
    """Return the MiB of the process that matches, or of the one that delivers, with SEARCHES searches."""
    told = json.loads(STORIES.read_text(encoding="utf-8"))
    found = searches([text for story in told for text in (story["title"], *story["body"])], SEARCHES)
    if process == "matcher":
        with tempfile.TemporaryDirectory() as folder:
            create_worker(Settings(_env_file=None, state_dir=Path(folder)), tap="alerts")
            matcher = SearchMatcher(SourceScope(lambda: None))
            for search in found:
                matcher.put(search)
            return memory(os.getpid())
    importlib.import_module("streams.alerts.service")
    memories = [SearchMemory(search) for search in found]
    for number, remembered in enumerate(memories):
        story = told[number % len(told)]
        remembered.take(
            Match(
                search=remembered.search.id,
                article=f"a{number}",
                story=f"a{number}",
                moment=remembered.search.created_at,
                outlet=story["outlet"],
                url=f"https://example.com/{number}",
                title=story["title"],
            )
        )
    return memory(os.getpid())


def measure(stages: str) -> float:
    """Return the MiB of this process and its children, once the stages are built."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, state_dir=Path(folder))
        app = create_worker(settings.model_copy(update={"stages": tuple(filter(None, stages.split(",")))}))
        try:
            return memory(os.getpid())
        finally:
            if app.stage_process is not None:
                app.stage_process.close()


def main() -> None:
    """Measure each group in a process of its own."""
    if len(sys.argv) > 1:
        group = sys.argv[1]
        print(f"{measure_alerts(group) if group in {'matcher', 'deliver'} else measure(group):.0f}")
        return
    for group in GROUPS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.operations.at_rest", group], check=True, capture_output=True, text=True
        )
        print(f"{group or 'all stages':20} {done.stdout.strip()} MiB")


if __name__ == "__main__":
    main()
