"""`make demo` as a newcomer runs it, in a clean clone."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.outlets import STORIES
from tests.support.processes import ROOT, newcomers_environment


@pytest.fixture
def clone() -> Iterator[Path]:
    """A fresh clone of what is committed, in a folder that other users may enter (Elasticsearch is one).

    It has the packages of this tree: `make setup` has just installed them as it would here (test_installing.py goes
    through an installation from nothing).
    """
    folder = Path(tempfile.mkdtemp(prefix="rasd-clone-"))
    folder.chmod(0o755)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "rasd")], check=True)
    (folder / "rasd" / ".venv").symlink_to(ROOT / ".venv")
    (ROOT / ".venv" / ".installed").touch()
    yield folder / "rasd"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(1500)
def test_the_demo_finds_every_sample_and_leaves_nothing_running(clone: Path) -> None:
    environment = newcomers_environment(clone.parent) | {"DEMO_EXIT": "1", "RASD_DEMO_NATIVE": "1"}
    environment["PYTHONPATH"] = str(clone)  # the packages are this tree's, Rasd is the clone's
    said = _demo(clone, environment)
    assert said.count("rasd search") >= 3
    assert " of 0 sample" not in said
    assert "s after the first was sent" in said
    assert said.count("s after its publication") == len(json.loads(STORIES.read_text(encoding="utf-8")))
    assert re.search(r"webhook-signature: v1,\S+", said) and "its signature is right" in said
    first = _counts(said)
    assert set(first) == {"clean", "fingerprint", "dedupe", "entities", "geotag", "index"}

    # All samples are there and found at once; their copies go through all the same.
    again = _demo(clone, environment)
    assert "of them from an earlier run" in again
    assert again.count("s after its publication") == said.count("s after its publication")
    assert _counts(again) == first
    for port in ("RASD_LOCAL_KAFKA_PORT", "RASD_LOCAL_ELASTICSEARCH_PORT", "RASD_WORKER_PORT", "RASD_API_PORT"):
        assert not _listens(int(environment[port])), f"{port} still answers"


def _demo(clone: Path, environment: dict[str, str]) -> str:
    result = subprocess.run(
        ["make", "demo"], cwd=clone, env=environment, capture_output=True, text=True, timeout=700, check=False
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    assert "Traceback" not in result.stdout + result.stderr
    return result.stdout


def _counts(said: str) -> dict[str, tuple[int, ...]]:
    """Of the table: what each stage took, gave and refused."""
    rows = re.findall(r"│ (\w+) +│ articles\.\w+ +│ (\d+) +│ (\d+) +│ (\d+) +│", said)
    return {stage: (int(taken), int(given), int(dead)) for stage, taken, given, dead in rows}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
