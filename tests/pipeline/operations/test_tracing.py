"""One trace follows an article through all topics and two workers; a collector of the test's own receives the spans."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from streams.kafka.dead_letters import DeadLetter, read_all
from streams.settings import Settings
from tests.support.articles import raw_record
from tests.support.corpus import records
from tests.support.index import count
from tests.support.processes import free_port, start, wait_until, worker

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
# In the order in which an article passes them.
PATH = ["hand in", "clean", "fingerprint", "dedupe", "entities", "geotag", "index"]


class Collector:
    """What arrived over OTLP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.url = ""

    def of(self, trace: str) -> dict[str, Span]:
        """The spans of a trace, by name."""
        return {span.name: span for span in list(self.spans) if span.trace_id.hex() == trace}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that speaks OTLP over HTTP."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    collector.spans += scope.spans
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def letters(settings: Settings) -> list[DeadLetter]:
    return [letter async for letter in read_all(settings)]


def test_one_trace_from_the_request_to_the_index(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        traced = settings.model_copy(update={"tracing": True})
        port = free_port()
        with (
            worker(traced, tmp_path / "one.log", "clean,dedupe") as one,
            worker(traced, tmp_path / "two.log", "entities,geotag,index") as two,
        ):
            api = start(traced, tmp_path / "api.log", "serve", "--port", str(port), port=port)
            try:
                wait_until(api.ready, 60, api.tail)
                parent = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
                for record, headers in ((records(1)[0], parent), (raw_record(content=" "), {})):
                    answer = httpx.post(f"{api.url}/articles", json=record, headers=headers, timeout=30)
                    assert answer.status_code == 202, answer.text
                wait_until(lambda: count(traced) == 1, 60, lambda: one.tail() + two.tail())
                wait_until(lambda: set(PATH) <= set(collector.of(TRACE)), 30, lambda: str(set(collector.of(TRACE))))
            finally:
                api.stop()
        spans = collector.of(TRACE)
        parents = [CALLER, *(spans[name].span_id.hex() for name in PATH[:-1])]
        assert [spans[name].parent_span_id.hex() for name in PATH] == parents
        offsets = {a.key: a.value.int_value for a in spans["clean"].attributes}
        assert "messaging.kafka.offset" in offsets
        (refused,) = [span for span in collector.spans if span.status.code == Status.STATUS_CODE_ERROR]
        assert refused.name == "clean"
        assert {a.key: a.value.string_value for a in refused.attributes}["error.type"] == "empty_body"
        (letter,) = asyncio.run(letters(traced))
        assert letter.trace == refused.trace_id.hex(), "from a dead letter one finds its trace"
