"""The invented outlets of the demo: three sites on loopback that publish the stories of stories.json one by one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo.fake_web import FakeSite, Story, fake_site
from streams.errors import OperatorError
from streams.settings import Settings
from streams.sources.watch.directory import Kind, WatchedSource

STORIES = Path(__file__).parent / "stories.json"
COLLECTION = "تجربة"
# What `rasd watch` may reach and how it behaves while it reads them: on loopback nobody has to be spared.
WATCH_ENVIRONMENT = {
    "RASD_WATCH_ALLOW": "127.0.0.0/8",
    "RASD_WATCH_CONTACT": "https://example.com/rasd-demo",
    "RASD_WATCH_HOST_DELAY": "0.05",
    "RASD_WATCH_INTERVAL": "1",
    "RASD_WATCH_INTERVAL_MOST": "5",
}
# How each outlet can be read.
LISTS = {"almina": (Kind.FEED, "/rss.xml"), "baydar": (Kind.SITEMAP, "/sitemap.xml.gz"), "manara": (Kind.PAGE, "/")}
# Between two stories.
SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Published:
    """A story that an outlet published.

    Attributes:
        title: headline.
        url: address of the article.
        outlet: name of the outlet.
        at: time of publication, in seconds since the epoch.
    """

    title: str
    url: str
    outlet: str
    at: float


class Outlets:
    """The running outlets; see `open_outlets`.

    Attributes:
        published: the stories so far.
        total: number of stories that there will be.
    """

    def __init__(self, sites: dict[str, FakeSite]) -> None:
        self._sites = sites
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._stories = json.loads(STORIES.read_text(encoding="utf-8"))
        # Each run publishes under addresses of its own, so that its stories are new to a directory that was kept.
        self._edition = int(time.time())
        self.published: list[Published] = []
        self.total = len(self._stories)

    def sources(self) -> list[WatchedSource]:
        """Return the outlets as sources to watch: a feed, a sitemap and a section page."""
        return [
            WatchedSource(
                name=f"demo-{name}",
                url=f"{self._sites[name].address}{path}",
                kind=kind,
                outlet=name,
                collections=(COLLECTION,),
                country="LB",
                language="ar",
            )
            for name, (kind, path) in LISTS.items()
        ]

    def begin(self) -> None:
        """Let the outlets publish. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._begun.set)

    async def publish(self) -> None:
        """From `begin` on, publish a story every few seconds: the first three, one of each outlet, at once."""
        await self._begun.wait()
        for number, told in enumerate(self._stories):
            if number >= len(self._sites):
                await asyncio.sleep(SECONDS)
            story = Story(told["title"], "\n".join(told["body"]), datetime.now(UTC))
            url = self._sites[told["outlet"]].publish(self._edition + number, story)
            self.published.append(Published(story.title, url, told["outlet"], time.time()))


@contextmanager
def open_outlets(settings: Settings) -> Iterator[Outlets]:
    """Run the outlets in a thread: the first on RASD_DEMO_WEB_PORT, the others on free ports.

    Raises:
        OperatorError: the port is in use.
    """
    started = threading.Event()
    found: list[Outlets] = []
    faults: list[OSError] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            try:
                ports = (settings.demo_web_port, 0, 0)
                opened = [
                    await stack.enter_async_context(fake_site(port=port, name=name))
                    for port, name in zip(ports, LISTS, strict=True)
                ]
            except OSError as error:
                faults.append(error)
                return
            outlets = Outlets(dict(zip(LISTS, opened, strict=True)))
            found.append(outlets)
            started.set()
            await outlets.publish()
            await asyncio.Event().wait()

    task = loop.create_task(serve())

    def run() -> None:
        try:
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        finally:
            started.set()

    thread = threading.Thread(target=run, name="demo outlets", daemon=True)
    thread.start()
    started.wait()
    if not found:
        raise OperatorError(
            f"the outlets of the demo cannot use port {settings.demo_web_port}: {faults[0] if faults else 'unknown'}",
            hint="stop the process that uses it, or set RASD_DEMO_WEB_PORT",
        )
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        loop.close()
