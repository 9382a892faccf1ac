"""Logs: one format, and no floods."""

import io
import json
import logging

import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaConnectionError

from streams.observability.logs import FloodFilter, PassingFilter, configure_logging, get_logger
from streams.settings import Settings


@pytest.fixture(autouse=True)
def _restore_logging() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def record(message: str, *args: object, name: str = "aiokafka.conn", level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, message, args, None)


def test_of_a_flood_one_line_an_interval_passes_and_tells_how_many_were_held_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("streams.observability.logs.time.monotonic", lambda: now)
    flood = FloodFilter(interval=10)
    passed = [flood.filter(record("Unable to connect to %s", host)) for host in range(1000)]
    assert passed == [True] + [False] * 999
    assert flood.filter(record("another kind"))
    now = 111.0
    later = record("Unable to connect to %s", "b")
    assert flood.filter(later)
    assert "(999 more like it" in later.getMessage()


def test_a_coordinator_that_is_being_found_is_no_line_and_one_that_is_not_found_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("streams.observability.logs.time.monotonic", lambda: now)
    passing = PassingFilter(seconds=10)

    def said(name: str = "aiokafka.consumer.group_coordinator") -> bool:
        error = GroupCoordinatorNotAvailableError()
        return passing.filter(record("Group Coordinator Request failed: %s", error, name=name))

    assert not said(), "a group's coordinator is being found"
    assert passing.filter(record("Group Coordinator Request failed: %s", KafkaConnectionError()))
    assert not passing.filter(record("Topic %s not found in cluster metadata", "articles.enriched"))
    assert said("streams.kafka.clients"), "what we say ourselves is said"
    now = 105.0
    assert not said()
    now = 109.0
    assert not said()
    now = 110.5
    assert said(), "it lasts"
    assert not passing.filter(record("Topic %s not found in cluster metadata", "articles.raw")), "the other is another"
    now = 130.0
    assert not said(), "another time, and it may pass again"


def test_our_own_lines_are_never_held_back() -> None:
    flood = FloodFilter()
    assert all(flood.filter(record("dead letter", name="streams.engine.runner")) for _ in range(100))


def test_ecs_json_is_one_object_a_line_in_arabic() -> None:
    out = io.StringIO()
    configure_logging(Settings(_env_file=None, log_format="json"), out)
    get_logger("streams.test").info("dead letter", reason="empty_body", detail="لا نص")
    try:
        raise ValueError("boom")
    except ValueError as error:
        logging.getLogger("elsewhere").error("failed", exc_info=error)
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["message"] == "dead letter"
    assert first["log.level"] == "info"
    assert first["rasd"] == {"reason": "empty_body", "detail": "لا نص"}
    assert "لا نص" in out.getvalue()
    assert "ValueError: boom" in second["error.stack_trace"]
    assert second["log.logger"] == "elsewhere"
