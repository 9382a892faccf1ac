"""The fake web of the benchmark: thousands of sites on loopback addresses, in a process of its own, with a set clock.

    python -m benchmarks.sources.fake_web PORT SOURCES SEED

Site *n* is 127.1.x.y; its feed lists the items that were published before the clock's time. `POST /clock` on 127.0.0.1
sets the clock, in seconds from the start; `POST /real` lets it run from now on. `POST /bad` lets a share of the sites
fail: in turn they never answer, break the connection, or answer 503.
"""

from __future__ import annotations

import asyncio
import bisect
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Items an hour and the share of the sources that publish so: news agencies, newspapers, weeklies.
RATES = ((20.0, 0.1), (2.0, 0.4), (0.2, 0.5))
LISTED = 20
HISTORY_SECONDS = 6 * 3600.0
BODY = "<p>" + "أعلنت بلدية المدينة اليوم افتتاح الجسر الجديد الذي يربط ضفتي النهر بعد عامين من الأعمال. " * 12 + "</p>"


def address(number: int) -> str:
    """Return the loopback address of a site."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def published(number: int, seed: int, until: float) -> list[float]:
    """Return the times at which a site publishes, in seconds from the start; those before it are negative."""
    draw = random.Random(f"{seed}-{number}")
    rate = draw.choices([rate for rate, _ in RATES], [share for _, share in RATES])[0]
    times, moment = [], -HISTORY_SECONDS
    while (moment := moment + draw.expovariate(rate / 3600)) < until:
        times.append(moment)
    return times


def guid(number: int, item: int) -> str:
    """Return the id of a site's item."""
    return f"{number}-{item}"


class Sites:
    """All sites, and the clock."""

    def __init__(self, sources: int, seed: int) -> None:
        self._set = 0.0
        self._began: float | None = None
        self._bad = 0.0
        self.times = [published(number, seed, 24 * 3600.0) for number in range(sources)]

    async def feed(self, request: web.Request) -> web.Response:
        """Answer with the feed of the site that the request's host names, or 304."""
        host = request.host.rsplit(":", 1)[0].split(".")
        number = int(host[2]) * 250 + int(host[3]) - 1
        if is_bad(number, self._bad):
            return await self._fail(request, number)
        end = bisect.bisect_right(self.times[number], self.now)
        tag = f'"{end}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        items = "".join(
            f"<item><title>افتتاح الجسر {item}</title><link>/{item}</link><guid>{guid(number, item)}</guid>"
            f"<pubDate>{format_datetime(START + timedelta(seconds=self.times[number][item]))}</pubDate></item>"
            for item in range(max(0, end - LISTED), end)
        )
        text = f"<rss version='2.0'><channel><title>{number}</title><link>/</link>{items}</channel></rss>"
        return web.Response(text=text, content_type="application/rss+xml", headers={"ETag": tag})

    async def article(self, request: web.Request) -> web.Response:
        """Answer with an article's page."""
        text = f"<html lang=ar><body><article><h1>افتتاح الجسر {request.path}</h1>{BODY}</article></body></html>"
        return web.Response(text=text, content_type="text/html")

    async def clock(self, request: web.Request) -> web.Response:
        """Set the clock."""
        self._set, self._began = float(await request.text()), None
        return web.Response()

    async def real(self, _: web.Request) -> web.Response:
        """Let the clock run in real time, from 0."""
        self._began = time.monotonic()
        return web.Response()

    async def bad(self, request: web.Request) -> web.Response:
        """Set the share of sites that fail."""
        self._bad = float(await request.text())
        return web.Response()

    @property
    def now(self) -> float:
        """The time, in seconds from the start."""
        return self._set if self._began is None else time.monotonic() - self._began

    async def _fail(self, request: web.Request, number: int) -> web.Response:
        kind = number // 5 % 3
        if kind == 0:
            await asyncio.sleep(3600)
        if kind == 1 and request.transport is not None:
            request.transport.close()
        return web.Response(status=503)


def is_bad(number: int, share: float) -> bool:
    """Return whether a site fails: with a fifth, every fifth one."""
    return share > 0 and number % max(1, round(1 / share)) == 0


async def serve(port: int, sources: int, seed: int) -> None:
    """Serve all sites until cancelled."""
    sites = Sites(sources, seed)
    app = web.Application()
    app.add_routes(
        [
            web.get("/rss", sites.feed),
            web.post("/clock", sites.clock),
            web.post("/real", sites.real),
            web.post("/bad", sites.bad),
            web.get("/{item:\\d+}", sites.article),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    for host in ("127.0.0.1", *(address(number) for number in range(sources))):
        await web.TCPSite(runner, host, port).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
