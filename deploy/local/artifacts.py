"""The pinned files of the native stack, and the command that updates the pins.

`artifacts.json` lists every file with its Maven coordinate, size and SHA-256. To change a version, edit `roots` there
and run `python -m deploy.local.artifacts`.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jgo.maven import MavenContext

PINS = Path(__file__).with_name("artifacts.json")


@dataclass(frozen=True, slots=True)
class Pin:
    """One file: `group:artifact:version:packaging`, its size in bytes and its SHA-256 in hexadecimal."""

    coordinate: str
    size: int
    sha256: str

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Group, artifact, version, packaging."""
        group, artifact, version, packaging = self.coordinate.split(":")
        return group, artifact, version, packaging

    @property
    def filename(self) -> str:
        """The file's name in a Maven repository."""
        _, artifact, version, packaging = self.parts
        return f"{artifact}-{version}.{packaging}"


@dataclass(frozen=True, slots=True)
class Product:
    """A server: its version and all its files."""

    name: str
    version: str
    files: tuple[Pin, ...]

    @property
    def size(self) -> int:
        """Total size of the files in bytes."""
        return sum(pin.size for pin in self.files)


def load_product(name: str, pins: Path = PINS) -> Product:
    """Load the pins of the product `kafka` or `elasticsearch`."""
    entry = json.loads(pins.read_text(encoding="utf-8"))[name]
    files = tuple(Pin(item["coordinate"], item["size"], item["sha256"]) for item in entry["files"])
    return Product(name, entry["version"], files)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_intact(path: Path, pin: Pin) -> bool:
    """Return whether the file exists with the pinned size and SHA-256."""
    return path.is_file() and path.stat().st_size == pin.size and sha256_of(path) == pin.sha256


def _resolve(context: MavenContext, root: str) -> Iterable[Any]:
    """Return the artifact of a root coordinate and, for a jar, those of all its run-time dependencies."""
    group, name, version, packaging = root.split(":")
    if packaging != "jar":
        return [context.project(group, name).at_version(version).artifact(packaging=packaging)]
    dependency = context.create_dependency(f"{group}:{name}:{version}")
    _, nodes = context.resolver.get_dependency_list([dependency])
    return [dependency.artifact, *(node.dep.artifact for node in nodes)]


def _pin(artifact: Any) -> dict[str, Any]:
    path = artifact.resolve()
    coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}:{artifact.packaging}"
    return {"coordinate": coordinate, "size": path.stat().st_size, "sha256": sha256_of(path)}


def rebuild(pins: Path = PINS) -> None:
    """Resolve every product's `roots` in the registry, and write the resulting files as the new pins."""
    from jgo.maven import MavenContext  # noqa: PLC0415  (of the extra `local`, which only fetching needs)

    products = json.loads(pins.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="rasd-pins-") as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=60)
        for product in products.values():
            product["version"] = product["roots"][0].split(":")[2]
            found = {pin["coordinate"]: pin for root in product["roots"] for pin in map(_pin, _resolve(context, root))}
            product["files"] = [found[coordinate] for coordinate in sorted(found)]
    pins.write_text(json.dumps(products, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rebuild()
