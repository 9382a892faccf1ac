"""Dashboards: generated from their source, provisioned as they expect, and readable by their users."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as SdkDashboard

from deploy.grafana.dashboards import DASHBOARDS, FOLDER, render, write
from deploy.grafana.panels import Dashboard, Panel, Query, Row
from streams.elastic.templates import names
from streams.settings import Settings
from tests.deploy.sources import DASHBOARD_FILES, GRAFANA, dashboards, default_compose, index_queries, panels

Json = dict[str, Any]
register_default_plugins()
PANELS = list(panels())
PANEL_IDS = [f"{dashboard['uid']}: {panel['title']}" for dashboard, panel in PANELS]


def provisioned(kind: str) -> Json:
    (path,) = (GRAFANA / "provisioning" / kind).glob("*.yml")
    parsed: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parsed


def test_the_files_are_what_their_source_makes() -> None:
    assert {path.name for path in DASHBOARD_FILES} == {f"{dashboard.uid}.json" for dashboard in DASHBOARDS}
    for dashboard in DASHBOARDS:
        written = (FOLDER / f"{dashboard.uid}.json").read_text(encoding="utf-8")
        assert written == render(dashboard), "run: python -m deploy.grafana.dashboards"


# Grafana writes these itself; its types leave them out (the text of a variable's query, the words of an annotation).
UNTYPED = {"definition", "titleFormat", "textFormat"}


def not_read(given: Any, read: Any, where: str = "") -> list[str]:
    """Places in which what was read differs from what was given; what was added by default is none."""
    if isinstance(given, dict) and isinstance(read, dict):
        missing = [f"{where}.{name}" for name in given.keys() - read.keys() - UNTYPED]
        return missing + [
            w for name in given.keys() & read.keys() for w in not_read(given[name], read[name], f"{where}.{name}")
        ]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        return [
            w
            for n, (one, other) in enumerate(zip(given, read, strict=True))
            for w in not_read(one, other, f"{where}[{n}]")
        ]
    return [] if given == read else [where]


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["uid"])
def test_grafanas_own_types_know_every_field(dashboard: Json) -> None:
    """The next best to a Grafana that shows them: no package of one is to be had where these tests run."""
    read = json.loads(JSONEncoder().encode(SdkDashboard.from_json(dashboard)))
    assert not_read(dashboard, read) == []


def test_a_misspelt_option_would_be_seen() -> None:
    dashboard = json.loads(json.dumps(dashboards()[0]))
    panel = next(panel for panel in dashboard["panels"] if panel["type"] == "timeseries")
    panel["options"]["legend"]["displaymode"] = panel["options"]["legend"].pop("displayMode")
    read = json.loads(JSONEncoder().encode(SdkDashboard.from_json(dashboard)))
    assert [where.rpartition(".")[2] for where in not_read(dashboard, read)] == ["displaymode"]


def test_write_makes_one_file_a_dashboard(tmp_path: Any) -> None:
    assert write(tmp_path / "new") == [tmp_path / "new" / f"{dashboard.uid}.json" for dashboard in DASHBOARDS]


def test_uids_are_unique() -> None:
    uids = [dashboard["uid"] for dashboard in dashboards()]
    assert len(uids) == len(set(uids))


def test_every_source_that_a_dashboard_names_is_provisioned() -> None:
    sources = {source["uid"] for source in provisioned("datasources")["datasources"]}
    text = "".join(path.read_text(encoding="utf-8") for path in DASHBOARD_FILES)
    assert set(re.findall(r'"uid": "([^"]+)"', text)) - {board["uid"] for board in dashboards()} == sources


def test_provisioned_addresses_and_folders_are_those_of_the_compose_file() -> None:
    compose = default_compose()["services"]
    grafana = compose["grafana"]
    mounted = {volume.split(":")[0]: volume.split(":")[1] for volume in grafana["volumes"]}
    (provider,) = provisioned("dashboards")["providers"]
    assert provider["options"]["path"] == mounted["./deploy/grafana/dashboards"]
    assert mounted["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.removeprefix(f"{provider['options']['path']}/") in {path.name for path in DASHBOARD_FILES}
    for source in provisioned("datasources")["datasources"]:
        name, _, port = source["url"].removeprefix("http://").partition(":")
        assert compose[name]["ports"][0].endswith(f":{port}")


def test_the_source_knows_how_often_is_scraped() -> None:
    config = yaml.safe_load((GRAFANA.parent / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (source,) = [s for s in provisioned("datasources")["datasources"] if s["type"] == "prometheus"]
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]


def test_the_source_of_articles_is_the_alias_that_workers_write() -> None:
    (source,) = [s for s in provisioned("datasources")["datasources"] if s["type"] == "elasticsearch"]
    assert source["jsonData"]["index"] == names(Settings(_env_file=None)).read
    assert {target["timeField"] for _, target in index_queries()} == {source["jsonData"]["timeField"]}


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=PANEL_IDS)
def test_panels_say_what_they_show(dashboard: Json, panel: Json) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEF"[: len(panel["targets"])])


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=PANEL_IDS)
def test_panels_use_only_variables_that_the_dashboard_or_grafana_has(dashboard: Json, panel: Json) -> None:
    own = {variable["name"] for variable in dashboard["templating"]["list"]}
    for target in panel["targets"]:
        assert set(re.findall(r"\$(\w+)", target.get("expr", ""))) <= own | {"__rate_interval"}


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["uid"])
def test_every_variable_is_used(dashboard: Json) -> None:
    asked = " ".join(
        target.get("expr", "")
        for board, panel in PANELS
        if board["uid"] == dashboard["uid"]
        for target in panel["targets"]
    )
    for variable in dashboard["templating"]["list"]:
        assert f'=~"${variable["name"]}"' in asked


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["uid"])
def test_panels_lie_on_the_grid_and_not_on_each_other(dashboard: Json) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(0 <= x < 24 for x, _ in cells), panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_a_row_that_is_full_goes_on_below_its_highest_panel() -> None:
    def panel(title: str, width: int, height: int) -> Panel:
        return Panel(title, [Query("up")], "short", "It.", width=width, height=height)

    rows = (Row("first", (panel("a", 12, 4), panel("b", 12, 6), panel("c", 8, 5))), Row("second", (panel("d", 24, 2),)))
    places = {p["title"]: p["gridPos"] for p in Dashboard("x", "X", "", rows).to_json()["panels"]}
    assert places["b"] == {"x": 12, "y": 1, "w": 12, "h": 6}
    assert places["c"] == {"x": 0, "y": 7, "w": 8, "h": 5}
    assert places["second"]["y"] == 12
    assert places["d"]["y"] == 13
