"""Background processes are found by their marker and stopped, and no other is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import process
from deploy.local.paths import ServiceUser
from deploy.local.process import Launch

PATIENT = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "خادم"
    made.mkdir()
    yield made
    process.stop(process.find(made, None), patience=0, kill=True)


def start(folder: Path, program: str = PATIENT, environment: dict[str, str] | None = None) -> psutil.Process:
    """Start a Python program and wait until it has said that it is up."""
    command = [sys.executable, "-c", program, process.marker(folder), "-Drasd.port=7"]
    process.spawn(Launch(command, folder, environment or {}), home=folder, output=folder / "out", user=None)
    deadline = time.monotonic() + 60
    while not (folder / "out").read_bytes().endswith(b"\n"):
        assert time.monotonic() < deadline, (folder / "out").read_text()
        time.sleep(0.01)
    (found,) = process.find(folder, None)
    return found


def test_it_runs_in_a_session_of_its_own_and_is_no_child_of_ours(folder: Path) -> None:
    found = start(folder)

    assert found.ppid() != os.getpid()
    assert os.getsid(found.pid) != os.getsid(0)
    assert process.option(found, "rasd.port") == "7"
    assert process.option(found, "rasd.nothing") is None


def test_it_does_not_inherit_our_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dharm")
    monkeypatch.setenv("ES_JAVA_OPTS", "-Dharm")
    found = start(folder, environment={"ES_TMPDIR": "/given"})

    environment = found.environ()
    assert environment["ES_TMPDIR"] == "/given"
    assert environment["HOME"] == str(folder)
    assert not {"JAVA_TOOL_OPTIONS", "ES_JAVA_OPTS"} & set(environment)


def test_stop_asks_first(folder: Path) -> None:
    found = start(folder)

    process.stop([found], patience=30)

    assert process.find(folder, None) == []


def test_stop_kills_what_does_not_listen(folder: Path) -> None:
    found = start(folder, DEAF)

    process.stop([found], patience=0.1)

    assert process.find(folder, None) == []


def test_what_has_ended_meanwhile_is_no_error(folder: Path) -> None:
    found = start(folder)
    process.stop([found], patience=0, kill=True)

    process.stop([found], patience=30)
    assert process.option(found, "rasd.port") is None


@pytest.mark.parametrize("other", ["{folder}2", "{folder}/kafka", "x{folder}"])
def test_a_marker_that_only_looks_alike_is_another_server(folder: Path, other: str) -> None:
    argument = process.marker(folder).replace(str(folder), other.format(folder=folder))
    with subprocess.Popen([sys.executable, "-c", PATIENT, argument], stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        stranger.stdout.readline()
        try:
            assert process.find(folder, None) == []
        finally:
            stranger.kill()


def test_another_users_process_is_not_ours(folder: Path) -> None:
    start(folder)

    other = ServiceUser("other", os.geteuid() + 1, os.getegid())
    assert process.find(folder, other) == []


def test_the_output_never_goes_through_a_link(folder: Path) -> None:
    precious = folder / "precious"
    precious.write_text("keep", encoding="utf-8")
    (folder / "out").symlink_to(precious)

    start(folder)

    assert precious.read_text(encoding="utf-8") == "keep"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_ended_by_a_signal_cleans_up(number: signal.Signals) -> None:
    program = """
import signal
from deploy.local.process import interrupted_by_signals
try:
    with interrupted_by_signals():
        print("started", flush=True)
        signal.pause()
finally:
    print("cleaned up")
"""
    running = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n"
    running.send_signal(number)
    assert running.communicate(timeout=60)[0] == "cleaned up\n"


def test_signals_do_as_before_when_the_context_has_ended() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with process.interrupted_by_signals():
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is before
