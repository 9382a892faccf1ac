"""The query API as an ASGI app."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams import __version__
from streams.alerts.registry import SearchRegistry
from streams.api import (
    alerts,
    articles,
    completion,
    exports,
    feeds,
    live,
    pipeline_flow,
    raw_pages,
    sources,
    stories,
    versions,
)
from streams.api import health_routes as ops
from streams.api import problem_details as problems
from streams.api.api_health import ApiHealth, SharedCheck
from streams.api.cluster_monitor import ClusterMonitor
from streams.api.dead_letters import RecentDeadLetters
from streams.api.dependencies import State
from streams.api.desk import rendering, views
from streams.api.feed import LiveFeed
from streams.api.gate import Gate
from streams.api.keys import read_keys
from streams.api.limits import ConcurrencyLimit
from streams.api.middleware import Defects, HttpConventions
from streams.api.submit import Intake
from streams.elastic.client import health as check_elasticsearch
from streams.elastic.client import make_client
from streams.kafka.clients import check_kafka
from streams.observability.health_checks import find_fault
from streams.observability.metrics import Metrics, ServerMetrics, at_zero
from streams.search.service import Searcher
from streams.search.source_scope import SourceScope
from streams.settings import Settings
from streams.sources.watch.follower import DirectoryFollower

TAGS = [
    {"name": "articles", "description": "Search, get, count, export and submit articles."},
    {"name": "live", "description": "Follow articles as they leave the pipeline."},
    {"name": "sources", "description": "Watched sources and their health."},
    {"name": "alerts", "description": "Keep standing searches, which tell you of new stories."},
    {"name": "feeds", "description": "Read searches in a feed reader."},
    {
        "name": "operations",
        "description": "Health and metrics of the API's process, and what flows through the pipeline.",
    },
]

# Each export holds a point in time, which keeps merged segments on Elasticsearch's disks.
MAX_EXPORTS = 4
# A client that reads slowly must not keep the others from exporting.
MAX_CLIENT_EXPORTS = 2
# Twice the number of the client's connections to Elasticsearch.
MAX_SEARCHES = 64
# Answers from this size are compressed for clients that accept gzip. Level 5 takes half of the time of 9, for 2 % more.
COMPRESSED_BYTES, COMPRESSION = 1000, 5
# Each reads a sixteenth of the alerts of 30 days, or waits for receivers.
MAX_HISTORIES = 8
LIMITS = ("rate", "key_rate", "searches", "histories", "exports", "articles", "live", "connections", "slow_reader")

DESCRIPTION = """
Arabic news, seconds after it arrives: full-text search with copies collapsed, filters by place, person, organisation,
outlet and time, and a live feed. Errors are problem details (RFC 9457).
"""


class RequestMetrics:
    """Counts requests and measures the time to their first byte, as a live feed may not end for hours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The route's template, not the path, so that ids do not become labels.
                route = getattr(scope.get("route"), "path_format", "none")
                self.metrics.api_requests.labels(route, str(message["status"])).inc()
                self.metrics.api_seconds.labels(route).observe(time.perf_counter() - started)
            await send(message)

        await self.app(scope, receive, counted)


def _begin_counting(router: APIRouter, metrics: Metrics) -> None:
    """Create at zero the series of every route, for the statuses that it declares, and 500."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            statuses = {route.status_code or 200, 500, *route.responses} - {414, 421, 431}  # of the gate alone
            at_zero(metrics.api_requests, [route.path_format], sorted(map(str, statuses)))
            at_zero(metrics.api_seconds, [route.path_format])


def create_api(settings: Settings, metrics: Metrics | None = None) -> FastAPI:
    """Create the ASGI app. It starts without Elasticsearch and Kafka, and answers 503 while they are unavailable.

    Args:
        settings: addresses, names and limits.
        metrics: of this process; a new object if None.

    Raises:
        OperatorError: the configured API keys cannot be read.
    """
    counters = metrics if metrics is not None else Metrics()
    keys = read_keys(settings)
    server_metrics = ServerMetrics(counters.registry)

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        client = make_client(settings)
        intake = Intake(settings, counters)
        directory = DirectoryFollower(settings)
        standing = SearchRegistry(settings)
        scope = SourceScope(directory.read)
        feed = LiveFeed(settings, counters, scope)
        limited = counters.api_limited
        exports = ConcurrencyLimit(
            MAX_EXPORTS, "exports are running", limited.labels("exports").inc, MAX_CLIENT_EXPORTS
        )
        searches = ConcurrencyLimit(MAX_SEARCHES, "searches are running", limited.labels("searches").inc)
        histories = ConcurrencyLimit(
            MAX_HISTORIES, "questions about alerts are running", limited.labels("histories").inc, MAX_HISTORIES // 2
        )
        watch = ClusterMonitor(settings, server_metrics, client)
        health = ApiHealth(feed, watch, counters)
        searcher = Searcher(client, settings, scope)
        elasticsearch = SharedCheck(lambda: find_fault(check_elasticsearch(client, settings)))
        kafka = SharedCheck(lambda: find_fault(check_kafka(settings)))
        api.state.rasd = State(
            settings=settings,
            metrics=counters,
            searcher=searcher,
            intake=intake,
            feed=feed,
            exports=exports,
            searches=searches,
            histories=histories,
            keys=keys,
            health=health,
            cluster=watch,
            letters=RecentDeadLetters(settings),
            directory=directory,
            standing=standing,
            elasticsearch=elasticsearch,
            kafka=kafka,
        )
        feed.start()
        watch.start()
        health.start()
        directory.start()
        try:
            yield
        finally:
            await standing.close()
            await directory.close()
            await health.close()
            await watch.close()
            await feed.close()
            await intake.close()
            await client.close()

    # /docs loads its scripts from this server, so it works offline and no third party sees its users.
    api = FastAPIOffline(
        title="Rasd",
        version=__version__,
        description=DESCRIPTION.strip(),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        lifespan=lifespan,
    )
    problems.install(api)
    rendering.assets()  # a missing file of a package ends the start, not a reader's visit
    # The desk's paths that match anything come last.
    for routes in (
        articles.router,
        raw_pages.router,
        versions.router,
        stories.router,
        completion.router,
        exports.router,
        live.router,
        sources.router,
        pipeline_flow.router,
        alerts.router,
        feeds.router,
        ops.router,
        views.files_router,
        views.router,
    ):
        api.include_router(routes)
        _begin_counting(routes, counters)

    at_zero(counters.api_limited, LIMITS)
    # The last one added is the first to see a request.
    # Live events are not compressed: each must leave at once.
    api.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_BYTES, compresslevel=COMPRESSION)
    api.add_middleware(Defects)
    api.add_middleware(Gate, settings=settings, keys=keys, metrics=counters)
    api.add_middleware(RequestMetrics, metrics=counters)
    if settings.api_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Last-Event-ID"],
            expose_headers=["Rasd-Export-Total", "Rasd-Export-Relaxed", "Content-Disposition", "Retry-After"],
        )
    api.add_middleware(HttpConventions, routes=api.router.routes)
    return api
