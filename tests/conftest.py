"""The real stack for tests: Kafka and Elasticsearch, started once a session on free ports, stopped at its end."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

from deploy.local.temporary import QUICK_JAVA, temporary_stack
from streams.settings import Settings

# Assertions in what the tests share say what they compared, as those in test modules do.
pytest.register_assert_rewrite("tests.support")

# No property depends on how fast the machine is: a stall of 200 ms on a busy one would fail the test. `make test` tries
# the same examples every time; `make explore` tries others, and many more.
property_settings.register_profile(
    "any-machine", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
property_settings.register_profile(
    "explore", property_settings.get_profile("any-machine"), derandomize=False, max_examples=2000
)
property_settings.load_profile("any-machine")


@dataclass(frozen=True)
class Stack:
    """The running servers."""

    settings: Settings


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Kafka and Elasticsearch, really running."""
    with temporary_stack(QUICK_JAVA) as settings:
        yield Stack(settings)


def own_settings(stack: Stack, state_dir: Path) -> Settings:
    """Settings of a pipeline of its own on the shared servers: topics, index, group and state."""
    name = f"t{uuid.uuid4().hex[:10]}"
    return stack.settings.model_copy(
        update={
            "topic_prefix": f"{name}.",
            "index_prefix": name,
            "app_id": name,
            "state_dir": state_dir,
            "partitions": 3,
            "session_timeout": 6.0,
            "retry_most": 2.0,
            "index_refresh": "200ms",
        }
    )


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    """Settings of a pipeline for one test."""
    return own_settings(stack, tmp_path / "state")
