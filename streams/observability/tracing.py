"""Traces with OpenTelemetry: one trace follows an article through all topics, by the header `traceparent`.

It is an extra (`tracing`), switched on by RASD_TRACING; OTEL_EXPORTER_OTLP_ENDPOINT and OpenTelemetry's other
variables say where spans go and how many are kept. Switched off, nothing of it is imported and no header is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Protocol

from streams.errors import OperatorError
from streams.installation import install_hint
from streams.settings import Settings

Headers = list[tuple[str, bytes]]
# As Kafka's clients give them: pairs, or a mapping, or nothing.
Received = Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None


class Tracing(Protocol):
    """Spans around what happens to a record; a span is what `begin` returns and nothing else looks into."""

    def begin(self, name: str, received: Received, **attributes: str | int) -> Any:
        """Begin a span, below the one that the record's headers name; without any it begins a trace."""

    def headers(self, span: Any) -> Headers:
        """What a record that follows from this one carries."""

    def end(self, span: Any, failure: BaseException | None = None) -> None:
        """End it, as failed when there is a failure."""

    def close(self) -> None:
        """Send what is still to be sent. It may take seconds."""


class Untraced:
    """No tracing."""

    def begin(self, name: str, received: Received, **attributes: str | int) -> None:
        """Nothing."""

    def headers(self, span: Any) -> Headers:  # noqa: ARG002
        """None."""
        return []

    def end(self, span: Any, failure: BaseException | None = None) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def open_tracing(settings: Settings) -> Tracing:
    """Tracing as the settings ask for it.

    Raises:
        OperatorError: it is asked for, but the extra is not installed.
    """
    if not settings.tracing:
        return Untraced()
    try:
        tracing: Tracing = import_module("streams.observability.otel").OpenTelemetry()
    except ImportError as error:
        raise OperatorError(f"RASD_TRACING needs a package: {error}", hint=install_hint("tracing")) from error
    return tracing
