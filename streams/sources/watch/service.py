"""The process of `rasd watch`: signals, health and metrics around the watcher."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web as http

from streams.kafka.clients import end_task, open_producer, wait_for_topics
from streams.observability.logs import get_logger
from streams.observability.operations_site import serve_health
from streams.settings import Settings
from streams.sources.watch.store import directory_specs
from streams.sources.watch.watch_metrics import WatchMetrics
from streams.sources.watch.watcher import send_poke, watch
from streams.sources.watch.websub import Callback, routes

log = get_logger(__name__)


async def run_watch(settings: Settings) -> None:
    """Watch the sources until SIGTERM or SIGINT."""
    metrics, stop = WatchMetrics(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if settings.watch_contact is None:
        log.warning("RASD_WATCH_CONTACT is not set: publishers cannot see whom to ask about our requests")
    async with AsyncExitStack() as stack:
        callback = Callback.of(settings)
        further: list[http.RouteDef] = []
        if callback is not None:
            producer = await stack.enter_async_context(open_producer(settings))
            further = routes(callback, partial(send_poke, settings, producer), settings.max_content_bytes)
        await stack.enter_async_context(serve_health(metrics, settings.watch_host, settings.watch_port, further))
        topics = asyncio.create_task(wait_for_topics(settings, directory_specs(settings)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([topics, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not topics.done():
            await end_task(topics)
            return
        await topics
        log.info("watching the sources", kafka=settings.kafka_bootstrap, app=settings.app_id)
        await watch(settings, metrics, stop)
    log.info("watching stopped")
