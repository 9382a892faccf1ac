"""Restart a worker whose event loop stands still on a record, as the look-up or a sink may make it.

Nothing in the event loop can notice that, and a health check only helps where something restarts the worker. The
records in hand stay marked, so that the next process tries each of them alone (`streams.engine.suspects`).
"""

from __future__ import annotations

import faulthandler
import sys
import threading
from collections.abc import Callable

from streams.engine.suspects import Suspects
from streams.observability.logs import get_logger

log = get_logger(__name__)

TICK_SECONDS = 1.0


class LoopWatch:
    """A thread that watches the event loop. It cannot help if C code keeps the interpreter's lock for ever.

    Args:
        suspects: knows the records in hand, and counts beats of the loop and finished records.
        seconds: time for which the loop may stand still on one record. Counted in ticks of the thread, so that the time
            for which the whole process was suspended does not count.
        restart: replaces the process.
    """

    def __init__(self, suspects: Suspects, seconds: float, restart: Callable[[], object]) -> None:
        self._suspects = suspects
        self._ticks = max(1, round(seconds / TICK_SECONDS))
        self._restart = restart
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop-watch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()

    def _run(self) -> None:
        standing, seen = 0, (-1, -1)
        while not self._stop.wait(TICK_SECONDS):
            now = (self._suspects.beats, self._suspects.steps)
            if now != seen or self._suspects.excused or not self._suspects.holding_any:
                standing, seen = 0, now
                continue
            standing += 1
            if standing >= self._ticks:
                log.error("the event loop stands still on a record; restarting the worker", seconds=standing)
                faulthandler.dump_traceback(sys.stderr)
                self._restart()
                return
