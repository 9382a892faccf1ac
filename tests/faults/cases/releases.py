"""Two releases side by side, as during a rolling upgrade and its rollback."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tests.faults.cases import case
from tests.faults.trial import CaseSkippedError, Trial, waited
from tests.support.processes import ROOT, Running

# The last commit before fields of later releases were passed on: its readers refuse fields that they do not know.
EARLIER = "828c85f"
# Its packages that this version no longer has, as far as its stages import them.
PACKAGES = frozenset(
    {"courlan", "dateparser", "htmldate", "justext", "lxml-html-clean", "regex", "tld", "trafilatura", "tzlocal"}
)
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


def install_packages(sources: Path) -> Path:
    """Install the packages that only the earlier version needs into a folder of their own, and return it.

    Raises:
        CaseSkippedError: they cannot be had.
    """
    lock = (sources / "requirements.lock").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s\\;]+)", lock, re.MULTILINE))
    missing = []
    for name in sorted(PACKAGES):
        try:
            distribution(name)
        except PackageNotFoundError:
            missing.append(f"{name}=={pinned[name]}")
    folder = sources / "packages"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), *missing]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if missing else None
    if done is not None and done.returncode != 0:
        raise CaseSkippedError(f"the packages of {EARLIER} cannot be installed: {done.stderr.strip()[-200:]}")
    return folder


def start_earlier(trial: Trial, sources: Path, packages: Path) -> Running:
    """Start a worker of the earlier version. It knows no plugins, so it has the bundled tagger, and is slower."""
    path = os.environ["PYTHONPATH"]
    os.environ["PYTHONPATH"] = os.pathsep.join((str(sources), str(packages)))
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
    packages = install_packages(sources)
    old = start_earlier(trial, sources, packages)
    for part in trial.flow(4):
        if part == 0:
            new = trial.start_worker()
            trial.wait(SIDE_BY_SIDE_SECONDS)
            old.stop()
        elif part == 1:
            old = start_earlier(trial, sources, packages)
            trial.wait(SIDE_BY_SIDE_SECONDS)
            new.stop()
        elif part == 2:
            new = trial.start_worker()
            old.stop()
    trial.fault_ended()
