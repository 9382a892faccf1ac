"""Starts, finds and stops servers as background processes.

Every server has a marker in its command line: the absolute path of its own folder. Running servers are found by this
marker and by their owner in the system's process list. So no pid file can be stale, and no other process is mistaken
for one of ours when pids are reused.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from psutil import Process

from deploy.local.paths import ServiceUser
from streams.errors import OperatorError

KILL_SECONDS = 30.0
POLL_SECONDS = 0.02
# The shell leaves the server in the background and exits; so init adopts the server, and it never becomes our zombie.
IN_BACKGROUND = '"$@" & :'


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line, its working directory, and its additional environment variables."""

    command: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str]


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt within the context, as Ctrl-C does.

    Otherwise they end this process at once, and the servers that it has started outlive it. Only a program's main
    thread can change what signals do; elsewhere this has no effect.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def marker(folder: Path) -> str:
    """Return the Java option that marks the processes of the server in `folder`."""
    return f"-Drasd.service={folder}"


def spawn(launch: Launch, *, home: Path, output: Path, user: ServiceUser | None) -> None:
    """Start a server that outlives this process, in a session of its own.

    Args:
        launch: its command line, which must contain its marker, working directory and variables. Of this process's
            variables it inherits only PATH.
        home: its HOME.
        output: file for its standard output and error, truncated first.
        user: the user to run it as; None for the current one.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": str(home)}
    output.unlink(missing_ok=True)  # it is in a folder of the servers' user, who may have made it a link
    with output.open("xb") as stream, _allowed(user):
        subprocess.run(
            ["/bin/sh", "-c", IN_BACKGROUND, "sh", *launch.command],
            cwd=launch.folder,
            env={**environment, **launch.environment},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            check=True,
            **_identity(user),
        )


def run(command: Sequence[str | Path], *, folder: Path, user: ServiceUser | None) -> subprocess.CompletedProcess[str]:
    """Run a tool of a server as the server's user and wait for it; its output and errors are in `stdout`."""
    with _allowed(user):
        return subprocess.run(
            command,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            **_identity(user),
        )


@contextmanager
def _allowed(user: ServiceUser | None) -> Iterator[None]:
    """Raise OperatorError if root may not change to another user, as in some containers."""
    try:
        yield
    except PermissionError as error:
        if user is None:
            raise
        raise OperatorError(
            f"root may not become the user {user.name} here, and Elasticsearch refuses to run as root",
            hint="run rasd as an unprivileged user",
        ) from error


def _identity(user: ServiceUser | None) -> dict[str, Any]:
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}


def find(folder: Path, user: ServiceUser | None) -> list[Process]:
    """Return the running processes of the server in `folder`, oldest first."""
    wanted = marker(folder)
    owner = user.uid if user else os.geteuid()
    found = []
    for process in psutil.process_iter():
        try:
            if wanted in process.cmdline() and process.uids().effective == owner:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # ended meanwhile, or another user's
            continue
    return sorted(found, key=lambda process: process.create_time())


def option(process: Process, name: str) -> str | None:
    """Return the value of a Java option `-Dname=value` of a process; None if it lacks the option or has ended."""
    prefix = f"-D{name}="
    try:
        return next((word.removeprefix(prefix) for word in process.cmdline() if word.startswith(prefix)), None)
    except psutil.NoSuchProcess:
        return None


def stop(processes: Sequence[Process], patience: float, *, kill: bool = False) -> None:
    """Stop processes: send SIGTERM, wait `patience` seconds, send SIGKILL to the remaining ones, and wait for them.

    psutil checks pid and start time before each signal, so a reused pid is never signalled.

    Args:
        processes: the processes.
        patience: seconds between SIGTERM and SIGKILL.
        kill: whether to send SIGKILL at once.

    Raises:
        OperatorError: a process outlives SIGKILL.
    """
    for process in processes:
        _signal(process, kill=kill)
    alive = _wait(processes, patience)
    for process in alive:
        _signal(process, kill=True)
    alive = _wait(alive, KILL_SECONDS)
    if alive:
        pids = " ".join(str(process.pid) for process in alive)
        raise OperatorError(f"process {pids} does not end, not even by SIGKILL", hint=f"ps -o pid,stat,args -p {pids}")


def _wait(processes: Sequence[Process], patience: float) -> list[Process]:
    """Return the processes that still run after `patience` seconds, whether or not init has reaped the others."""
    deadline = time.monotonic() + patience
    alive = [process for process in processes if _runs(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        alive = [process for process in alive if _runs(process)]
    return alive


def _runs(process: Process) -> bool:
    """Return whether a process holds resources. A zombie whose threads are still ending keeps its ports open."""
    try:
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def _signal(process: Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return


def port_holder(port: int) -> str | None:
    """Return the process that listens on a TCP port as `name, pid N`; None if it is unknown or just ending."""
    try:
        for connection in psutil.net_connections("tcp"):
            address = connection.laddr
            if connection.status == psutil.CONN_LISTEN and address and address.port == port and connection.pid:
                holder = Process(connection.pid)
                # A killed process loses its command line before its sockets.
                return f"{holder.name()}, pid {holder.pid}" if holder.cmdline() else None
    except (psutil.AccessDenied, psutil.NoSuchProcess):  # macOS informs only root; or it has just ended
        return None
    return None
