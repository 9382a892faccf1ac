"""The manual and the runbook name only what there is: commands, settings, metrics, panels, services, entries."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer.main

from streams.cli.app import all_commands
from streams.settings import Settings
from tests.deploy.manifests import workloads
from tests.deploy.sources import ROOT, alerts, dashboards, declared_metrics, default_compose, panels
from tests.support.doc_links import broken_links, linked_pages

GUIDES = ROOT / "docs" / "guides"
# The guides of operation together, and the runbook.
MANUALS = {
    "operations": ("production", "re-process", "tracing", "connect-grafana"),
    "runbook": ("runbook",),
}
PAGES = {
    manual: {name: (GUIDES / f"{name}.md").read_text(encoding="utf-8") for name in names}
    for manual, names in MANUALS.items()
}
TEXTS = {manual: "\n".join(pages.values()) for manual, pages in PAGES.items()}
# Compose's own words, and ours, for what stands between `docker compose` and a service.
COMPOSE = r"docker compose (?:--\S+ )*(?:ps|logs|up|stop|restart|exec|run)((?: -[-\w]+(?:[ =][\w=]+)?)*)((?: [a-z]+)*)"
EXAMPLES = ROOT / ".env.example"
# Messages in logs, health checks and tables that the runbook quotes, and the modules that print them.
MESSAGES = {
    "worker starts": "streams/engine/faust/worker.py",
    "did not come": "streams/engine/faust/continuity.py",
    "Kafka has lost": "streams/engine/faust/worker_app.py",
    "partitions are being assigned": "streams/engine/faust/worker_health.py",
    "being read back": "streams/engine/faust/worker_health.py",
    "waiting": "streams/engine/runner.py",
    "a stage failed": "streams/engine/runner.py",
    "the live feed failed; retrying": "streams/api/feed.py",
    "under-replicated": "streams/cli/topics.py",
    "outdated": "streams/cli/index.py",
}

pytestmark = pytest.mark.parametrize("manual", MANUALS)


def spans(manual: str) -> list[str]:
    """What stands in the manual as code: spans, and the lines of blocks."""
    text = TEXTS[manual]
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()] + re.findall(r"`([^`]+)`", rest)


def test_its_commands_exist_and_take_these_arguments(manual: str) -> None:
    # At the beginning, behind variables, or run inside a container.
    lead = r"(?:(?:[A-Z_]+=\S+ )*|docker compose exec \w+ |kubectl .* -- )"
    found = [match[1] for span in spans(manual) if (match := re.fullmatch(lead + r"rasd ([^&]+)(?: && .+)?", span))]
    assert len(found) > 5
    for line in found:
        command: Any = typer.main.get_command(all_commands())
        arguments = shlex.split(line.replace("…", "2026-11-20"))
        while hasattr(command, "commands") and arguments:
            assert arguments[0] in command.commands, line
            command = command.commands[arguments.pop(0)]
        if arguments:
            command.make_context("rasd", arguments)


def test_its_settings_exist(manual: str) -> None:
    example = set(re.findall(r"^# ([A-Z_]+)=", EXAMPLES.read_text(encoding="utf-8"), re.MULTILINE))
    ours = {f"RASD_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bRASD_[A-Z_]*[A-Z]\b", TEXTS[manual]))
    assert named <= ours, named - ours
    assert set(re.findall(r"\bELASTICSEARCH_[A-Z_]+\b", re.sub(r"RASD_\w+", "", TEXTS[manual]))) <= example


def test_its_metrics_exist(manual: str) -> None:
    named = {name for span in spans(manual) for name in re.findall(r"\brasd_[a-z_]+[a-z]\b", span)}
    families = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in declared_metrics()}
    assert {re.sub(r"_total$", "", name) for name in named} - {"rasd_default"} <= families


def test_its_panels_exist(manual: str) -> None:
    titles = {panel["title"] for _, panel in panels()}
    titles |= {panel["title"] for board in dashboards() for panel in board["panels"]}
    titles |= {board["title"] for board in dashboards()}
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", TEXTS[manual]))
    assert named <= titles, named - titles


def test_its_services_and_workloads_exist(manual: str) -> None:
    services = set(default_compose()["services"])
    for span in spans(manual):
        for match in re.finditer(COMPOSE, span):
            words = match[2].split()
            if "exec" in match[0] or "run" in match[0].split():
                words = words[:1]
            assert set(words) <= services, span
        for kind, name in re.findall(r"\b(deployment|statefulset)/([\w-]+)", span):
            assert workloads("production")[name]["kind"].lower() == kind
    assert services


def test_its_links_lead_somewhere(manual: str) -> None:
    pages = [GUIDES / f"{name}.md" for name in PAGES[manual]]
    assert broken_links(ROOT, pages) == []
    assert any(linked_pages(page) for page in pages)


def test_messages_that_it_quotes_are_printed(manual: str) -> None:
    if manual != "runbook":
        return
    for message, module in MESSAGES.items():
        assert re.search(rf"[`*][^`*\n]*{re.escape(message)}", TEXTS[manual]), message
        assert message in (ROOT / module).read_text(encoding="utf-8"), message


def test_every_entry_says_what_is_seen_where_to_look_and_what_to_do(manual: str) -> None:
    if manual == "operations":
        return
    for entry in re.split(r"^## ", TEXTS[manual], flags=re.MULTILINE)[1:]:
        name, _, text = entry.partition("\n")
        if name in {rule["alert"] for rule in alerts()}:
            parts = re.findall(r"^\*\*(Seen|Look|Cause, and what to do)\.\*\*", text, re.MULTILINE)
            assert parts == ["Seen", "Look", "Cause, and what to do"], name
            look = text.partition("**Look.**")[2].partition("\n\n")[0]
            assert "`" in look, f"{name} names no command to look with"
            assert re.search(r"^- ", text, re.MULTILINE), name
