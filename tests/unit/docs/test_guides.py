"""The guides of plugins show the sample package that the tests run, to the letter."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.processes import ROOT

KINDS = ("stage", "tap", "source", "format", "tagger", "notifier")
GUIDES = {kind: (ROOT / "docs" / "guides" / f"add-a-{kind}.md").read_text(encoding="utf-8") for kind in KINDS}
_SHOWN = re.compile(r"^<!-- (part of )?(tests/sample_plugin/\S+) -->\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = [(kind, bool(part), file, code) for kind in KINDS for part, file, code in _SHOWN.findall(GUIDES[kind])]


def files() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "tests/sample_plugin"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listed.stdout.split() if (ROOT / name).is_file() and not name.endswith("/__init__.py")}


@pytest.mark.parametrize(("kind", "part", "file", "code"), SHOWN, ids=[f"{each[0]}:{each[2]}" for each in SHOWN])
def test_a_guide_shows_the_code_of_the_file(kind: str, part: bool, file: str, code: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    if part:
        assert f"\n{code}\n" in f"\n{text}\n"
    else:
        assert code == text


def test_every_file_of_the_package_is_shown_whole_once() -> None:
    whole = [file for _, part, file, _ in SHOWN if not part]
    assert sorted(whole) == sorted(files())


@pytest.mark.parametrize("kind", KINDS)
def test_a_guide_shows_the_entry_point_the_code_and_its_test(kind: str) -> None:
    shown = {file for guide, _, file, _ in SHOWN if guide == kind}
    folder = "tests/sample_plugin"
    assert {f"{folder}/pyproject.toml", f"{folder}/rasd_sample/{kind}.py", f"{folder}/test_{kind}.py"} <= shown
    assert f'[project.entry-points."rasd.{kind}s"]' in GUIDES[kind]


def test_all_other_blocks_are_commands_or_drawings() -> None:
    # Code that is not of the package would not be tested.
    for kind, guide in GUIDES.items():
        rest = _SHOWN.sub("", guide)
        assert re.findall(r"^ *```(\w+)$", rest, re.MULTILINE) == [], kind
