"""`python -m tests.support.supervised worker --port PORT FOLDER`: two small workers under a supervisor.

A worker is not ready while FOLDER holds the file `unready-NUMBER`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from streams.engine import supervisor
from streams.observability.logs import configure_logging
from streams.observability.operations_site import open_site
from streams.settings import Settings


def run(folder: Path, address: str, number: int, restarts: int) -> None:
    """Serve the pages of a worker until SIGTERM."""
    registry = CollectorRegistry()
    Gauge("restarts", "How often it was begun before.", registry=registry).set(restarts)
    Gauge("pid", "Its process id.", registry=registry).set(os.getpid())

    async def livez(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "faults": [], "warnings": []})

    async def readyz(_: web.Request) -> web.Response:
        faults = ["Kafka: not connected"] if (folder / f"unready-{number}").exists() else []
        return web.json_response({"ok": not faults, "faults": faults, "warnings": []}, status=503 if faults else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry))

    async def serve() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        site, _ = await open_site({"/livez": livez, "/readyz": readyz, "/metrics": metrics}, address, 0)
        await stop.wait()
        await site.cleanup()

    asyncio.run(serve())


def main() -> None:
    """Run two of them."""
    _, _, _, port, folder = sys.argv
    settings = Settings(worker_port=int(port))
    configure_logging(settings)
    supervisor.ANSWER_SECONDS = 1.0
    supervisor.Supervisor(settings, 2, lambda *arguments: run(Path(folder), *arguments)).run()


if __name__ == "__main__":
    main()
