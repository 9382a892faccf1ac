"""Elasticsearch's configuration, installation and readiness, without Elasticsearch."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from deploy.local import analysis_plugin
from deploy.local.elasticsearch import Elasticsearch, node_settings
from deploy.local.jdk import Jdk
from deploy.local.service import Program, ServerFolders, Site
from tests.unit.local.answering import answering, http_json

JDK = Jdk(Path("/jdk"), 25)
OURS = '{{"cluster_name": "rasd-local", "status": "{}"}}'


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A distribution of three files."""
    path = tmp_path / "elasticsearch-9.2.8.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.mkdir("elasticsearch-9.2.8/plugins")
        bundle.writestr("elasticsearch-9.2.8/lib/server.jar", b"jar" * 100)
        bundle.writestr("elasticsearch-9.2.8/config/jvm.options", "-Xstock\n")
    return path


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that writes an empty class."""

    def compiled(classes: Path, libraries: Path, jdk: Jdk) -> None:
        (classes / "Empty.class").write_bytes(b"\xca\xfe\xba\xbe")

    monkeypatch.setattr(analysis_plugin, "compile_into", compiled)


def test_the_distribution_is_unpacked_once(archive: Path, plugin: None, tmp_path: Path) -> None:
    first = Elasticsearch().install([archive], tmp_path, "9.2.8", JDK)
    stamp = (first.home / "lib" / "server.jar").stat().st_mtime_ns
    second = Elasticsearch().install([archive], tmp_path, "9.2.8", JDK)

    assert first == second
    assert (second.home / "lib" / "server.jar").stat().st_mtime_ns == stamp
    assert (second.home / "plugins" / "rasd-analysis" / "rasd-analysis-9.2.8.jar").is_file()


@pytest.mark.parametrize("victim", ["lib/server.jar", "plugins/rasd-analysis/rasd-analysis-9.2.8.jar"])
@pytest.mark.parametrize("damage", ["removed", "cut off"])
def test_a_damaged_installation_heals(archive: Path, plugin: None, tmp_path: Path, victim: str, damage: str) -> None:
    home = Elasticsearch().install([archive], tmp_path, "9.2.8", JDK).home
    whole = (home / victim).read_bytes()
    if damage == "removed":
        (home / victim).unlink()
    else:
        (home / victim).write_bytes(whole[:10])

    Elasticsearch().install([archive], tmp_path, "9.2.8", JDK)

    assert (home / victim).read_bytes() == whole


def test_a_failed_installation_leaves_nothing(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis_plugin, "compile_into", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Elasticsearch().install([archive], tmp_path, "9.2.8", JDK)

    assert list(tmp_path.iterdir()) == [archive]


def test_the_configuration_is_added_to_the_stock_one(tmp_path: Path) -> None:
    home, layout = tmp_path / "home", ServerFolders(tmp_path / "stack" / "elasticsearch")
    (home / "config").mkdir(parents=True)
    (home / "config" / "jvm.options").write_text("-Xstock\n", encoding="utf-8")
    for part in layout.parts:
        part.mkdir(parents=True)
    site = Site(layout, 29200, "512m", 1, "9.2.8", JDK, Program(home), None, ["-XX:TieredStopAtLevel=1"])

    launch = Elasticsearch().prepare(site)

    options = (layout.config / "jvm.options").read_text(encoding="utf-8").splitlines()
    assert options[0] == "-Xstock"
    assert {"-Xms512m", "-Xmx512m", f"-Drasd.service={layout.folder}", "-Drasd.port=29200"} <= set(options)
    assert options[-1] == "-XX:TieredStopAtLevel=1"
    assert f"-Drasd.service={layout.folder}" in launch.command
    assert launch.folder == home
    yml = (layout.config / "elasticsearch.yml").read_text(encoding="utf-8")
    assert 'network.host: "127.0.0.1"' in yml.splitlines()


def test_the_node_creates_no_index_by_itself_and_listens_on_loopback_only(tmp_path: Path) -> None:
    settings = node_settings(ServerFolders(tmp_path), 29200)

    assert settings["action.auto_create_index"] is False
    assert settings["network.host"] == "127.0.0.1"
    assert settings["cluster.routing.allocation.disk.threshold_enabled"] is False


@pytest.mark.parametrize("status", ["green", "yellow"])
def test_it_is_ready_when_its_indices_are_open(status: str) -> None:
    with answering(http_json(OURS.format(status))) as port:
        assert Elasticsearch().trouble(port) is None


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (http_json(OURS.format("red")), "its indices are not open yet"),
        (http_json('{"cluster_name": "production", "status": "green"}'), "another cluster answers"),
        (http_json("[]"), "another cluster answers"),
        (http_json("not json"), "no answer"),
        (b"", "no answer"),
        (b"\x00\x01\x02", "no answer"),
    ],
    ids=["red", "another cluster", "another service", "no JSON", "closed", "no HTTP"],
)
def test_anything_else_is_not_ready(answer: bytes, trouble: str) -> None:
    with answering(answer) as port:
        assert trouble in (Elasticsearch().trouble(port) or "ready")


def test_no_proxy_is_asked_for_the_loopback_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    with answering(http_json(OURS.format("green"))) as port:
        assert Elasticsearch().trouble(port) is None
