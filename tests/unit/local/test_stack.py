"""The life of a stack: start, start again, crash, stop, delete."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Sequence
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from deploy.local import process, stack
from deploy.local.service import free_port
from streams.errors import OperatorError
from streams.settings import Settings
from tests.unit.local.small import DIE, HANG, SmallServer


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=400)


def said(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def pids(status: stack.StackStatus) -> dict[str, int | None]:
    return {service.name: service.pid for service in status.services}


def test_status_of_a_stack_that_never_ran(settings: Settings) -> None:
    status = stack.status(settings)

    assert not status.ready
    assert [service.name for service in status.services] == ["kafka", "elasticsearch"]
    assert {service.pid for service in status.services} == {None}
    assert status["kafka"].address == f"127.0.0.1:{settings.local_kafka_port}"
    assert not status.folder.exists()


def test_up_starts_both_and_says_what_runs_where(settings: Settings, console: Console) -> None:
    status = stack.up(settings, console=console)

    assert status.ready
    assert status == stack.status(settings)
    for service in status.services:
        assert service.pid is not None
        assert service.version == "1.2.3"
        assert psutil.Process(service.pid).ppid() != os.getpid()
        assert os.getsid(service.pid) != os.getsid(0)


def test_a_second_up_changes_nothing(settings: Settings, servers: dict[str, SmallServer], console: Console) -> None:
    first = stack.up(settings, console=console)
    second = stack.up(settings, console=console)

    assert pids(first) == pids(second)
    assert {server.prepared for server in servers.values()} == {1}


@pytest.mark.parametrize("victim", ["kafka", "elasticsearch"])
def test_up_starts_only_the_one_that_died(settings: Settings, console: Console, victim: str) -> None:
    before = stack.up(settings, console=console)
    crashed = before[victim].pid
    assert crashed is not None
    # Until it is gone: one that is still ending answers.
    process.stop([psutil.Process(crashed)], patience=30, kill=True)

    after = stack.up(settings, console=console)

    other = "kafka" if victim == "elasticsearch" else "elasticsearch"
    assert after.ready
    assert after[victim].pid != crashed
    assert after[other].pid == before[other].pid


def test_a_server_that_was_just_ending_is_started_again(
    settings: Settings, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stack.up(settings, console=console)
    stack.stop_service(settings, "kafka", kill=True)
    last_seen = iter(["kafka"])
    really_runs = stack._Start.runs

    def runs(call: stack._Start, name: str) -> bool:
        return (name == "kafka" and next(last_seen, "") == "kafka") or really_runs(call, name)

    monkeypatch.setattr(stack._Start, "runs", runs)
    after = stack.up(settings, console=console)

    assert after.ready
    assert after["kafka"].pid != before["kafka"].pid
    assert after["elasticsearch"].pid == before["elasticsearch"].pid


def test_a_server_that_ends_after_its_last_answer_is_started_again(
    settings: Settings, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stack.up(settings, console=console)
    really_waits = stack._Start.wait
    to_die = iter(["kafka"])

    def wait(call: stack._Start, names: Sequence[str], ours: Collection[str]) -> bool:
        answered = really_waits(call, names, ours)
        for name in to_die:
            process.stop([psutil.Process(before[name].pid)], patience=30, kill=True)
        return answered

    monkeypatch.setattr(stack._Start, "wait", wait)
    after = stack.up(settings, console=console)

    assert after.ready
    assert after["kafka"].pid != before["kafka"].pid
    assert after["elasticsearch"].pid == before["elasticsearch"].pid


def test_two_ups_at_once_start_one_stack(settings: Settings, servers: dict[str, SmallServer], console: Console) -> None:
    seen: list[stack.StackStatus] = []
    threads = [threading.Thread(target=lambda: seen.append(stack.up(settings, console=console))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]
    assert {server.prepared for server in servers.values()} == {1}


def test_down_stops_this_stack_and_no_other(settings: Settings, tmp_path: Path, console: Console) -> None:
    other = settings.model_copy(
        update={
            "local_dir": tmp_path / "رصد محلي 2",
            "local_kafka_port": free_port(),
            "local_elasticsearch_port": free_port(),
        }
    )
    stack.up(settings, console=console)
    stack.up(other, console=console)
    try:
        assert stack.down(settings) == ("kafka", "elasticsearch")
        assert pids(stack.status(settings)) == {"kafka": None, "elasticsearch": None}
        assert stack.status(other).ready
    finally:
        stack.down(other)


def test_down_twice_is_harmless(settings: Settings, console: Console) -> None:
    stack.up(settings, console=console)

    assert stack.down(settings) == ("kafka", "elasticsearch")
    assert stack.down(settings) == ()


def test_down_keeps_the_data_and_wipe_deletes_it(settings: Settings, console: Console) -> None:
    data = stack.up(settings, console=console)["kafka"].data
    (data / "segment").write_text("سطر", encoding="utf-8")

    stack.down(settings)
    assert (data / "segment").exists()

    stack.down(settings, wipe=True)
    assert not data.parent.exists()


def test_stop_and_start_of_one_server(settings: Settings, console: Console) -> None:
    before = stack.up(settings, console=console)

    assert stack.stop_service(settings, "elasticsearch", kill=True)
    assert stack.status(settings)["elasticsearch"].pid is None
    assert not stack.stop_service(settings, "elasticsearch")

    after = stack.start_service(settings, "elasticsearch", console=console)
    assert after.ready
    assert after["kafka"].pid == before["kafka"].pid


def test_a_folder_with_other_files_is_refused_and_never_wiped(settings: Settings, console: Console) -> None:
    assert settings.local_dir is not None
    mine = settings.local_dir / "kafka" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("رسالتي", encoding="utf-8")

    with pytest.raises(OperatorError, match="contains other files") as caught:
        stack.up(settings, console=console)
    stack.down(settings, wipe=True)

    assert caught.value.hint
    assert mine.exists()


def test_a_running_stack_is_not_started_on_other_ports(settings: Settings, console: Console) -> None:
    stack.up(settings, console=console)
    moved = settings.model_copy(update={"local_kafka_port": free_port()})

    with pytest.raises(OperatorError, match=f"already runs, on port {settings.local_kafka_port}"):
        stack.up(moved, console=console)
    assert stack.status(moved)["kafka"].address == f"127.0.0.1:{settings.local_kafka_port}"


def test_a_server_that_dies_is_reported_with_its_last_lines(
    settings: Settings, servers: dict[str, SmallServer], console: Console
) -> None:
    servers["kafka"].program = DIE

    with pytest.raises(OperatorError, match="Kafka ended while starting") as caught:
        stack.up(settings, console=console)

    assert "small.log" in (caught.value.hint or "")
    assert "the reason" in said(console)
    servers["kafka"].program = SmallServer.program
    assert stack.up(settings, console=console).ready


def test_a_server_that_never_answers_is_stopped_at_the_deadline(
    settings: Settings, servers: dict[str, SmallServer], console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers["elasticsearch"].program = HANG
    monkeypatch.setattr(stack, "START_SECONDS", 0.5)

    with pytest.raises(OperatorError, match="Elasticsearch is not ready after"):
        stack.up(settings, console=console)
    assert stack.status(settings)["elasticsearch"].pid is None


def test_a_busy_port_is_named_before_anything_starts(
    settings: Settings, servers: dict[str, SmallServer], console: Console, tmp_path: Path
) -> None:
    stack.up(settings, console=console)
    second = settings.model_copy(update={"local_dir": tmp_path / "second"})

    with pytest.raises(OperatorError, match="is in use by") as caught:
        stack.up(second, console=console)

    assert "_PORT=" in (caught.value.hint or "")
    assert {server.prepared for server in servers.values()} == {1}


def test_up_waits_for_a_start_that_was_interrupted(
    settings: Settings, servers: dict[str, SmallServer], console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stack._Start, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stack.up(settings, console=console)

    assert stack.up(settings, console=console).ready
    assert {server.prepared for server in servers.values()} == {1}
