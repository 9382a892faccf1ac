"""Run several workers as child processes of one, which begins them anew and answers for all of them.

The parent builds the stages before it forks, so the workers share the memory of their models until they write to it,
which they hardly do. Each serves /metrics, /livez and /readyz on a socket in a folder of the parent, which serves what
they all say on the port of a worker.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from streams.engine.child_process import ChildProcess
from streams.observability.logs import get_logger
from streams.observability.operations_site import open_site
from streams.settings import Settings

log = get_logger(__name__)

# A worker that lived longer begins anew at once, others after a pause that doubles with each quick end.
LONG_ENOUGH_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# A worker answers at once, also while it computes.
ANSWER_SECONDS = 5.0
# Longer than a worker takes to stop, which forces its own exit (`worker_app.STOP_SECONDS`).
STOP_SECONDS = 25.0
# The label of the worker on each of its metrics.
LABEL = "process"

RunWorker = Callable[[str, int, int], None]
"""Runs a worker until it is stopped or has crashed.

Called with the address for its site (as of `open_site`), its number, and how often it was begun before.
"""


def available_cores() -> int:
    """Return the number of cores that this process may use: those it is bound to, or the quota of its container."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        if quota != "max":
            return max(1, min(bound, math.ceil(int(quota) / int(period))))
    return bound


def merge_metrics(pages: Iterable[tuple[int, str]]) -> bytes:
    """Return one page of metrics made of those of several workers, whose numbers become a label.

    Args:
        pages: number of each worker, and what its /metrics says.
    """
    families: dict[str, Metric] = {}
    for number, page in pages:
        for family in text_string_to_metric_families(page):
            merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                merged.samples.append(sample._replace(labels={LABEL: str(number), **sample.labels}))

    class Pages:
        def collect(self) -> Iterator[Metric]:
            yield from families.values()

    registry = CollectorRegistry()
    registry.register(Pages())
    return generate_latest(registry)


class _Member:
    """One of the workers.

    Attributes:
        number: from 1 on; the label of its metrics.
        begun: how often it was begun.
    """

    def __init__(self, number: int, folder: Path, run: RunWorker) -> None:
        self.number = number
        self.begun = 0
        self._socket = folder / f"{number}.sock"
        self._run = run
        self._process = ChildProcess(self._work, expendable=False)
        self._process.prepare()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def _work(self, connection: Connection) -> None:
        """Run the worker, in the child. Until it has handlers of its own, a signal ends it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        self._run(f"unix:{self._socket}", self.number, connection.recv())

    async def live(self) -> int:
        """Begin the worker, wait until it has ended, and return its exit status or the negative signal.

        Raises:
            TemplateLost: no process can be begun.
        """
        connection = self._process.begin()
        log.info("a worker process begins", process=self.number, pid=self.pid)
        connection.send(self.begun)
        self.begun += 1
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(connection.fileno(), ended.set)  # it sends nothing: its end closes the connection
        try:
            await ended.wait()
        finally:
            loop.remove_reader(connection.fileno())
        return self._process.end()

    def stop(self) -> None:
        """Ask the worker to stop."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the worker at once, and the process that forks it."""
        self._process.close()

    async def ask(self, path: str) -> tuple[int, str]:
        """Return the status and text of a page of the worker's site; 503 and no text while it does not answer."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        connector = aiohttp.UnixConnector(str(self._socket))
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.get(f"http://worker{path}") as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 503, ""


class Supervisor:
    """Workers as child processes. To be created before this process has threads or an event loop.

    Args:
        settings: where the site of all workers is served.
        processes: number of workers, at least 1.
        run: runs one of them.
    """

    def __init__(self, settings: Settings, processes: int, run: RunWorker) -> None:
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="rasd-workers-")
        self._members = [_Member(number + 1, Path(self._folder.name), run) for number in range(processes)]
        self._stopping = asyncio.Event()

    def run(self) -> None:
        """Run the workers until SIGTERM or SIGINT.

        Raises:
            RestartNeeded: a worker cannot be begun any more.
        """
        try:
            asyncio.run(self._run())
        finally:
            for member in self._members:
                member.kill()
            self._folder.cleanup()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        site, url = await open_site(
            {"/livez": self._livez, "/readyz": self._readyz, "/metrics": self._metrics},
            self._settings.worker_host,
            self._settings.worker_port,
        )
        log.info("metrics and health of all processes", url=f"{url}/metrics", processes=len(self._members))
        keeping = [asyncio.create_task(self._keep(member)) for member in self._members]
        try:
            stop = asyncio.create_task(self._stopping.wait())
            done, _ = await asyncio.wait([stop, *keeping], return_when=asyncio.FIRST_COMPLETED)
            if stop not in done:
                stop.cancel()
                self._stop()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(*keeping)
        finally:
            await site.cleanup()

    def _stop(self) -> None:
        self._stopping.set()
        for member in self._members:
            member.stop()

    async def _keep(self, member: _Member) -> None:
        """Begin a worker again whenever it has ended, until all are to stop."""
        pause = 0.0
        while not self._stopping.is_set():
            started = time.monotonic()
            status = await member.live()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > LONG_ENOUGH_SECONDS:
                pause = 0.0
            log.warning(
                "a worker process ended; starting it again",
                process=member.number,
                status=status,
                seconds=pause,
                restarts=member.begun,
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(LONGEST_PAUSE_SECONDS, 2 * pause or FIRST_PAUSE_SECONDS)

    async def _ask_all(self, path: str) -> list[tuple[int, int, str]]:
        answers = await asyncio.gather(*(member.ask(path) for member in self._members))
        return [(member.number, *answer) for member, answer in zip(self._members, answers, strict=True)]

    async def _health(self, path: str) -> web.Response:
        """Answer as a worker does, with the faults and warnings of all of them; 503 if there is a fault."""
        found: dict[str, list[str]] = {"faults": [], "warnings": []}
        for number, _, text in await self._ask_all(path):
            answer = json.loads(text) if text else {"faults": ["does not answer"], "warnings": []}
            for kind, lines in found.items():
                lines += [f"process {number}: {line}" for line in answer[kind]]
        return web.json_response({"ok": not found["faults"], **found}, status=503 if found["faults"] else 200)

    async def _livez(self, _: web.Request) -> web.Response:
        return await self._health("/livez")

    async def _readyz(self, _: web.Request) -> web.Response:
        return await self._health("/readyz")

    async def _metrics(self, _: web.Request) -> web.Response:
        pages = [(number, text) for number, status, text in await self._ask_all("/metrics") if status == 200]
        return web.Response(body=merge_metrics(pages), headers={"Content-Type": CONTENT_TYPE_LATEST})
