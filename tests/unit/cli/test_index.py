"""rasd index when Elasticsearch is away."""

import pytest

from streams.cli.main import run
from streams.settings import get_settings
from tests.support.processes import free_port


@pytest.mark.parametrize("command", ["setup", "status", "rollover", "migrate"])
def test_an_absent_server_is_one_clear_line_with_what_helps(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("RASD_ELASTICSEARCH_URL", address)
    get_settings.cache_clear()
    try:
        assert run(["index", command]) == 1
    finally:
        get_settings.cache_clear()
    said = capsys.readouterr()
    first, second = said.err.strip().splitlines()
    assert first.startswith(f"rasd: no Elasticsearch at {address}")
    assert "rasd up" in second
    assert said.out == ""
