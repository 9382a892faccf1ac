"""What pip installs: all of streams, agents and deploy, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source_tree import copy_source, source_files

PACKAGES = ("streams", "agents", "deploy")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    source = copy_source(tmp_path_factory.mktemp("wheel") / "source")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(source.parent), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = source.parent.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_it_holds_every_file_of_the_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == {name for name in source_files() if name.split("/")[0] in PACKAGES}


def test_its_types_are_for_others_too(wheel: zipfile.ZipFile) -> None:
    assert {"streams/py.typed", "agents/py.typed"} <= set(wheel.namelist())


def test_it_brings_the_command_and_the_licences(wheel: zipfile.ZipFile) -> None:
    described = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "rasd = streams.cli.main:main" in wheel.read(described["entry_points.txt"]).decode()
    assert {"LICENSE", "NOTICE"} <= described.keys()
