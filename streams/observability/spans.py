"""The interface between the code that is traced and a tracing library, and its implementation that does nothing.

Imports no tracing library. `otel` implements the interface with OpenTelemetry, `tracing` chooses between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

Headers = list[tuple[str, bytes]]
# Headers of a consumed record as Kafka's clients give them: pairs, a mapping, or None.
Received = Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None


class Tracing(Protocol):
    """Opens and ends spans. A span is opaque: callers only pass it back."""

    def begin(self, name: str, received: Received, **attributes: str | int) -> Any:
        """Begin a span and return it.

        Args:
            name: of the span.
            received: headers of the record; a `traceparent` among them names the parent, without one a trace begins.
            attributes: of the span; `__` in a name stands for a dot.
        """

    def headers(self, span: Any) -> Headers:
        """Return the headers that make another record a child of this span."""

    def end(self, span: Any, failure: BaseException | None = None) -> None:
        """End the span; with a failure, its status is an error."""

    def close(self) -> None:
        """Export the spans that are still buffered. Blocks for up to some seconds."""


class Untraced:
    """Implements `Tracing` without recording anything."""

    def begin(self, name: str, received: Received, **attributes: str | int) -> None:
        """Return None as the span."""

    def headers(self, span: Any) -> Headers:  # noqa: ARG002
        """Return no headers."""
        return []

    def end(self, span: Any, failure: BaseException | None = None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
