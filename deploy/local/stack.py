"""Starts, stops and reports on the native stack: one Kafka and one Elasticsearch on the loopback interface.

A stack is a folder (`local_dir`) and two ports; any number of stacks can run side by side. All functions are safe to
call at any time, from several processes at once, and after any crash.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psutil import Process
from rich.console import Console

from deploy.local import process
from deploy.local.artifacts import load_product
from deploy.local.elasticsearch import Elasticsearch
from deploy.local.fetch import fetch
from deploy.local.jdk import Jdk, find_jdk
from deploy.local.kafka import Kafka
from deploy.local.paths import ServiceUser, cache_dir, give, service_user, stack_dir
from deploy.local.preflight import explained, require_memory, require_port, require_space
from deploy.local.service import HOST, Server, ServerFolders, Site
from streams.errors import OperatorError
from streams.settings import MIB, Settings

# Elasticsearch takes longest, so it is started first; both then start concurrently.
SERVERS: dict[str, Server] = {"elasticsearch": Elasticsearch(), "kafka": Kafka()}
STOP_ORDER = ("kafka", "elasticsearch")
START_SECONDS = 180.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.2
FREE_BYTES = 512 * MIB
LOCK = "stack.lock"
TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """State of one server.

    Attributes:
        name: `kafka` or `elasticsearch`.
        title: its name for users.
        version: of the running process, else the pinned one.
        pid: of the running process, or None.
        ready: whether it has just answered a real request.
        address: host:port.
        trouble: why a running server is not ready, or None.
        log: its log file.
        data: its data folder.
    """

    name: str
    title: str
    version: str
    pid: int | None
    ready: bool
    address: str
    trouble: str | None
    log: Path
    data: Path


@dataclass(frozen=True, slots=True)
class StackStatus:
    """State of both servers of a stack, Kafka first."""

    folder: Path
    services: tuple[ServiceStatus, ...]

    @property
    def ready(self) -> bool:
        """Whether both servers are ready."""
        return all(service.ready for service in self.services)

    def __getitem__(self, name: str) -> ServiceStatus:
        """Return the state of `kafka` or `elasticsearch`."""
        return next(service for service in self.services if service.name == name)


def up(settings: Settings, *, console: Console | None = None, services: Sequence[str] = tuple(SERVERS)) -> StackStatus:
    """Start the servers that are not running, and return once they answer.

    Args:
        settings: folder, ports and heaps (`local_...`).
        console: where to show progress; standard error if None.
        services: names of the servers.

    Raises:
        OperatorError: a precondition fails or a server does not start; a server that failed to start is stopped.
    """
    return _start(settings, tuple(services), console)


def start_service(settings: Settings, name: str, *, console: Console | None = None) -> StackStatus:
    """Start one server; otherwise like `up`."""
    return _start(settings, (name,), console)


def down(settings: Settings, *, wipe: bool = False, console: Console | None = None) -> tuple[str, ...]:
    """Stop the servers of this stack; Kafka first, so that nothing is written meanwhile.

    Args:
        settings: as for `up`.
        wipe: whether to delete their data, configuration and logs.
        console: where to report waiting for another command; nowhere if None.

    Returns:
        The names of the servers that were running.
    """
    folder = stack_dir(settings)
    if not (folder / LOCK).exists():
        return ()
    with _locked(folder / LOCK, console), explained(folder):
        stopped = tuple(name for name in STOP_ORDER if _stop(folder, name, kill=False))
        if wipe:
            for name in STOP_ORDER:
                if (folder / name).exists():
                    shutil.rmtree(folder / name)
        return stopped


def stop_service(settings: Settings, name: str, *, kill: bool = False) -> bool:
    """Stop one server and wait until it has ended.

    Args:
        settings: as for `up`.
        name: `kafka` or `elasticsearch`.
        kill: whether to send SIGKILL at once, to simulate a crash.

    Returns:
        Whether it was running.
    """
    folder = stack_dir(settings)
    if not (folder / LOCK).exists():
        return False
    with _locked(folder / LOCK):
        return _stop(folder, name, kill=kill)


def _stop(folder: Path, name: str, *, kill: bool) -> bool:
    running = process.find(folder / name, service_user())
    process.stop(running, patience=STOP_SECONDS, kill=kill)
    return bool(running)


def status(settings: Settings) -> StackStatus:
    """Check the state of both servers. Starts and changes nothing."""
    folder = stack_dir(settings)
    user = service_user()
    return StackStatus(folder, tuple(_status(settings, folder, name, user) for name in STOP_ORDER))


def _status(settings: Settings, folder: Path, name: str, user: ServiceUser | None) -> ServiceStatus:
    server, layout = SERVERS[name], ServerFolders(folder / name)
    running = process.find(layout.folder, user)
    latest = running[-1] if running else None
    port = _port_of(latest) or _port(settings, name)
    trouble = server.trouble(port) if latest else None
    return ServiceStatus(
        name=name,
        title=server.title,
        version=(latest and process.option(latest, "rasd.version")) or load_product(name).version,
        pid=latest.pid if latest else None,
        ready=latest is not None and trouble is None,
        address=f"{HOST}:{port}",
        trouble=trouble,
        log=server.log(layout),
        data=layout.data,
    )


def _port(settings: Settings, name: str) -> int:
    return settings.local_kafka_port if name == "kafka" else settings.local_elasticsearch_port


def _heap(settings: Settings, name: str) -> str:
    return settings.local_kafka_heap if name == "kafka" else settings.local_elasticsearch_heap


def _port_of(running: Process | None) -> int | None:
    port = process.option(running, "rasd.port") if running else None
    return int(port) if port else None


@contextmanager
def _locked(path: Path, console: Console | None = None) -> Iterator[None]:
    """Hold a file lock, which the system releases if the process ends; wait for it without a time limit."""
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a")
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if console:
                console.print(f"waiting for another `rasd` that holds {path}", highlight=False, soft_wrap=True)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def _readable_by_all() -> Iterator[None]:
    """Set the umask so that the servers' user can read the files that root writes."""
    previous = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(previous)


