"""A worker that crashed or was stopped ends, even if something in it waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.engine.faust.context import WorkerContext
from streams.engine.faust.worker import create_worker
from streams.engine.faust.worker_app import WorkerApp
from streams.settings import Settings


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerApp]:
    monkeypatch.setattr("streams.engine.faust.worker_app.STOP_SECONDS", 0.05)
    made = create_worker(Settings(_env_file=None, state_dir=tmp_path, stages=("clean",)))
    yield made
    assert made.stage_process is not None
    made.stage_process.close()


def test_a_crash_that_does_not_end_is_ended(app: WorkerApp) -> None:
    ended = threading.Event()
    app.force_exit = ended.set
    app._crash(RuntimeError("a commit failed"))
    assert ended.wait(60)


def test_a_stop_that_does_not_end_is_ended(app: WorkerApp) -> None:
    ended = threading.Event()
    app.force_exit = ended.set
    app.note_stop_signal()
    app._stopped.set()
    assert ended.wait(60)


def test_a_signal_is_noted_before_anything_is_stopped(app: WorkerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = app.Worker(loop=asyncio.new_event_loop())
    noted: list[bool] = []

    async def stop() -> None:
        noted.append(app.stopping)

    monkeypatch.setattr(worker, "stop", stop)
    worker._on_sigterm()
    stopping = worker._signal_stop_future
    assert stopping is not None
    worker.loop.run_until_complete(stopping)
    worker.loop.close()
    assert noted == [True]


def test_one_that_ends_by_itself_is_left_alone(app: WorkerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.engine.faust.worker_app.STOP_SECONDS", 3600.0)
    app.force_exit = lambda: None
    app._crash(RuntimeError("a commit failed"))
    assert app._exit_timer is not None
    app.cancel_forced_exit()
    app._exit_timer.join(60)
    assert not app._exit_timer.is_alive()


def test_what_fails_while_it_stops_ends_nothing(app: WorkerApp) -> None:
    app.force_exit = lambda: None
    app._stopped.set()
    app._crash(RuntimeError("cancelled"))
    assert app._exit_timer is None


def test_one_that_is_no_process_of_its_own_ends_nothing(app: WorkerApp) -> None:
    app._crash(RuntimeError("a commit failed"))
    assert app._exit_timer is None


def test_tables_that_kafka_has_lost_are_gone_before_it_is_ended(app: WorkerApp) -> None:
    folder = Path(app.conf.tabledir)
    folder.mkdir(parents=True)
    ended = threading.Event()
    app.force_exit = ended.set
    app.topics_lost = True
    app._crash(RuntimeError("Kafka has lost them"))
    assert ended.wait(60)
    assert not folder.exists()


class PanicError(BaseException):
    """What a library in Rust raises that cannot go on."""


@pytest.mark.parametrize(
    ("error", "crashes"), [(ZeroDivisionError, True), (PanicError, True), (asyncio.CancelledError, False)]
)
async def test_an_error_that_leaves_the_runner_crashes_the_worker(
    app: WorkerApp, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], *, crashes: bool
) -> None:
    # Faust would begin the agent anew behind the records in hand.
    crashed: list[BaseException] = []

    async def consume(_: object) -> None:
        raise error

    async def crash(reason: BaseException) -> None:
        crashed.append(reason)

    monkeypatch.setattr(app.runners["clean"], "consume", consume)
    monkeypatch.setattr(app, "crash", crash)
    (agent,) = app.agents.values()
    with pytest.raises(error):
        await agent.fun(None)
    assert [type(reason) for reason in crashed] == ([error] if crashes else [])


def test_a_table_is_kept_for_ever_unless_its_stage_says_how_long(tmp_path: Path) -> None:
    app = create_worker(Settings(_env_file=None, state_dir=tmp_path, stages=("dedupe",), dedupe_window_hours=72))
    (clusters,) = [spec for spec in app.extra_topics if spec.name.endswith("-changelog")]
    arrival = {"message.timestamp.type": "LogAppendTime"}  # whatever the worker's clock says
    kept = {"cleanup.policy": "compact,delete", "retention.ms": str(2 * 72 * 3600 * 1000)}
    assert clusters.config == kept | arrival
    WorkerContext(app).table("memory")
    assert app.extra_topics[-1].config == {"cleanup.policy": "compact"} | arrival
