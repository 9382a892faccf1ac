"""Processes, topics and indices of one benchmark, on the servers of the settings; taken away at its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Self

import httpx
import psutil

from agents.index.sink import IndexSink
from deploy.local.service import free_port
from streams.elastic.client import make_client
from streams.kafka.clients import open_admin, wait_for_topics
from streams.observability.metrics import Metrics
from streams.records import Article
from streams.settings import Settings, get_settings
from tests.support.index import delete_all

WORDS = tuple(
    "الحكومة المدينة الوزير الرئيس المجلس القرار الاقتصاد التعليم الصحة الطريق المطار الميناء الشركة المصنع النفط "  # noqa: SIM905
    "أعلن قال أكد بحث زار افتتح وقع ناقش رفض وافق بيروت القاهرة عمان تونس الرباط مسقط الدوحة الخرطوم صنعاء نواكشوط "
    "أمس اليوم غدا صباح مساء أسبوع شهر عام مئة ألف مليون جديد كبير أول ثاني دولي محلي عربي مشترك خلال بعد قبل".split()
)


@asynccontextmanager
async def ground(partitions: int = 4) -> AsyncIterator[Settings]:
    """Settings with topics and an index of their own."""
    name = f"bench{uuid.uuid4().hex[:8]}"
    settings = get_settings().model_copy(
        update={"topic_prefix": f"{name}.", "index_prefix": name, "app_id": name, "partitions": partitions}
    )
    await wait_for_topics(settings)
    try:
        yield settings
    finally:
        async with open_admin(settings) as admin:
            await admin.delete_topics([t for t in await admin.list_topics() if name in t])
        client = make_client(settings)
        try:
            await delete_all(client, settings)
        finally:
            await client.close()


@contextmanager
def process(settings: Settings, *command: str) -> Iterator[psutil.Process]:
    """`rasd COMMAND` with these settings."""
    changed = ("topic_prefix", "index_prefix", "app_id", "partitions")
    values = {f"RASD_{name.upper()}": str(getattr(settings, name)) for name in changed}
    with subprocess.Popen(
        [sys.executable, "-m", "streams.cli", *command], env=os.environ | values | {"RASD_LOG_LEVEL": "error"}
    ) as child:
        try:
            yield psutil.Process(child.pid)
        finally:
            child.terminate()


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[tuple[str, psutil.Process]]:
    """`rasd serve` on a free port, ready: its address and process."""
    port = free_port()
    with process(settings, "serve", "--port", str(port)) as child:
        await ready(f"http://127.0.0.1:{port}", child)
        yield f"http://127.0.0.1:{port}", child


async def ready(url: str, child: psutil.Process) -> None:
    """Wait until /readyz says yes."""
    async with httpx.AsyncClient() as http, asyncio.timeout(120):
        while True:
            if not child.is_running():
                sys.exit("it ended before it was ready")
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(f"{url}/readyz", timeout=10)).status_code == 200:
                    return
            await asyncio.sleep(0.2)


async def store(settings: Settings, articles: Sequence[Article]) -> None:
    """Write articles into the index."""
    sink = IndexSink(settings, Metrics())
    try:
        for start in range(0, len(articles), 2000):
            refused = [verdict for verdict in await sink.write(articles[start : start + 2000]) if verdict]
            if refused:
                sys.exit(f"refused: {refused[0]}")
    finally:
        await sink.close()


def text(chance: random.Random, words: int) -> str:
    """Words without meaning."""
    return " ".join(chance.choices(WORDS, k=words))


class Usage:
    """What a process uses while this is open.

    Attributes:
        before: resident memory at the beginning, MiB.
        most: the greatest seen, MiB.
    """

    def __init__(self, child: psutil.Process) -> None:
        self.child = child
        self.before = self.most = self._memory()
        self._cpu, self._started = self._processor(), time.perf_counter()
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self._watch = asyncio.create_task(self._look())
        return self

    def __exit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def cores(self) -> float:
        """Processor seconds a second so far."""
        return (self._processor() - self._cpu) / (time.perf_counter() - self._started)

    async def _look(self) -> None:
        while True:
            self.most = max(self.most, self._memory())
            await asyncio.sleep(0.1)

    def _memory(self) -> float:
        return float(self.child.memory_info().rss) / 2**20

    def _processor(self) -> float:
        times = self.child.cpu_times()
        return float(times.user + times.system)


def spread(seconds: Sequence[float]) -> str:
    """p50, p99 and greatest, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms, greatest {max(seconds) * 1000:.0f} ms"
