"""Create a worker with a Faust agent for each stage, and run it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import uvloop

from streams.engine.faust.context import WorkerContext
from streams.engine.faust.continuity import Continuity
from streams.engine.faust.loop_watch import LoopWatch
from streams.engine.faust.tables import ConfirmedTable, current_event
from streams.engine.faust.worker_app import WorkerApp, delete_stale_tables
from streams.engine.runner import Check, StageRunner
from streams.engine.stage_process import StageProcess, preload
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.pipeline import Pipeline, WiredStage, load_pipeline, tap_settings
from streams.settings import Settings
from streams.stage import MapStage, StatefulFunction
from streams.topics import topic_name

log = get_logger(__name__)

SWITCH_SECONDS = 0.0005
# A record that blocks the event loop may take this many times the limit of one in the stage process.
_LOOP_LIMITS = 2.0


def create_worker(settings: Settings, metrics: Metrics | None = None, tap: str | None = None) -> WorkerApp:
    """Create a worker app with an agent for each stage in `settings.stages`, or for one tap only.

    Args:
        settings: settings of the worker.
        metrics: metrics of the worker; new ones when None.
        tap: name of a tap, which runs in a consumer group of its own.

    Raises:
        OperatorError: the stage or tap does not exist, or cannot be loaded.
    """
    pipeline = load_pipeline()
    wired = _load(pipeline, settings, tap)
    if tap is not None:
        settings = tap_settings(settings, tap)
    metrics = metrics if metrics is not None else Metrics()
    apart = [each for each in wired if _is_computed_apart(each)]
    process = StageProcess(apart, settings, metrics) if apart else None
    if process is not None:
        process.start()  # first: it is forked, and the app has threads
    try:
        app = WorkerApp(settings, metrics, pipeline.added_topics(settings), process)
        for each in wired:
            _add_agent(app, each)
    except BaseException:
        if process is not None:
            process.close()
        raise
    return app


def preload_stages(settings: Settings, tap: str | None = None) -> None:
    """Load what the map stages of a worker need, so that workers that are forked from this process share it.

    Args:
        settings: settings of the workers.
        tap: name of a tap that they run instead of the stages.

    Raises:
        OperatorError: a stage or tap does not exist, or cannot be loaded.
    """
    wired = _load(load_pipeline(), settings, tap)
    preload([each for each in wired if _is_computed_apart(each)], settings)


def _load(pipeline: Pipeline, settings: Settings, tap: str | None) -> Sequence[WiredStage]:
    return pipeline.load(settings.stages) if tap is None else (pipeline.load_tap(tap),)


def _is_computed_apart(wired: WiredStage) -> bool:
    """Return whether a stage is computed in the stage process: sinks wait for servers, and tables are in this one."""
    return isinstance(wired.stage, MapStage) and not wired.stage.stateful


def _add_agent(app: WorkerApp, wired: WiredStage) -> None:
    context = WorkerContext(app)
    stage = wired.stage
    compute = None
    if app.stage_process is not None and _is_computed_apart(wired):
        compute = partial(app.stage_process.apply, stage.name)
    function = stage.build(context) if compute is None else None
    if compute is None and isinstance(stage, MapStage) and stage.load is not None:
        stage.load()
    check: Check = Continuity(app, stage.name).check
    if isinstance(stage, MapStage) and stage.stateful:
        check = _after_recovery(app, check)
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
        check=check,
        compute=compute,
        suspects=app.suspects,
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

    async def consume(stream: Any) -> None:
        try:
            await runner.consume(stream)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # a panic of pydantic's core for want of memory is no Exception
            # Faust would begin the agent anew behind the records in hand, and take them as acknowledged.
            await app.crash(error)
            raise

    app.agent(source, name=stage.name)(consume)
    app.runners[stage.name] = runner


def _after_recovery(app: WorkerApp, check: Check) -> Check:
    """Hold records back that Faust delivers while it still restores tables: they would be decided without them."""

    async def check_after_recovery(events: Sequence[Any]) -> None:
        if not app.settled.is_set():
            log.info("records came while tables are being restored; waiting", records=len(events))
            await app.until_settled()
        await check(events)

    return check_after_recovery


def _rebuild_on_recovery(app: WorkerApp, tables: list[ConfirmedTable], function: StatefulFunction) -> None:
    async def rebuild() -> None:
        app.suspects.excused = True  # it takes minutes for a large table
        try:
            function.recovered()
        finally:
            app.suspects.excused = False
        app.metrics.recovery_seconds.set(time.perf_counter() - app.assigned_at)

    for table in tables:
        table.on_recover(rebuild)


def run_worker(
    settings: Settings,
    metrics: Metrics | None = None,
    start_again: Callable[[], object] | None = None,
    tap: str | None = None,
) -> int:
    """Run a worker until a signal stops it, or it crashes.

    Faust ends the process when a commit fails or a service crashes. `rasd worker` then starts it again.

    Args:
        settings: settings of the worker.
        metrics: metrics of the worker; new ones when None.
        start_again: replaces this process by a new worker; called when a crashed worker does not end in time. If None,
            a worker that hangs while it stops is never ended.
        tap: name of a tap to run instead of the stages.

    Returns:
        The exit status: 0 after a signal, that of Faust after a crash.

    Raises:
        OperatorError: a stage or tap does not exist, or cannot be loaded.
    """
    # With Python's interval of 5 ms, the event loop may have to wait that long each time it releases the interpreter
    # (for a socket, RocksDB) while Kafka's thread computes. The gain was not measured separately.
    sys.setswitchinterval(SWITCH_SECONDS)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    app = create_worker(settings, metrics, tap)
    watch = None
    if start_again is not None:
        app.force_exit = lambda: os._exit(0) if app.stopping else start_again()
        watch = LoopWatch(app.suspects, _LOOP_LIMITS * settings.record_seconds, app.force_exit)
        watch.start()
    log.info("worker starts", stages=list(app.runners), kafka=settings.kafka_bootstrap, app=app.settings.app_id)
    worker = app.Worker(quiet=True, daemon=True, blocking_timeout=0)
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        if app.stopping:
            return 0
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        if watch is not None:
            watch.stop()
        app.cancel_forced_exit()
        delete_stale_tables(app)
    return 0
