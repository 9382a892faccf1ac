"""The HTTP server of a process for probes and Prometheus: /livez, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler


async def open_site(
    handlers: Mapping[str, Handler], host: str, port: int, further: Iterable[web.AbstractRouteDef] = ()
) -> tuple[web.AppRunner, str]:
    """Serve GET requests for these paths.

    Args:
        handlers: by path.
        host: address to listen on.
        further: other routes.
        port: port to listen on; if it is taken, usually by another process of this machine, the system chooses one.

    Returns:
        The server, whose `cleanup` ends it, and its address, without a slash at the end.
    """
    site = web.Application()
    site.add_routes([web.get(path, handler) for path, handler in handlers.items()])
    site.add_routes(further)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await web.TCPSite(runner, host, 0).start()
    address, chosen = runner.addresses[0][:2]
    return runner, f"http://{address}:{chosen}"
