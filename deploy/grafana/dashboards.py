"""All dashboards of Rasd, and the command that generates their JSON files.

    python -m deploy.grafana.dashboards

Its output is committed in dashboards/; a test checks that the files are up to date.
"""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.content import CONTENT
from deploy.grafana.details import API, WORKERS
from deploy.grafana.overview import OVERVIEW
from deploy.grafana.panels import Dashboard
from deploy.grafana.servers import ELASTICSEARCH, KAFKA
from deploy.grafana.sources import SOURCES
from deploy.grafana.standing_searches import ALERTS

FOLDER = Path(__file__).parent / "dashboards"

DASHBOARDS = (OVERVIEW, WORKERS, SOURCES, CONTENT, KAFKA, ELASTICSEARCH, API, ALERTS)


def render(dashboard: Dashboard) -> str:
    """Return the content of a dashboard's file."""
    return json.dumps(dashboard.to_json(), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write all dashboards to a folder, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for dashboard in DASHBOARDS:
        path = folder / f"{dashboard.uid}.json"
        path.write_text(render(dashboard), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    write()
