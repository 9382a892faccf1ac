"""How a command fails: what is said, and the exit status."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streams.cli import app, main
from streams.errors import QueryRefused
from streams.records import RawArticle
from streams.settings import get_settings


@pytest.mark.parametrize("arguments", [[], ["topics"], ["evaluate"]])
def test_help_alone_says_all_where_a_command_is_missing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    printed = capsys.readouterr()
    assert "Usage: rasd" in printed.out
    assert printed.err == ""


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["topics", "nope"]) == 2
    assert "rasd: No such command 'nope'." in capsys.readouterr().err


def test_a_setting_is_distinguished_from_a_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RASD_BATCH_SIZE", "0")
    get_settings.cache_clear()
    assert main.run(["schema"]) == 2
    assert "setting RASD_BATCH_SIZE" in capsys.readouterr().err

    def settings() -> object:
        return RawArticle.model_validate({"url": "https://example.org/1", "source": "", "content": "نص"})

    monkeypatch.setattr(app, "get_settings", settings)
    assert main.run(["schema"]) == 1
    printed = capsys.readouterr().err
    assert "unexpected ValidationError" in printed
    assert "setting" not in printed


def test_a_wrong_setting_is_explained_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RASD_SESSION_TIMEOUT", "5")
    get_settings.cache_clear()
    assert main.run(["schema"]) == 2
    printed = " ".join(capsys.readouterr().err.split())
    assert "RASD_SESSION_TIMEOUT: Input should be greater than or equal to 6 (value: '5')" in printed
    assert "brokers refuse less than 6" in printed

    monkeypatch.delenv("RASD_SESSION_TIMEOUT")
    monkeypatch.setenv("RASD_WATCH_CALLBACK_SECRET", "zq-short")
    get_settings.cache_clear()
    assert main.run(["schema"]) == 2
    printed = capsys.readouterr().err
    assert "RASD_WATCH_CALLBACK_SECRET" in printed and "zq-short" not in printed


def test_a_query_that_the_index_refuses_is_a_wrong_argument(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def settings() -> object:
        raise QueryRefused("too expensive")

    monkeypatch.setattr(app, "get_settings", settings)
    assert main.run(["schema"]) == 2
    assert capsys.readouterr().err == "rasd: too expensive\n"


def test_the_help_imports_no_client_and_no_model() -> None:
    """They take a second to import. Commands import them when they run."""
    heavy = {"pydantic", "structlog", "aiokafka", "elasticsearch", "fastapi", "numpy", "faust"}
    code = f"import sys, streams.cli.app; streams.cli.app.all_commands(); print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_help_of_all_imports_no_command() -> None:
    heavy = {"typer", "rich", "asyncio", "streams.cli.app"}
    code = f"import sys; from streams.cli.main import run; run(['--help']); print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
    assert "  enrich " in done.stdout


def test_a_command_imports_no_other() -> None:
    code = "import sys; from streams.cli.main import run; run(['schema', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "streams.cli.schema" in done.stdout.splitlines()[-1].split()
    assert "streams.cli.search" not in done.stdout.splitlines()[-1].split()
