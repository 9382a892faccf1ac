"""All dashboards of Rasd, and the command that writes them where Grafana reads them.

    python -m deploy.grafana.dashboards

The JSON files in dashboards/ are its output; a test holds them equal to it.
"""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.content import CONTENT
from deploy.grafana.details import API, WORKERS
from deploy.grafana.overview import OVERVIEW
from deploy.grafana.panels import Dashboard
from deploy.grafana.servers import ELASTICSEARCH, KAFKA

FOLDER = Path(__file__).parent / "dashboards"

DASHBOARDS = (OVERVIEW, WORKERS, CONTENT, KAFKA, ELASTICSEARCH, API)


def render(dashboard: Dashboard) -> str:
    """The file of one dashboard."""
    return json.dumps(dashboard.to_json(), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write every dashboard into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for dashboard in DASHBOARDS:
        path = folder / f"{dashboard.uid}.json"
        path.write_text(render(dashboard), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    write()
