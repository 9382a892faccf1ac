"""The servers of the demo: containers if a Docker engine answers, else the native stack and local processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from rich.console import Console

from deploy.local import stack
from deploy.local.service import free_port
from streams.errors import OperatorError
from streams.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0


class Servers(Protocol):
    """Starts and stops Kafka, Elasticsearch, a worker and the API."""

    def start(self) -> None:
        """Start what is not running yet, and return once all of it is ready."""
        ...

    def watch(self, environment: Mapping[str, str]) -> None:
        """Start `rasd watch` with these settings."""
        ...

    def alert(self, environment: Mapping[str, str]) -> None:
        """Start what matches standing searches and delivers their alerts, with these settings."""
        ...

    def stop(self) -> None:
        """Stop what the others started."""
        ...

    def check(self) -> None:
        """Raise OperatorError if one of the processes has ended."""
        ...

    def addresses(self) -> list[tuple[str, str]]:
        """Return (name, address or command) pairs to show to the user."""
        ...


def docker_answers() -> bool:
    """Return whether a Docker engine with Compose is available."""
    if shutil.which("docker") is None:
        return False
    return all(
        subprocess.run(["docker", *words], capture_output=True, timeout=30, check=False).returncode == 0
        for words in (["info"], ["compose", "version"])
    )


def choose(settings: Settings, console: Console) -> Servers:
    """Choose Docker if it answers, unless RASD_DEMO_NATIVE=1 requests the native stack."""
    if os.environ.get("RASD_DEMO_NATIVE") != "1" and docker_answers():
        return DockerServers(settings, console)
    return NativeServers(settings, console)


def answers(url: str) -> bool:
    """Return whether a GET request to this URL succeeds (2xx)."""
    try:
        with urlopen(url, timeout=5) as response:  # noqa: S310  (our own http address)
            return bool(200 <= response.status < 300)
    except (URLError, HTTPError, OSError):
        return False


@dataclass
class _Child:
    """A child process, shielded from the terminal's signals so that we decide in which order processes end."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        if (status := self.process.poll()) is not None:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
            raise OperatorError(
                f"{self.name} ended with exit status {status}: {lines[-1] if lines else 'its log is empty'}",
                hint=f"see its log: {self.log}",
            )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)


@dataclass
class _Children:
    """Processes of `rasd` on this machine."""

    settings: Settings
    console: Console
    _children: list[_Child] = field(default_factory=list)

    def watch(self, environment: Mapping[str, str]) -> None:
        """See Servers."""
        self._check_free("rasd watch", self.settings.watch_port, "RASD_WATCH_PORT")
        self._spawn("watch", self.settings.watch_port, environment)

    def deliver(self, environment: Mapping[str, str]) -> None:
        """Start `rasd deliver`."""
        self._spawn("deliver", free_port(), environment)

    def _check_free(self, name: str, port: int, setting: str) -> None:
        if answers(f"http://127.0.0.1:{port}/livez"):
            raise OperatorError(
                f"port {port}, which {name} needs, is in use",
                hint=f"stop the process that uses it, or set {setting}",
            )

    def _spawn(
        self, command: str, port: int, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> None:
        folder = self.settings.state_dir / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        name = "-".join([command, *(option for option in options if not option.startswith("-"))])
        log = folder / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", command, *options, "--port", str(port)],
                env=os.environ | (environment or {}),
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        title = " ".join(["rasd", command, *options])
        child = _Child(title, process, log)
        self._children.append(child)
        with self.console.status(f"waiting for {title}"):
            wait_for(lambda: answers(f"http://127.0.0.1:{port}/readyz"), READY_SECONDS, title, child.check, log)
        self.console.print(f"{title} is ready")

    def _stop_children(self) -> None:
        for child in reversed(self._children):
            child.stop()

    def _check_children(self) -> None:
        for child in self._children:
            child.check()


@dataclass
class NativeServers(_Children):
    """The native stack, `rasd worker` and `rasd serve`."""

    _started_stack: bool = False

    def start(self) -> None:
        """See Servers."""
        settings = self.settings
        self._started_stack = not stack.status(settings).ready
        stack.up(settings, console=self.console)
        for name, port, setting in (
            ("the worker", settings.worker_port, "RASD_WORKER_PORT"),
            ("the API", settings.api_port, "RASD_API_PORT"),
        ):
            self._check_free(name, port, setting)
        self._spawn("worker", settings.worker_port)
        self._spawn("serve", settings.api_port)

    def alert(self, environment: Mapping[str, str]) -> None:
        """See Servers."""
        self._spawn("worker", free_port(), options=("--tap", "alerts"))
        self.deliver(environment)

    def stop(self) -> None:
        """See Servers."""
        self._stop_children()
        if self._started_stack:
            stack.down(self.settings)

    def check(self) -> None:
        """See Servers."""
        self._check_children()

    def addresses(self) -> list[tuple[str, str]]:
        """See Servers."""
        return [
            ("worker metrics", f"http://127.0.0.1:{self.settings.worker_port}/metrics"),
            ("logs", ", ".join(str(child.log) for child in self._children)),
        ]


@dataclass
class DockerServers(_Children):
    """The system of docker-compose.yml, which publishes Kafka and Elasticsearch on the ports that `rasd` uses.

    `rasd watch` and `rasd deliver` run beside it: a container cannot reach outlets and receivers on this machine's
    loopback.
    """

    def start(self) -> None:
        """See Servers."""
        self.console.print("a Docker engine answers: starting docker-compose.yml (avoid with RASD_DEMO_NATIVE=1)")
        self._compose("up", "--detach", "--build", "--wait", "--scale", "watch=0", "--scale", "deliver=0")

    def alert(self, environment: Mapping[str, str]) -> None:
        """See Servers. The matcher is one of the containers."""
        self.deliver(environment)

    def stop(self) -> None:
        """See Servers."""
        self._stop_children()
        self._compose("down")

    def check(self) -> None:
        """See Servers."""
        self._check_children()
        if not answers(f"http://127.0.0.1:{self.settings.api_port}/livez"):
            raise OperatorError("the API container does not answer", hint="docker compose ps")

    def addresses(self) -> list[tuple[str, str]]:
        """See Servers."""
        return [
            ("Grafana", f"http://127.0.0.1:{os.environ.get('GRAFANA_PORT', '33000')}"),
            ("Prometheus", f"http://127.0.0.1:{os.environ.get('PROMETHEUS_PORT', '39090')}"),
            ("logs", "docker compose logs --follow worker"),
        ]

    def _compose(self, *words: str) -> None:
        result = subprocess.run(["docker", "compose", *words], cwd=ROOT, check=False)
        if result.returncode != 0:
            raise OperatorError(
                f"docker compose {words[0]} failed", hint="docker compose logs; or RASD_DEMO_NATIVE=1 make demo"
            )


def wait_for(
    condition: Callable[[], bool], seconds: float, what: str, check: Callable[[], None], log: Path | None = None
) -> None:
    """Poll until the condition holds.

    Args:
        condition: what to wait for.
        seconds: time limit.
        what: name for the error message.
        check: called before each poll; raises OperatorError if a process has ended.
        log: log file to name in the error's hint.

    Raises:
        OperatorError: the time limit passed, or `check` raised it.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        check()
        if time.monotonic() > deadline:
            raise OperatorError(
                f"{what} is not ready after {seconds:.0f} s", hint=f"see its log: {log}" if log else None
            )
        time.sleep(0.2)
