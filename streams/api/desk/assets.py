"""Files that browsers load: styles, scripts and icons of this folder, and those of pinned packages.

All are read and compressed once, when the process starts. Their names contain a hash of their content, so that browsers
keep them for ever. A text refers to another one as `asset:NAME`, which is replaced by its address.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

PREFIX = "/assets/"
_REFERENCE = re.compile(r"asset:([\w.-]+)")
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "json": "application/json",
    "png": "image/png",
}
_TEXT = frozenset({"css", "js"})
# Files of pinned packages, by the names under which the texts of this folder refer to them.
_PACKAGED = {
    "plex-regular.ttf": ("fontpkg_ibm_plex_sans_arabic", "files/IBMPlexSansArabic-Regular.ttf"),
    "leaflet.js": ("xstatic.pkg.leaflet", "data/leaflet.js"),
    "leaflet.css": ("xstatic.pkg.leaflet", "data/leaflet.css"),
    "plex-semibold.ttf": ("fontpkg_ibm_plex_sans_arabic", "files/IBMPlexSansArabic-SemiBold.ttf"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: its address, media type, content, and the same compressed with gzip."""

    path: str
    media_type: str
    content: bytes
    compressed: bytes


class Assets:
    """The files by their plain names, such as `desk.css`.

    Args:
        sources: where to read each of them.

    Raises:
        KeyError: a text refers to a file that there is not.
        FileNotFoundError: a package lacks the file.
    """

    def __init__(self, sources: Mapping[str, Traversable]) -> None:
        self._sources = sources
        self._found: dict[str, Asset] = {}
        for name in sources:
            self._load(name, ())
        self._by_path = {asset.path: asset for asset in self._found.values()}

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return self._found[name].path

    def at(self, path: str) -> Asset | None:
        """Return the file at an address, or None."""
        return self._by_path.get(path)

    def _load(self, name: str, parents: tuple[str, ...]) -> Asset:
        if name in parents:
            raise ValueError(f"the assets {' and '.join(parents)} refer to each other")
        if name in self._found:
            return self._found[name]
        content = self._sources[name].read_bytes()
        kind = name.rpartition(".")[2]
        if kind in _TEXT:
            within: Callable[[re.Match[str]], str] = lambda found: self._load(found[1], (*parents, name)).path  # noqa: E731
            content = _REFERENCE.sub(within, content.decode()).encode()
        stem = name.rpartition(".")[0]
        digest = hashlib.sha256(content).hexdigest()[:12]
        asset = Asset(f"{PREFIX}{stem}.{digest}.{kind}", _TYPES[kind], content, gzip.compress(content, 9, mtime=0))
        self._found[name] = asset
        return asset


def load_assets() -> Assets:
    """Read all files of the desk."""
    own = {entry.name: entry for entry in files(__package__).joinpath("static").iterdir() if entry.is_file()}
    packaged = {name: files(package).joinpath(path) for name, (package, path) in _PACKAGED.items()}
    return Assets(own | packaged)
