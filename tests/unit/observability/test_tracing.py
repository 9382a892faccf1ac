"""Tracing: nothing of it without the setting, one line when its packages are missing."""

import sys

import pytest

from streams.errors import OperatorError
from streams.installation import install_hint
from streams.observability.tracing import Received, Untraced, open_tracing
from streams.settings import Settings


def test_without_the_setting_nothing_is_imported_and_no_header_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "streams.observability.otel", None)  # an import of it would fail
    tracing = open_tracing(Settings(_env_file=None))
    assert tracing.headers(tracing.begin("clean", [("traceparent", b"00-1-2-01")])) == []
    assert isinstance(tracing, Untraced)


def test_a_missing_package_is_named_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "streams.observability.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(OperatorError) as caught:
        open_tracing(Settings(_env_file=None, tracing=True))
    assert "opentelemetry" in caught.value.message
    assert caught.value.hint == install_hint("tracing")


def test_a_trace_goes_on_where_the_header_says_and_begins_without_one() -> None:
    tracing = open_tracing(Settings(_env_file=None, tracing=True))
    trace = "0af7651916cd43dd8448eb211c80319c"
    span = tracing.begin("clean", [("rasd.reason", b"x"), ("traceparent", f"00-{trace}-b7ad6b7169203331-01".encode())])
    ((name, value),) = tracing.headers(span)
    assert name == "traceparent"
    assert value.decode().split("-")[1] == trace
    assert value.decode().split("-")[2] != "b7ad6b7169203331"
    unreadable: list[Received] = [None, [], {"traceparent": b"nonsense \xff"}]
    for received in unreadable:
        ((_, begun),) = tracing.headers(tracing.begin("clean", received))
        assert begun.decode().split("-")[1] != trace
