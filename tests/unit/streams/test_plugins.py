"""What installed distributions bring, by entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from streams.cli.main import run
from streams.cli.plugins import add_commands
from streams.errors import OperatorError
from streams.notify import load_notifier
from streams.pipeline import load_pipeline
from streams.plugins import Group, Plugin, find, installed
from streams.sources.base import load_source
from streams.stage import MapStage


def distribution(folder: Path, name: str, entry_points: str, module: str = "") -> None:
    """Install a distribution without building it: its metadata and one module in a folder of `sys.path`."""
    metadata = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    if module:
        (folder / f"{name.replace('-', '_')}_module.py").write_text(module)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_part_of_another_distribution_is_found_and_loaded(site: Path) -> None:
    distribution(site, "rasd-one", "[rasd.stages]\nmood = rasd_one_module:STAGE\n", "STAGE = 7\n")
    found = installed(Group.STAGES)["mood"]
    assert (found.distribution, found.version) == ("rasd-one", "1.2")
    assert "rasd_one_module" not in sys.modules, "listing imports nothing"
    assert found.load() == 7
    with pytest.raises(
        OperatorError, match=r"rasd.stages mood of rasd-one \(rasd_one_module:STAGE\) is of the class int, not MapStage"
    ):
        found.load(MapStage)


def test_two_parts_of_one_name_are_refused_naming_both_distributions(site: Path) -> None:
    distribution(site, "rasd-one", "[rasd.taps]\narchive = a:B\n")
    distribution(site, "rasd-two", "[rasd.taps]\narchive = c:D\n")
    with pytest.raises(OperatorError, match=r"rasd.taps archive is in both rasd-one and rasd-two"):
        installed(Group.TAPS)


@pytest.mark.parametrize(
    ("load", "group"),
    [(load_source, Group.SOURCES), (load_notifier, Group.NOTIFIERS), (load_pipeline().load_tap, Group.TAPS)],
    ids=["source", "notifier", "tap"],
)
def test_an_unknown_name_of_any_kind_is_refused_with_the_known_ones(
    site: Path, load: Callable[[str], object], group: Group
) -> None:
    distribution(site, "rasd-one", f"[{group}]\nmine = a:B\n")
    with pytest.raises(OperatorError, match=rf"^unknown {group.kind} other; choose from (\w+, )*mine") as refused:
        load("other")
    assert (refused.value.hint, refused.value.status) == ("rasd plugins", 2)


def test_one_plugin_is_found_without_importing_it(site: Path) -> None:
    distribution(site, "rasd-found", "[rasd.taps]\nmine = rasd_found_module:TAP\n", "TAP = 7\n")
    assert find(Group.TAPS, "mine").distribution == "rasd-found"
    assert "rasd_found_module" not in sys.modules


def test_the_list_says_what_taps_and_sources_read(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "from streams.records import Article\nfrom streams.sources.base import Source\nfrom streams.stage import Tap\n"
        "TAP = Tap('mine', '1', Article, None, 'articles.tagged')\nSOURCE = Source('mine', 'ADDRESS of a feed', None)\n"
    )
    entry_points = "[rasd.taps]\nmine = rasd_read_module:TAP\nhalf = rasd_away:TAP\n"
    distribution(site, "rasd-read", entry_points + "[rasd.sources]\nmine = rasd_read_module:SOURCE\n", code)
    assert run(["plugins"]) == 0
    rows = {tuple(line.split()[:2]): line for line in capsys.readouterr().out.splitlines()}
    assert "articles.tagged" in rows["tap", "mine"]
    assert "ADDRESS of a feed" in rows["source", "mine"]
    assert "cannot be loaded; see --check" in rows["tap", "half"], "the list goes on"


def broken(site: Path, group: Group) -> Plugin:
    distribution(
        site, "rasd-broken", f"[{group}]\nx = rasd_broken_module:X\n", "raise RuntimeError('half installed')\n"
    )
    return installed(group)["x"]


def test_a_part_that_cannot_be_imported_is_named_with_its_distribution(site: Path) -> None:
    with pytest.raises(
        OperatorError, match=r"rasd.stages x of rasd-broken \(rasd_broken_module:X\) cannot be loaded: .*half installed"
    ):
        broken(site, Group.STAGES).load()


def test_commands_that_cannot_be_loaded_cost_a_warning_and_not_the_others(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(site, Group.COMMANDS)
    app = typer.Typer()
    add_commands(app)
    assert "rasd-broken" in capsys.readouterr().err
    assert [command.callback.__name__ for command in app.registered_commands if command.callback] == ["tag"]


def test_two_commands_of_one_name_are_a_warning(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    distribution(site, "rasd-one", "[rasd.commands]\nmood = a:B\n")
    distribution(site, "rasd-two", "[rasd.commands]\nmood = c:D\n")
    add_commands(typer.Typer())
    assert "mood is in both" in capsys.readouterr().err


def test_a_plugin_that_fails_while_it_adds_commands_costs_a_warning(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = "def register(app):\n    import a_module_that_is_not_installed\n"
    distribution(site, "rasd-late", "[rasd.commands]\nmood = rasd_late_module:register\n", fault)
    add_commands(typer.Typer())
    assert "a_module_that_is_not_installed" in capsys.readouterr().err
