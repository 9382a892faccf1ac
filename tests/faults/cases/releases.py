"""Two releases side by side, as during a rolling upgrade and its rollback."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

from tests.faults.cases import case
from tests.faults.trial import CaseSkippedError, Trial, waited
from tests.support.processes import ROOT, Running

# The last commit before fields of later releases were passed on: its readers refuse fields that they do not know.
EARLIER = "828c85f"
SIDE_BY_SIDE_SECONDS = 25.0


def unpack_earlier(folder: Path) -> Path:
    """Write the sources of the earlier version into a folder.

    Raises:
        CaseSkippedError: this copy of the repository has no history.
    """
    done = subprocess.run(["git", "-C", str(ROOT), "archive", EARLIER], capture_output=True, check=False)
    if done.returncode != 0:
        raise CaseSkippedError(f"the commit {EARLIER} is not in this copy of the repository")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as bundle:
        bundle.extractall(folder, filter="data")
    return folder


def start_earlier(trial: Trial, sources: Path) -> Running:
    """Start a worker of the earlier version. It knows no plugins, so it has the bundled tagger, and is slower."""
    path = os.environ["PYTHONPATH"]
    os.environ["PYTHONPATH"] = str(sources)
    try:
        running = trial.start_worker(wait=False, sources=sources, entities_backend="fast")
    finally:
        os.environ["PYTHONPATH"] = path
    trial.until_ready(running)
    log = running.log.read_text(encoding="utf-8")
    waited("streams.engine" not in log, "this version started, and not the earlier one")
    return running


@case("rolling-upgrade", f"workers of {EARLIER} and of this version side by side: upgrade, rollback, upgrade")
def rolling_upgrade(trial: Trial) -> None:
    """Replace old workers by new ones, go back, and upgrade again, all under load."""
    sources = unpack_earlier(trial.folder / "earlier")
    old = start_earlier(trial, sources)
    for part in trial.flow(4):
        if part == 0:
            new = trial.start_worker()
            trial.wait(SIDE_BY_SIDE_SECONDS)
            old.stop()
        elif part == 1:
            old = start_earlier(trial, sources)
            trial.wait(SIDE_BY_SIDE_SECONDS)
            new.stop()
        elif part == 2:
            new = trial.start_worker()
            old.stop()
    trial.fault_ended()