def _claim(folder: Path) -> None:
    """Refuse a folder with other files, as a stack owns its folder and deletes from it."""
    with explained(folder):
        # In this order: the lock is a stack's first file, and another `up` may create it between the two checks.
        if folder.is_dir() and any(folder.iterdir()) and not (folder / LOCK).exists():
            raise OperatorError(
                f"{folder} contains other files, and a stack needs a folder of its own",
                hint=f"RASD_LOCAL_DIR={folder / 'stack'} rasd up",
            )


def _start(settings: Settings, names: Sequence[str], console: Console | None) -> StackStatus:
    call = _Start(settings, stack_dir(settings), service_user(), console or Console(stderr=True))
    _claim(call.folder)
    with _readable_by_all(), _locked(call.folder / LOCK, call.console), explained(call.folder):
        ours: set[str] = set()
        while True:
            missing = [name for name in names if not call.runs(name)]
            if missing:
                call.launch(missing)
                ours.update(missing)
            if call.wait(names, ours):
                # Check again: a server that was killed a moment ago still answers while it ends.
                state = status(settings)
                if all(state[name].ready for name in names):
                    return state


@dataclass(frozen=True, slots=True)
class _Start:
    """One call of `up` or `start_service`. It holds the stack's lock."""

    settings: Settings
    folder: Path
    user: ServiceUser | None
    console: Console

    def runs(self, name: str) -> bool:
        """Return whether the server runs. Raises OperatorError if it does on another port than configured."""
        running = process.find(self.folder / name, self.user)
        port, wanted = _port_of(running[-1]) if running else None, _port(self.settings, name)
        if port and port != wanted:
            raise OperatorError(
                f"the {SERVERS[name].title} of {self.folder} already runs, on port {port}, not {wanted}",
                hint="rasd down && rasd up",
            )
        return bool(running)

    def launch(self, names: Sequence[str]) -> None:
        """Check the preconditions, download what is needed, and start the servers."""
        for name in names:
            require_port(_port(self.settings, name), SERVERS[name].title, f"RASD_LOCAL_{name.upper()}_PORT")
        require_memory([_heap(self.settings, name) for name in names])
        require_space(self.folder, FREE_BYTES)
        cache = cache_dir()
        jdk = find_jdk(cache, self.user, self.console)
        for name in names:
            site = self._site(name, cache, jdk)
            for part in site.layout.parts:
                part.mkdir(parents=True, exist_ok=True)
                give(part, self.user)
            command = SERVERS[name].prepare(site)
            process.spawn(command, home=site.layout.folder, output=site.layout.output, user=self.user)

    def _site(self, name: str, cache: Path, jdk: Jdk) -> Site:
        product = load_product(name)
        with _locked(cache / "cache.lock", self.console), explained(cache):
            files = fetch(product, cache, self.console)
            program = SERVERS[name].install(files, cache, product.version, jdk)
        return Site(
            layout=ServerFolders(self.folder / name),
            port=_port(self.settings, name),
            heap=_heap(self.settings, name),
            java_options=self.settings.local_java_options.split(),
            max_message_bytes=self.settings.max_message_bytes,
            version=product.version,
            jdk=jdk,
            program=program,
            user=self.user,
        )

    def wait(self, names: Sequence[str], ours: Collection[str]) -> bool:
        """Wait until all servers answer.

        Args:
            names: the servers.
            ours: those started by this call; another one may be ending, killed before this call.

        Returns:
            True once they do; False if a server that this call did not start has ended and must be started.

        Raises:
            OperatorError: a server of `ours` ended, or one took too long; that one is stopped, the other keeps running.
        """
        deadline = time.monotonic() + START_SECONDS
        absences = dict.fromkeys(names, 0)
        while absences:
            for name in list(absences):
                running = process.find(self.folder / name, self.user)
                # During exec a process has no command line for a moment, so require two misses.
                absences[name] = 0 if running else absences[name] + 1
                trouble = SERVERS[name].trouble(_port(self.settings, name))
                if running and trouble is None:
                    del absences[name]
                elif absences[name] > 1:
                    if name not in ours:
                        return False
                    raise self._failure(name, "ended while starting")
                elif time.monotonic() > deadline:
                    process.stop(running, patience=STOP_SECONDS)
                    raise self._failure(name, f"is not ready after {START_SECONDS:.0f} s: {trouble}")
            if absences:
                time.sleep(POLL_SECONDS)
        return True

    def _failure(self, name: str, what: str) -> OperatorError:
        """Print the last lines of the logs of a server that did not start, and return the error to raise."""
        server, layout = SERVERS[name], ServerFolders(self.folder / name)
        for path in (layout.output, server.log(layout)):
            if path.is_file() and path.stat().st_size:
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
                text = "\n  ".join([f"last lines of {path}:", *lines])
                self.console.print(text, markup=False, highlight=False, soft_wrap=True)
        return OperatorError(f"{server.title} {what}", hint=f"less {server.log(layout)}")
