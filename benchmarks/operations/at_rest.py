"""Memory of a worker and its stage process before the first record: python -m benchmarks.operations.at_rest

Prints, for each Deployment of deploy/k8s and for all stages in one worker, the resident memory of both processes, each
shared page counted once (PSS). Needs no server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import memory
from streams.engine.faust.worker import create_worker
from streams.settings import Settings

GROUPS = ("clean,fingerprint", "dedupe", "entities,geotag", "index", "")


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
        print(f"{measure(sys.argv[1]):.0f}")
        return
    for group in GROUPS:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.operations.at_rest", group], check=True, capture_output=True, text=True
        )
        print(f"{group or 'all stages':20} {done.stdout.strip()} MiB")


if __name__ == "__main__":
    main()
