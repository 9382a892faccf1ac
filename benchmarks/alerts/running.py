"""What the measurements on real servers share: settings, processes, stored searches, and a receiver of webhooks."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import HttpUrl, SecretStr

from streams.alerts.standing_search import StandingSearch, Target
from streams.alerts.store import SEARCHES, alert_specs
from streams.kafka.clients import create_topics, open_producer
from streams.settings import Settings
from streams.topics import topic_name
from tests.support.processes import Running, free_port, start

PATIENCE = 300.0


def alert_settings(servers: Settings, folder: Path, name: str) -> Settings:
    """Return settings with topics and groups of their own, which allow a receiver on loopback."""
    return servers.model_copy(
        update={
            "topic_prefix": f"{name}.",
            "app_id": name,
            "state_dir": folder / name,
            "partitions": 2,
            "alerts_allow": ("127.0.0.1/32",),
            "alerts_signing_key": SecretStr("a key of the benchmark only"),
            "alerts_url": HttpUrl("https://rasd.example.com/"),
        }
    )


def begin(settings: Settings, folder: Path, name: str, *command: str) -> Running:
    """Start a process on a free port; its log is NAME.log."""
    port = free_port()
    return start(settings, folder / f"{name}.log", *command, "--port", str(port), port=port)


async def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> None:
    """Poll until a condition holds, in a thread, as it may ask a process.

    Raises:
        SystemExit: it does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.2)


def sample(running: Running, name: str) -> float:
    """Return the sum of a metric's samples on a process's page."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", running.metrics(), re.MULTILINE)
    return sum(map(float, found))


async def save(settings: Settings, found: Sequence[StandingSearch], urls: Sequence[str]) -> None:
    """Create all topics, and store standing searches; each has one of the addresses as its target."""
    await create_topics(settings, alert_specs(settings))
    async with open_producer(settings) as producer:
        sent = []
        for number, search in enumerate(found):
            target = Target(to=urls[number % len(urls)])
            record = search.model_copy(update={"targets": (target,)}).to_json()
            sent.append(await producer.send(topic_name(SEARCHES, settings), record, key=search.id.encode()))
        await asyncio.gather(*sent)


@dataclass
class Door:
    """A receiver on loopback, which can be shut and opened again.

    Attributes:
        runner: of the server.
        port: where it listens while it is open.
    """

    runner: web.AppRunner
    port: int = 0
    _site: web.TCPSite | None = None

    async def open(self) -> None:
        """Listen; again on the same port."""
        self._site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await self._site.start()
        self.port = self.runner.addresses[0][1]

    async def shut(self) -> None:
        """Refuse connections."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    def urls(self, number: int) -> list[str]:
        """Return so many addresses, each a target of its own for the sender."""
        return [f"http://127.0.0.1:{self.port}/hook/{at}" for at in range(number)]


@asynccontextmanager
async def open_receiver(take: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[Door]:
    """Serve webhooks within the context."""
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/hook/{number}", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    door = Door(runner)
    await door.open()
    try:
        yield door
    finally:
        await runner.cleanup()
