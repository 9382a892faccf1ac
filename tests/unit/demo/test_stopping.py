"""SIGTERM ends the demo as Ctrl-C does, so that nothing that it started outlives it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.support.processes import free_port, start, wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    settings = Settings(_env_file=None, demo_web_port=port)
    running = start(settings, tmp_path / "log", "demo", "--web", port=port)
    try:
        wait_until(lambda: "Serving until Ctrl-C" in running.tail() or running.process.poll(), 60, running.tail)
        running.process.send_signal(number)
        assert running.process.wait(30) == 0, running.tail()
    finally:
        running.kill()
