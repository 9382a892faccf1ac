"""What must hold before a server starts, and the one line that is said when it does not."""

from __future__ import annotations

import errno
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from rich.filesize import decimal

from deploy.local.process import port_holder
from deploy.local.service import HOST
from streams.errors import OperatorError

MIB = 1024 * 1024
# Beside its heap a Java server needs memory for threads, code and network buffers.
OVERHEAD_BYTES = 256 * MIB
GRACE_SECONDS = 5.0
POLL_SECONDS = 0.1
CGROUP = Path("/sys/fs/cgroup")


def disk_full(folder: Path, detail: str) -> OperatorError:
    """The error for a full disk."""
    return OperatorError(f"the disk of {folder} is full: {detail}", hint=f"free some space there: df -h {folder}")


def require_space(folder: Path, needed: int) -> None:
    """Check the free space of the disk that `folder` is or will be on.

    Raises:
        OperatorError: less than `needed` bytes are free.
    """
    existing = next(parent for parent in [folder, *folder.parents] if parent.is_dir())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise disk_full(existing, f"{decimal(free)} free, {decimal(needed)} needed")


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the system says while we write below `folder` into a line for a person."""
    try:
        yield
    except PermissionError as error:
        raise OperatorError(
            f"{error.filename or folder} may not be written", hint=f"make it yours: chown -R $(id -u) {folder}"
        ) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(folder, "it ran full while writing") from error
        raise


def _bind_error(port: int) -> OSError | None:
    """Why a server could not listen on the port; None if it could."""
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not keep a server from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def require_port(port: int, title: str, variable: str) -> None:
    """Check that nobody listens on the port.

    A port that is held by nobody whom the system names may be that of a process that is just ending: it gets
    `GRACE_SECONDS`.

    Raises:
        OperatorError: somebody does.
    """
    deadline = time.monotonic() + GRACE_SECONDS
    error, holder = _bind_error(port), port_holder(port)
    while error and not holder and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        error, holder = _bind_error(port), port_holder(port)
    if error and error.errno != errno.EADDRINUSE:
        message = f"{title} cannot use port {port}: {error.strerror}"
        raise OperatorError(message, hint=f"choose another: {variable}=39999 rasd up") from error
    if error:
        raise OperatorError(
            f"port {port}, which {title} needs, is in use" + (f" by {holder}" if holder else ""),
            hint=f"stop that, or choose another port: {variable}={port + 1} rasd up",
        ) from error


def heap_bytes(heap: str) -> int:
    """The bytes of a heap size such as `512m` or `1g`."""
    return int(heap[:-1]) * MIB * (1024 if heap[-1] == "g" else 1)


def available_memory(cgroup: Path = CGROUP) -> int:
    """Bytes that new processes may take: of the machine, and of the container that we are in."""
    available = psutil.virtual_memory().available
    limit, used = cgroup / "memory.max", cgroup / "memory.current"
    if limit.is_file() and used.is_file():
        allowed = limit.read_text(encoding="ascii").strip()
        if allowed != "max":
            available = min(available, int(allowed) - int(used.read_text(encoding="ascii")))
    return available


def require_memory(heaps: list[str]) -> None:
    """Check that servers with these heaps fit.

    Raises:
        OperatorError: they do not.
    """
    needed = sum(heap_bytes(heap) + OVERHEAD_BYTES for heap in heaps)
    available = available_memory()
    if available < needed:
        raise OperatorError(
            f"too little memory: {decimal(available)} free, {decimal(needed)} needed",
            hint="RASD_LOCAL_KAFKA_HEAP=512m RASD_LOCAL_ELASTICSEARCH_HEAP=512m rasd up",
        )
