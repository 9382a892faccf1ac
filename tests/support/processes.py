"""Rasd's own processes, started for a test and ended after it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import SecretStr

from deploy.local.service import free_port
from deploy.local.temporary import QUICK_JAVA
from streams.settings import Settings

__all__ = [
    "ROOT",
    "Running",
    "environment",
    "free_port",
    "newcomers_environment",
    "rasd",
    "start",
    "started",
    "wait_until",
    "worker",
]

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


def environment(settings: Settings) -> dict[str, str]:
    """The environment that makes another process read these settings."""
    values = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in settings.model_dump(mode="json").items()
        if value is not None
    }
    secrets = {name: value for name, value in settings if isinstance(value, SecretStr)}
    values |= {name: secret.get_secret_value() for name, secret in secrets.items()}
    values["stages"] = ",".join(settings.stages)
    # RASD_SAMPLE_* are the settings of the sample plugin, which a test sets itself.
    foreign = re.compile(r"(?!RASD_)|RASD_SAMPLE_")
    clean = {name: value for name, value in os.environ.items() if foreign.match(name)}
    return clean | {f"RASD_{name.upper()}": value for name, value in values.items()}


def newcomers_environment(folder: Path) -> dict[str, str]:
    """This machine's environment without settings of ours, but with a stack of its own: a folder, and free ports."""
    kafka, elasticsearch = free_port(), free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RASD_", "VIRTUAL_ENV"))}
    return clean | {
        "RASD_LOCAL_DIR": str(folder / "local"),
        "RASD_STATE_DIR": str(folder / "state"),
        "RASD_LOCAL_JAVA_OPTIONS": QUICK_JAVA,
        "RASD_LOCAL_KAFKA_PORT": str(kafka),
        "RASD_LOCAL_ELASTICSEARCH_PORT": str(elasticsearch),
        "RASD_KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka}",
        "RASD_ELASTICSEARCH_URL": f"http://127.0.0.1:{elasticsearch}",
        "RASD_WORKER_PORT": str(free_port()),
        "RASD_API_PORT": str(free_port()),
        "RASD_WATCH_PORT": str(free_port()),
        "RASD_DEMO_WEB_PORT": str(free_port()),
    }


def rasd(
    *arguments: str, settings: Settings, stdin: bytes | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[bytes]:
    """Run one `rasd` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env=environment(settings),
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Running:
    """A process of ours that answers HTTP health checks."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def ready(self) -> bool:
        """Whether /readyz says yes."""
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.tail()}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def metrics(self) -> str:
        """Its metrics page."""
        return httpx.get(f"{self.url}/metrics", timeout=5).text

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """kill -9: no goodbye."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM, and its exit status.

        Raises:
            AssertionError: it does not end; what its threads and tasks were at stands in the message.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGUSR1)  # Faust writes down where it stands
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.kill()
            raise AssertionError(f"SIGTERM did not end it:\n{self.tail(2000)}") from None


def start(
    settings: Settings, log: Path, *command: str, port: int, module: str = "streams.cli", folder: Path | None = None
) -> Running:
    """Start `rasd COMMAND`, or another module's command; its log goes to a file.

    Args:
        folder: where it runs: Python looks for modules there first.
    """
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *command],
            cwd=folder,
            env=environment(settings),
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    return Running(process, f"http://127.0.0.1:{port}", log)


@contextmanager
def started(settings: Settings, log: Path, *command: str, wait: bool = True) -> Iterator[Running]:
    """`rasd COMMAND` on a free port, ready, stopped at the end if it still runs."""
    port = free_port()
    running = start(settings, log, *command, "--port", str(port), port=port)
    try:
        if wait:
            wait_until(running.ready, 90, running.tail)
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@contextmanager
def worker(settings: Settings, log: Path, stages: str | None = None, *, wait: bool = True) -> Iterator[Running]:
    """A worker that is ready, stopped at the end if it still runs."""
    with started(settings, log, "worker", *(["--stages", stages] if stages else []), wait=wait) as running:
        yield running


def wait_until(condition: Callable[[], object], seconds: float, explain: Callable[[], str] | None = None) -> None:
    """Poll until the condition holds; fail with an explanation when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s" + (f":\n{explain()}" if explain else ""))
        time.sleep(0.1)
