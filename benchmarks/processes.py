"""What one of Rasd's processes and its children use. A worker computes its map stages in a child. Linux only."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from streams.settings import MIB

# Reading the memory map of a process of 600 MiB takes milliseconds.
SAMPLE_SECONDS = 1.0


def members(pid: int) -> list[psutil.Process]:
    """Return a process and its children, theirs included; nothing once it has ended."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def memory(pid: int) -> float:
    """Return the MiB that a process and its children hold, each page that they share counted once (PSS)."""
    found = 0
    for process in members(pid):
        with suppress(psutil.NoSuchProcess):  # a stage process may be replaced at any time
            found += process.memory_full_info().pss
    return found / MIB


def peak(pid: int) -> float:
    """Return the largest resident memory of a process alone so far, MiB, as the kernel kept it."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", text).group(1)) / 1024  # type: ignore[union-attr]


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its children so far, also of those that have ended, in seconds."""
    found = 0.0
    for process in members(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found += times.user + times.system + times.children_user + times.children_system
    return found


class PeakMemory:
    """Look at processes and their children once a second within a context, and keep the largest memory of each.

    Args:
        pids: the processes.

    Attributes:
        most: the largest `memory` that was seen, MiB, for each.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self.most = dict.fromkeys(pids, 0.0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            for pid, most in self.most.items():
                self.most[pid] = max(most, memory(pid))
            if self._over.wait(SAMPLE_SECONDS):
                return
