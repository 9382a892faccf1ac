"""`rasd serve` as a process: how it starts, refuses to, and ends."""

from __future__ import annotations

from pathlib import Path

import httpx

from streams.kafka.clients import wait_for_topics
from streams.settings import Settings
from tests.support.processes import free_port, rasd, start, wait_until


async def test_it_ends_the_live_feed_cleanly_and_refuses_a_port_that_is_taken(
    settings: Settings, tmp_path: Path
) -> None:
    await wait_for_topics(settings)
    port = free_port()
    log = tmp_path / "serve.log"
    running = start(settings, log, "serve", "--port", str(port), port=port)
    try:
        wait_until(running.ready, 60, running.tail)
        taken = rasd("serve", "--port", str(port), settings=settings)
        assert taken.returncode == 1
        said = " ".join(taken.stderr.decode().split())
        refusal = f"rasd: cannot listen on 127.0.0.1:{port}: Address already in use"
        assert said.startswith(f"{refusal} → choose another port: --port")
        with httpx.stream("GET", f"{running.url}/live", timeout=30) as response:
            lines = response.iter_lines()
            assert next(lines).startswith("id: ")
            running.process.terminate()
            # The body comes to its proper end; a cut would be a protocol error here.
            assert "event: gap" not in list(lines)
        running.process.wait(30)
    finally:
        running.stop()
    assert "Traceback" not in log.read_text(encoding="utf-8")
