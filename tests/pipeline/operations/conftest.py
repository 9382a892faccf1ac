"""The secured servers: started once for this folder, with certificates of this run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.operations import secured
from tests.support.certificates import Authority


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    """A folder that the servers' user may enter."""
    made = Path(tempfile.mkdtemp(prefix="rasd-secured-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="package")
def authority(folder: Path) -> Authority:
    return Authority(folder / "authority")


@pytest.fixture(scope="package")
def stranger(folder: Path) -> Authority:
    """Return an authority that no server trusts."""
    return Authority(folder / "stranger", "a stranger")


@pytest.fixture(scope="package")
def secured_kafka(folder: Path, authority: Authority) -> Iterator[secured.Listeners]:
    with secured.kafka(folder, authority) as listeners:
        yield listeners


@pytest.fixture(scope="package")
def secured_elasticsearch(folder: Path, authority: Authority) -> Iterator[secured.SecuredElasticsearch]:
    with secured.elasticsearch(folder, authority) as server:
        yield server
