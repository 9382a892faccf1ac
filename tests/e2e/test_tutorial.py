"""Every command of the tutorial is run here, in its order, in one shell, as a reader would type it."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT, newcomers_environment

TUTORIAL = (ROOT / "docs" / "tutorial" / "first-session.md").read_text(encoding="utf-8")
# What a reader repeats until the article is there, and what the answer contains while it is not.
REPEATED = (("rasd search", "no article found"), ("dlq list --reason", "0 dead letters|no dead letter"))
POLL = """
for _ in $(seq 150); do
  out="$({command})"
  grep -qE '{absent}' <<< "$out" || break
  sleep 1
done
printf '%s\\n' "$out"
if [ -z "$out" ] || grep -qE '{absent}' <<< "$out"; then exit 1; fi
"""


def shown_commands() -> list[str]:
    """Return the command lines of all ```sh blocks."""
    return [line for block in re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL) for line in block.splitlines()]


def script(folder: Path, api_port: str, web_port: str) -> str:
    """Return the tutorial as a script that stops at the first command that fails."""
    lines = ["set -em"]
    for command in shown_commands():
        absent = next((absent for words, absent in REPEATED if words in command), None)
        if command.endswith("&"):
            lines.append(f"{command.removesuffix('&')} > /dev/null 2>> {folder}/background.log &")
        elif absent is not None:
            lines.append(POLL.format(command=command, absent=absent))
        else:
            lines.append(command)
        lines.append(f"echo 'done: {len(lines)}'")
    text = "\n".join(lines).replace("articles.ndjson", f"{folder}/articles.ndjson")
    return text.replace("127.0.0.1:28000", f"127.0.0.1:{api_port}").replace("127.0.0.1:28080", f"127.0.0.1:{web_port}")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Servers of its own, stopped at the end whatever happened."""
    with tempfile.TemporaryDirectory(prefix="rasd-tutorial-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        values = newcomers_environment(folder)
        yield values | {"FOLDER": name}
        subprocess.run([".venv/bin/rasd", "down", "--wipe"], cwd=ROOT, env=values, capture_output=True, check=False)


@pytest.mark.timeout(900)
def test_every_command_of_the_tutorial_works(environment: dict[str, str]) -> None:
    folder = Path(environment["FOLDER"])
    done = subprocess.run(
        ["bash", "-c", script(folder, environment["RASD_API_PORT"], environment["RASD_DEMO_WEB_PORT"])],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    background = folder / "background.log"
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{background.read_text(errors='replace')[-4000:]}"
    assert "56 records sent to articles.raw" in done.stdout + done.stderr
    assert "ميناء طرابلس يستقبل أول سفينة حبوب" in done.stdout, "the watched source brought it"
    assert "مهرجان للزيتون في نابلس" in done.stdout, "the replayed article is found"
    assert '"complete":true' in (folder / "articles.ndjson").read_text(encoding="utf-8").replace(" ", "")
