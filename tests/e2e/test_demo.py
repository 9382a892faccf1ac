"""`make demo` as a newcomer runs it: in a clean clone, with nothing but what the repository brings."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT, newcomers_environment


@pytest.fixture
def clone() -> Iterator[Path]:
    """A fresh clone of what is committed, in a folder that other users may enter (Elasticsearch is one)."""
    folder = Path(tempfile.mkdtemp(prefix="rasd-clone-"))
    folder.chmod(0o755)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "rasd")], check=True)
    yield folder / "rasd"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(900)
def test_the_demo_finds_every_sample_and_leaves_nothing_running(clone: Path) -> None:
    environment = newcomers_environment(clone.parent) | {"DEMO_EXIT": "1", "RASD_DEMO_NATIVE": "1"}
    result = subprocess.run(
        ["make", "demo"], cwd=clone, env=environment, capture_output=True, text=True, timeout=840, check=False
    )
    said = f"{result.stdout}\n{result.stderr}"
    assert result.returncode == 0, said
    assert "Traceback" not in said
    for stage in ("clean", "fingerprint", "dedupe", "entities", "geotag", "index"):
        assert stage in result.stdout
    assert result.stdout.count("rasd search") >= 3
    assert " of 0 sample" not in result.stdout
    assert "sample articles found by a search" in result.stdout
    for port in ("RASD_LOCAL_KAFKA_PORT", "RASD_LOCAL_ELASTICSEARCH_PORT", "RASD_WORKER_PORT", "RASD_API_PORT"):
        assert not _listens(int(environment[port])), f"{port} still answers"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
