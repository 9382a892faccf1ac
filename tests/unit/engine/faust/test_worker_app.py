"""A worker that crashed or was stopped ends, even if something in it waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import faust
import pytest

from streams.engine.faust.context import WorkerContext
from streams.engine.faust.worker import _after_recovery, create_worker
from streams.engine.faust.worker_app import WorkerApp
from streams.errors import RestartNeeded
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


@pytest.fixture
def check(app: WorkerApp) -> Iterator[Callable[[list[Any]], Awaitable[None]]]:
    """What a stage with tables does with a batch before it processes it."""

    async def follows(_: Sequence[Any]) -> None:
        """Every batch is the next one of its partitions."""

    app.on_rebalance_start()
    yield _after_recovery(app, follows)


async def test_records_in_hand_are_processed_before_their_partitions_are_given_up(
    app: WorkerApp, check: Callable[[list[Any]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust waits until they are acknowledged, so they must not wait for the next assignment."""
    finished: list[str] = []

    async def wait_empty(*_: object) -> None:
        await check(["in hand"])
        finished.append("in hand")

    monkeypatch.setattr(faust.App, "_on_partitions_revoked", wait_empty)
    await asyncio.wait_for(app._on_partitions_revoked(set()), 60)
    assert finished == ["in hand"]


async def test_records_that_come_while_tables_are_restored_wait_for_them(
    app: WorkerApp, check: Callable[[list[Any]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(*_: object) -> None:
        """There is nothing in hand."""

    monkeypatch.setattr(faust.App, "_on_partitions_revoked", give_up)
    await app._on_partitions_revoked(set())
    early = asyncio.ensure_future(check(["early"]))
    done, _ = await asyncio.wait([early], timeout=0.05)
    assert not done
    app.on_rebalance_end()
    await asyncio.wait_for(early, 60)


async def test_records_that_wait_for_tables_do_not_hold_up_the_next_rebalance(
    app: WorkerApp, check: Callable[[list[Any]], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[asyncio.Future[None]] = []

    async def wait_empty(*_: object) -> None:
        await asyncio.wait(held)

    monkeypatch.setattr(faust.App, "_on_partitions_revoked", wait_empty)
    app.settled.clear()
    held.append(asyncio.ensure_future(check(["early"])))
    await asyncio.wait_for(app._on_partitions_revoked(set()), 60)
    with pytest.raises(RestartNeeded):
        held[0].result()


def test_a_table_is_kept_for_ever_unless_its_stage_says_how_long(tmp_path: Path) -> None:
    app = create_worker(Settings(_env_file=None, state_dir=tmp_path, stages=("dedupe",), dedupe_window_hours=72))
    (clusters,) = [spec for spec in app.extra_topics if spec.name.endswith("-changelog")]
    arrival = {"message.timestamp.type": "LogAppendTime"}  # whatever the worker's clock says
    kept = {"cleanup.policy": "compact,delete", "retention.ms": str(2 * 72 * 3600 * 1000)}
    assert clusters.config == kept | arrival
    WorkerContext(app).table("memory")
    assert app.extra_topics[-1].config == {"cleanup.policy": "compact"} | arrival
