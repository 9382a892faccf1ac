"""Checks before a server starts: disk space, port, memory. Each failure is an error of one line with a hint."""

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
# Memory of a Java server beyond its heap, for threads, code and network buffers.
OVERHEAD_BYTES = 256 * MIB
GRACE_SECONDS = 5.0
POLL_SECONDS = 0.1
CGROUP = Path("/sys/fs/cgroup")


def disk_full(folder: Path, detail: str) -> OperatorError:
    """Return the error for a full disk."""
    return OperatorError(f"the disk of {folder} is full: {detail}", hint=f"free some space there: df -h {folder}")


def require_space(folder: Path, needed: int) -> None:
    """Check the free space on the disk of `folder`, which may not exist yet.

    Raises:
        OperatorError: less than `needed` bytes are free.
    """
    existing = next(parent for parent in [folder, *folder.parents] if parent.is_dir())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise disk_full(existing, f"{decimal(free)} free, {decimal(needed)} needed")


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Translate the operating system's errors when writing below `folder` to OperatorError."""
    try:
        yield
    except PermissionError as error:
        raise OperatorError(
            f"no permission to write {error.filename or folder}",
            hint=f"change its owner: chown -R $(id -u) {folder}",
        ) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(folder, "it ran full while writing") from error
        raise


def _bind_error(port: int) -> OSError | None:
    """Return why a server could not listen on the port, or None."""
    with socket.socket() as probe:
        # Connections of an earlier run that linger in TIME_WAIT do not keep a server from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def require_port(port: int, title: str, variable: str) -> None:
    """Check that no process listens on the port.

    A port in use without a known holder may belong to a process that is just ending; it is given `GRACE_SECONDS`.

    Raises:
        OperatorError: the port is in use, or cannot be used.
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
            hint=f"stop that process, or choose another port: {variable}={port + 1} rasd up",
        ) from error


def heap_bytes(heap: str) -> int:
    """Convert a heap size such as `512m` or `1g` to bytes."""
    return int(heap[:-1]) * MIB * (1024 if heap[-1] == "g" else 1)


def available_memory(cgroup: Path = CGROUP) -> int:
    """Return the bytes available to new processes, limited by the machine and by the container's cgroup."""
    available = psutil.virtual_memory().available
    limit, used = cgroup / "memory.max", cgroup / "memory.current"
    if limit.is_file() and used.is_file():
        allowed = limit.read_text(encoding="ascii").strip()
        if allowed != "max":
            available = min(available, int(allowed) - int(used.read_text(encoding="ascii")))
    return available


def require_memory(heaps: list[str]) -> None:
    """Check that the available memory suffices for servers with these heaps.

    Raises:
        OperatorError: it does not.
    """
    needed = sum(heap_bytes(heap) + OVERHEAD_BYTES for heap in heaps)
    available = available_memory()
    if available < needed:
        raise OperatorError(
            f"too little memory: {decimal(available)} free, {decimal(needed)} needed",
            hint="RASD_LOCAL_KAFKA_HEAP=512m RASD_LOCAL_ELASTICSEARCH_HEAP=512m rasd up",
        )
