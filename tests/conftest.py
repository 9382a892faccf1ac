"""The real stack for tests: Kafka and Elasticsearch, started once a session on free ports, stopped at its end."""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import HttpUrl
from rich.console import Console

from deploy.local import stack as native
from streams.settings import Settings
from tests.support.processes import free_port


@dataclass(frozen=True)
class Stack:
    """The running servers."""

    settings: Settings


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Kafka and Elasticsearch, really running."""
    folder = Path(tempfile.mkdtemp(prefix="rasd-stack-"))
    folder.chmod(0o755)  # Elasticsearch runs as another user when we are root
    kafka, elasticsearch = free_port(), free_port()
    settings = Settings(
        _env_file=None,
        local_dir=folder,
        local_kafka_port=kafka,
        local_elasticsearch_port=elasticsearch,
        kafka_bootstrap=f"127.0.0.1:{kafka}",
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{elasticsearch}"),
    )
    try:
        native.up(settings, console=Console(file=sys.stderr))
        yield Stack(settings)
    finally:
        native.down(settings, wipe=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    """Settings of a pipeline of its own on the shared servers: topics, index, group and state."""
    name = f"t{uuid.uuid4().hex[:10]}"
    return stack.settings.model_copy(
        update={
            "topic_prefix": f"{name}.",
            "index_prefix": name,
            "app_id": name,
            "state_dir": tmp_path / "state",
            "partitions": 3,
            "session_timeout": 6.0,
            "retry_most": 2.0,
            "index_refresh": "200ms",
        }
    )
