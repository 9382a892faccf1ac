"""The HTTP server of a process for probes and Prometheus: /livez, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from streams.observability.logs import get_logger

log = get_logger(__name__)

UNIX = "unix:"


class ReportsReadiness(Protocol):
    """The metrics of a process that knows whether it is connected to Kafka."""

    registry: CollectorRegistry
    ready: bool


async def open_site(
    handlers: Mapping[str, Handler], host: str, port: int, further: Iterable[web.AbstractRouteDef] = ()
) -> tuple[web.AppRunner, str]:
    """Serve GET requests for these paths.

    Args:
        handlers: by path.
        host: address to listen on, or `unix:` and the path of a socket.
        further: other routes.
        port: port to listen on; if it is taken, usually by another process of this machine, the system chooses one.
            Without meaning for a socket.

    Returns:
        The server, whose `cleanup` ends it, and its address, without a slash at the end.
    """
    site = web.Application()
    site.add_routes([web.get(path, handler) for path, handler in handlers.items()])
    site.add_routes(further)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    if host.startswith(UNIX):
        await web.UnixSite(runner, host.removeprefix(UNIX)).start()
        return runner, host
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await web.TCPSite(runner, host, 0).start()
    address, chosen = runner.addresses[0][:2]
    return runner, f"http://{address}:{chosen}"


@asynccontextmanager
async def serve_health(
    metrics: ReportsReadiness, host: str, port: int, further: Iterable[web.AbstractRouteDef] = ()
) -> AsyncIterator[None]:
    """Serve /metrics, /livez and /readyz of a process that is ready while it is connected to Kafka.

    Args:
        metrics: what is shown, and whether the process is ready.
        host: as of `open_site`.
        port: as of `open_site`.
        further: other routes.
    """

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if metrics.ready else web.Response(text="Kafka: not connected\n", status=503)

    async def expose(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    runner, url = await open_site({"/livez": livez, "/readyz": readyz, "/metrics": expose}, host, port, further)
    log.info("metrics and health", url=f"{url}/metrics")
    try:
        yield
    finally:
        await runner.cleanup()
