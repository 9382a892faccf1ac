"""The example of docs/guides/add-an-outlet-rule.md: its test fails without the rule and passes with it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from agents.clean.html import body
from tests.support.processes import ROOT
from tests.unit.clean.html.test_body import lines

GUIDE = (ROOT / "docs" / "guides" / "add-an-outlet-rule.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return str(found)


def run_the_guides_test() -> None:
    names: dict[str, Any] = {"lines": lines, "PAGE": block("html")}
    exec(block("python"), names)  # noqa: S102  (the guide's own code)
    names["test_almarfa"]()


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {host: body.OutletRules(**selectors) for host, selectors in json.loads(block("json")).items()}
    monkeypatch.setattr(body, "outlet_rules", lambda: table)


def test_it_fails_without_the_rule() -> None:
    with pytest.raises(AssertionError):
        run_the_guides_test()


@pytest.mark.usefixtures("rules")
def test_it_passes_with_the_rule() -> None:
    run_the_guides_test()


@pytest.mark.usefixtures("rules")
def test_the_rule_names_title_and_byline() -> None:
    (found,) = body.read_stories(block("html"), "https://www.almarfa.example/2026/11/souk")
    assert (found.title, found.author) == ("افتتاح سوق السمك الجديد في المرفأ", "سلمى الحاج")


def test_the_guide_lists_every_selector() -> None:
    table = GUIDE.partition("| key | selects |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(body.OutletRules.__dataclass_fields__)


def test_the_guide_names_keys_that_exist() -> None:
    keys = set()
    for name in ("credits", "machinery"):
        keys |= set(json.loads((ROOT / f"agents/clean/data/{name}.json").read_text(encoding="utf-8")))
    table = GUIDE.partition("| symptom |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z_]+)`", table))
    assert named
    assert named <= keys
