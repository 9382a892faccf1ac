"""Make a worker, an agent for each stage, and run it until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import cast

import uvloop

from streams.engine.faust.context import WorkerContext
from streams.engine.faust.continuity import Continuity
from streams.engine.faust.tables import ConfirmedTable, current_event
from streams.engine.faust.worker_app import WorkerApp, drop_outlived_tables
from streams.engine.runner import StageRunner
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage, load_pipeline, tap_settings
from streams.settings import Settings
from streams.stage import MapStage, StatefulFunction
from streams.topics import topic_name

log = get_logger(__name__)

SWITCH_SECONDS = 0.0005


def create_worker(settings: Settings, metrics: Metrics | None = None, tap: str | None = None) -> WorkerApp:
    """Make a worker app with an agent for each stage in `settings.stages`, or for one tap alone.

    Args:
        tap: its name; it gets a consumer group of its own.

    Raises:
        OperatorError: there is no such stage or tap, or it cannot be loaded.
    """
    pipeline = load_pipeline()
    if tap is None:
        wired = pipeline.load(settings.stages)
    else:
        wired = (pipeline.load_tap(tap),)
        settings = tap_settings(settings, tap)
    app = WorkerApp(settings, metrics if metrics is not None else Metrics(), pipeline.added_topics(settings))
    for each in wired:
        _add_agent(app, each)
    return app


def _add_agent(app: WorkerApp, wired: WiredStage) -> None:
    context = WorkerContext(app)
    stage = wired.stage
    function = stage.build(context)
    runner = StageRunner(
        wired,
        function,
        send=app.send_record,
        thread=app.thread,
        settings=app.settings,
        metrics=app.metrics,
        tables=context.tables,
        writing_for=current_event,
        tracing=app.tracing,
        check=Continuity(app).check,
    )
    if isinstance(stage, MapStage) and stage.stateful:
        _rebuild_on_recovery(app, context.tables, cast(StatefulFunction, function))
    source = app.topic(
        topic_name(wired.reads, app.settings),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )
    app.agent(source, name=stage.name)(runner.consume)
    app.runners[stage.name] = runner


def _rebuild_on_recovery(app: WorkerApp, tables: list[ConfirmedTable], function: StatefulFunction) -> None:
    async def rebuild() -> None:
        function.recovered()
        app.metrics.recovery_seconds.set(time.perf_counter() - app.assigned_at)

    for table in tables:
        table.on_recover(rebuild)


def run_worker(
    settings: Settings,
    metrics: Metrics | None = None,
    start_again: Callable[[], object] | None = None,
    tap: str | None = None,
) -> int:
    """Run a worker until it is told to stop; returns its exit status, 0 when it was.

    Faust ends the process when a commit fails or a service crashes; `rasd worker` then starts it again.

    Args:
        start_again: puts a fresh worker in the place of one that crashed and does not end. Without it nothing ends one
            that does not end by itself.
        tap: run this tap instead of the stages.
    """
    # Stages compute in threads. At Python's 5 ms a switch, a call of the event loop that lets go of the interpreter (a
    # socket, RocksDB) may wait that long for each of them. What this gains was not measured by itself.
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = create_worker(settings, metrics, tap)
    if start_again is not None:
        app.force_exit = lambda: os._exit(0) if app.stopping else start_again()
    log.info("worker starts", stages=list(app.runners), kafka=settings.kafka_bootstrap, app=app.settings.app_id)
    worker = app.Worker(quiet=True, daemon=True, blocking_timeout=0)
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        if app.stopping:
            return 0
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        app.ended()
        drop_outlived_tables(app)
    return 0
