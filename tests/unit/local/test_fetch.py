"""Fetching against a registry of our own: jgo's real client, a real HTTP server."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import jgo.maven._core as jgo_core
import pytest
from rich.console import Console

from deploy.local.artifacts import Pin, Product
from deploy.local.fetch import cached_path, fetch
from streams.errors import OperatorError

CONTENT = b"the right bytes" * 1000


class Registry(http.server.ThreadingHTTPServer):
    """Answers each request for a file with the next of `answers`, the last one for ever; None breaks the line off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers: list[bytes | int | None] = [CONTENT]
        self.asked: list[str] = []

    def next(self) -> bytes | int | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Registry)
        if self.path.endswith(".sha1"):
            self.send_error(404)
            return
        self.server.asked.append(self.path)
        answer = self.server.next()
        if isinstance(answer, int):
            self.send_error(answer)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT if answer is None else answer)))
        self.end_headers()
        self.wfile.write(CONTENT[:100] if answer is None else answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the tests' output clean."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    with Registry() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(jgo_core, "DEFAULT_REMOTE_REPOS", {"central": f"http://127.0.0.1:{server.server_port}"})
        yield server
        server.shutdown()
        thread.join()


PIN = Pin("org.example:thing:1.0:jar", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
PRODUCT = Product("thing", "1.0", (PIN,))


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=400)


def said(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_file_is_fetched_once(registry: Registry, tmp_path: Path, console: Console) -> None:
    for _ in range(2):
        (path,) = fetch(PRODUCT, tmp_path, console)

    assert path.read_bytes() == CONTENT
    assert registry.asked == ["/org/example/thing/1.0/thing-1.0.jar"]
    assert said(console).count("fetching") == 1


def test_a_bar_is_shown_on_a_terminal(registry: Registry, tmp_path: Path) -> None:
    console = Console(file=StringIO(), force_terminal=True, width=120)

    fetch(PRODUCT, tmp_path, console)

    assert "Thing 1.0" in said(console)
    assert "━" in said(console)


@pytest.mark.parametrize("damaged", [b"short", bytes(len(CONTENT))])
def test_a_damaged_cached_file_heals(registry: Registry, tmp_path: Path, console: Console, damaged: bytes) -> None:
    path = cached_path(tmp_path, PIN)
    path.parent.mkdir(parents=True)
    path.write_bytes(damaged)

    fetch(PRODUCT, tmp_path, console)

    assert path.read_bytes() == CONTENT
    assert f"{path} is damaged" in said(console)


@pytest.mark.parametrize("first", [b"", bytes(len(CONTENT)), None, CONTENT[:-1]])
def test_a_damaged_or_broken_download_is_tried_once_more(
    registry: Registry, tmp_path: Path, console: Console, first: bytes | None
) -> None:
    registry.answers = [first, CONTENT]

    (path,) = fetch(PRODUCT, tmp_path, console)

    assert path.read_bytes() == CONTENT
    assert len(registry.asked) == 2


def test_a_download_that_stays_damaged_is_never_kept(registry: Registry, tmp_path: Path, console: Console) -> None:
    registry.answers = [bytes(len(CONTENT))]

    with pytest.raises(OperatorError, match=r"thing-1.0.jar is damaged") as caught:
        fetch(PRODUCT, tmp_path, console)

    assert "rasd up" in (caught.value.hint or "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_the_registry_does_not_have(registry: Registry, tmp_path: Path, console: Console) -> None:
    registry.answers = [404]

    with pytest.raises(OperatorError, match=r"does not give thing-1.0.jar"):
        fetch(PRODUCT, tmp_path, console)


def test_no_network(registry: Registry, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jgo_core, "DEFAULT_REMOTE_REPOS", {"central": "http://127.0.0.1:1"})

    with pytest.raises(OperatorError, match=r"thing-1.0.jar cannot be fetched") as caught:
        fetch(PRODUCT, tmp_path, console)

    assert "rasd up" in (caught.value.hint or "")


def test_no_network_is_needed_for_what_is_cached(registry: Registry, tmp_path: Path, console: Console) -> None:
    fetch(PRODUCT, tmp_path, console)
    registry.shutdown()
    registry.server_close()

    fetch(PRODUCT, tmp_path, console)

    assert len(registry.asked) == 1


def test_a_full_disk_is_seen_before_the_download(
    registry: Registry, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))

    with pytest.raises(OperatorError, match="is full: 10 bytes free"):
        fetch(PRODUCT, tmp_path, console)
    assert registry.asked == []
