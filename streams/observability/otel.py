"""`Tracing` with OpenTelemetry. Imported only when tracing is switched on, as its packages are an extra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from streams import __version__
from streams.errors import Rejected
from streams.observability.spans import Headers, Received


class OpenTelemetry:
    """Records spans with the messaging attributes of OpenTelemetry and exports them over OTLP/HTTP.

    OpenTelemetry's environment variables (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, …) configure it.
    """

    def __init__(self) -> None:
        resource = Resource.create({"service.name": "rasd", "service.version": __version__})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._provider = provider
        self._tracer = provider.get_tracer("rasd", __version__)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, name: str, received: Received, **attributes: str | int) -> Any:
        """See `Tracing`."""
        pairs = received.items() if isinstance(received, Mapping) else received or ()
        carrier = {key: value.decode("ascii", "replace") for key, value in pairs if key in self._propagator.fields}
        context = self._propagator.extract(carrier)
        known = {key.replace("__", "."): value for key, value in attributes.items()}
        return self._tracer.start_span(name, context, attributes={"messaging.system": "kafka", **known})

    def headers(self, span: Any) -> Headers:
        """See `Tracing`."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, set_span_in_context(span))
        return [(key, value.encode("ascii")) for key, value in carrier.items()]

    def end(self, span: Any, failure: BaseException | None = None) -> None:
        """See `Tracing`."""
        if failure is not None:
            span.set_attribute("error.type", failure.reason.value if isinstance(failure, Rejected) else "poison")
            span.set_status(Status(StatusCode.ERROR, str(failure)[:500]))
        span.end()

    def close(self) -> None:
        """See `Tracing`."""
        self._provider.shutdown()
