"""The webhook receiver of the demo: takes alerts on loopback, and checks who sent them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

LARGEST = 16 * 1024 * 1024


class Receiver:
    """What came.

    Attributes:
        url: where it listens.
        requests: headers, with names in lower case, and body of each request.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[dict[str, str], bytes]] = []

    def alert(self, secret: str) -> tuple[dict[str, str], dict[str, Any]] | None:
        """Return the first request, checked as any receiver should: headers, and the message; None before it came.

        Raises:
            WebhookVerificationError: it is not signed with this secret.
        """
        if not self.requests:
            return None
        headers, body = self.requests[0]
        message: dict[str, Any] = Webhook(secret).verify(body, headers)
        return headers, message


@contextmanager
def open_receiver() -> Iterator[Receiver]:
    """Receive alerts on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length", 0)), LARGEST)
            receiver.requests.append(({k.lower(): v for k, v in self.headers.items()}, self.rfile.read(size)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the demo prints the request itself."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/alerts")
    thread = threading.Thread(target=server.serve_forever, name="demo receiver", daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
