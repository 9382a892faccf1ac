"""A stack of small Python servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import stack
from deploy.local.artifacts import Product
from deploy.local.jdk import Jdk
from deploy.local.service import free_port
from streams.settings import Settings
from tests.unit.local.small import SmallServer


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, SmallServer]:
    """The two servers of `stack`, replaced; nothing is fetched, and we stay who we are."""
    small = {"elasticsearch": SmallServer("elasticsearch", "Elasticsearch"), "kafka": SmallServer("kafka", "Kafka")}
    monkeypatch.setattr(stack, "SERVERS", small)
    monkeypatch.setattr(stack, "service_user", lambda: None)
    monkeypatch.setattr("deploy.local.paths.service_user", lambda: None)
    monkeypatch.setattr(stack, "find_jdk", lambda *_: Jdk(tmp_path, 21))
    monkeypatch.setattr(stack, "load_product", lambda name: Product(name, "1.2.3", ()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return small


@pytest.fixture
def settings(servers: dict[str, SmallServer], tmp_path: Path) -> Iterator[Settings]:
    """Settings of a stack of one's own, which is stopped after the test."""
    made = Settings(
        _env_file=None,
        local_dir=tmp_path / "رصد محلي",
        local_kafka_port=free_port(),
        local_elasticsearch_port=free_port(),
        local_kafka_heap="16m",
        local_elasticsearch_heap="16m",
    )
    yield made
    stack.down(made)
