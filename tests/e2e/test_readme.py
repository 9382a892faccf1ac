"""Every command that the README shows is run here, in the README's order, as it stands.

Those of its section "Installing" are run in test_installing.py, in a copy of the source.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.processes import ROOT, newcomers_environment, wait_until

README = (ROOT / "README.md").read_text(encoding="utf-8")
# `make demo` has its own test, and `make test` is what runs this one.
ELSEWHERE = {"make demo", "make test"}


def shown_commands() -> list[str]:
    """The command lines of all ```sh blocks, continued lines joined, comments cut off."""
    commands: list[str] = []
    sections = [section for section in README.split("\n## ") if not section.startswith("Installing\n")]
    for block in re.findall(r"```sh\n(.*?)```", "\n## ".join(sections), flags=re.DOTALL):
        for line in re.sub(r"\|\n\s*", "| ", block).splitlines():
            command = re.sub(r"\s+#\s.*$", "", line).strip()
            if command and command not in ELSEWHERE:
                commands.append(command)
    return commands


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A stack of its own, stopped at the end whatever happened."""
    with tempfile.TemporaryDirectory(prefix="rasd-readme-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        values = newcomers_environment(folder)
        yield values
        run(".venv/bin/rasd down --wipe", values)


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_readme_shows_the_commands_of_the_contract() -> None:
    text = "\n".join(shown_commands())
    for word in (
        "make setup",
        "rasd up",
        "rasd sources add",
        "rasd watch",
        "rasd worker",
        "rasd ingest",
        "rasd search",
        "rasd enrich",
        "rasd dlq",
        "down",
    ):
        assert word in text


@pytest.mark.timeout(1200)
def test_every_command_of_the_readme_works(environment: dict[str, str]) -> None:
    background: list[subprocess.Popen[bytes]] = []
    try:
        for command in shown_commands():
            command = command.replace("127.0.0.1:28080", f"127.0.0.1:{environment['RASD_DEMO_WEB_PORT']}")  # noqa: PLW2901
            if command.endswith("&"):
                # A shell replaces itself by a single command, so that the signals reach it.
                words = ["bash", "-c", command.removesuffix("&")]
                background.append(
                    subprocess.Popen(
                        words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                    )
                )
            elif "rasd search" in command:
                wait_until(partial(found, command, environment), 300, partial(str, f"{command} finds nothing"))
            elif command == ".venv/bin/rasd down":
                last = command
            else:
                result = run(command, environment)
                assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
                assert "Traceback" not in result.stderr
        assert all(process.poll() is None for process in background), "worker or API ended by itself"
    finally:
        for process in background:
            process.terminate()
        for process in background:
            process.wait(60)
    result = run(last, environment)
    assert result.returncode == 0
    assert "stopped" in result.stdout


def found(command: str, environment: dict[str, str]) -> bool:
    result = run(command, environment)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return "no article found" not in result.stdout
