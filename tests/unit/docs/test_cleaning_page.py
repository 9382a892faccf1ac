"""docs/explanation/cleaning.md explains every reason for which cleaning removes text, and names the code."""

from __future__ import annotations

import re

import pytest

from agents.clean.layout.lines import Rule
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "explanation" / "cleaning.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("### Removal reasons")[2].partition("\n\n`layout/")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \|(.+)\|$", TABLE, re.MULTILINE))


def test_every_reason_is_explained() -> None:
    assert list(ROWS) == [*dict.fromkeys(ROWS)]
    assert set(ROWS) == {rule.value for rule in Rule}


@pytest.mark.parametrize("reason", ROWS)
def test_the_code_that_it_names_exists(reason: str) -> None:
    cell = ROWS[reason].rpartition("|")[2]
    named = re.findall(r"`([\w/]+\.(?:py|json))`((?:, `\w+`)*)", cell)
    assert named
    for name, functions in named:
        path = ROOT / "agents" / "clean" / name
        assert path.is_file()
        text = path.read_text(encoding="utf-8")
        for function in re.findall(r"`(\w+)`", functions):
            assert re.search(rf"^ *def {function}\(", text, re.MULTILINE), f"{name} has no {function}"
