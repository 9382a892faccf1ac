"""Traces with OpenTelemetry: one trace follows an article through all topics, in the header `traceparent`.

Tracing is an extra (`tracing`) and is switched on by RASD_TRACING. OpenTelemetry's own variables, such as
OTEL_EXPORTER_OTLP_ENDPOINT, configure the exporter and the sampling. When tracing is off, OpenTelemetry is not imported
and no header is written.
"""

from __future__ import annotations

from streams.errors import OperatorError
from streams.installation import install_hint
from streams.observability.spans import Headers, Received, Tracing, Untraced
from streams.settings import Settings

__all__ = ["Headers", "Received", "Tracing", "Untraced", "open_tracing"]


def open_tracing(settings: Settings) -> Tracing:
    """Return the tracing that the settings ask for.

    Raises:
        OperatorError: tracing is switched on, but OpenTelemetry is not installed.
    """
    if not settings.tracing:
        return Untraced()
    try:
        # Imported late because OpenTelemetry is an extra. `otel` itself depends on `spans` alone.
        from streams.observability.otel import OpenTelemetry  # noqa: PLC0415
    except ImportError as error:
        raise OperatorError(f"RASD_TRACING needs a package: {error}", hint=install_hint("tracing")) from error
    return OpenTelemetry()
