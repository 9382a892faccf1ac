"""Makes the outlines of countries from Natural Earth, as world-atlas packages them: `make outlines`, which needs npm.

Coordinates are rounded to a twentieth of a degree, about 5 km, and points that fall together are dropped: at the zooms
of the desk, nobody sees it. The result is TopoJSON: borders are shared, so that neighbours still fit.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.core import get_global

PACKAGE = "world-atlas@2.0.2"
SHA256 = "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97"
MEMBER = "package/countries-50m.json"
TARGET = Path(__file__).parent.parent / "static" / "outlines.json"
STEPS_PER_DEGREE = 20

Ring = list[tuple[int, int]]


def fetch() -> dict[str, Any]:
    """Fetch the package and return its topology.

    Raises:
        SystemExit: npm fails, or the package is not the pinned one.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE], check=True)
        archive = next(Path(folder).glob("*.tgz"))
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            raise SystemExit(f"{PACKAGE} has the SHA-256 {found}, not the pinned {SHA256}")
        with tarfile.open(archive) as files:
            member = files.extractfile(MEMBER)
            if member is None:
                raise SystemExit(f"{PACKAGE} has no {MEMBER}")
            topology: dict[str, Any] = json.load(member)
    return topology


def rounded(arc: Iterable[tuple[int, int]], scale: tuple[float, float], origin: tuple[float, float]) -> Ring:
    """Decode an arc (differences of quantised points) and round it to whole steps."""
    x = y = 0
    points: Ring = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        point = (
            round((x * scale[0] + origin[0]) * STEPS_PER_DEGREE),
            round((y * scale[1] + origin[1]) * STEPS_PER_DEGREE),
        )
        if not points or points[-1] != point:
            points.append(point)
    return points


def _encoded(points: Ring) -> Iterator[tuple[int, int]]:
    x = y = 0
    for px, py in points:
        yield px - x, py - y
        x, y = px, py


def compile_outlines(topology: dict[str, Any]) -> dict[str, Any]:
    """Return the smaller topology. Countries are named by their ISO 3166-1 alpha-2 code, where they have one."""
    transform = topology["transform"]
    arcs = [rounded(arc, transform["scale"], transform["translate"]) for arc in topology["arcs"]]
    codes = get_global("territory_aliases")
    countries = [
        {
            "type": country["type"],
            "id": next(iter(codes.get(country.get("id", ""), [])), None),
            "arcs": country["arcs"],
        }
        for country in topology["objects"]["countries"]["geometries"]
    ]
    return {
        "type": "Topology",
        "transform": {"scale": [1 / STEPS_PER_DEGREE] * 2, "translate": [0, 0]},
        "objects": {"countries": {"type": "GeometryCollection", "geometries": countries}},
        "arcs": [list(_encoded(points)) for points in arcs],
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(compile_outlines(fetch()), separators=(",", ":")), encoding="utf-8")
