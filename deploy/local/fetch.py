"""Fetches the pinned files into the cache and holds every one against its SHA-256, fetched now or earlier."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from deploy.local.artifacts import Pin, Product, sha256_of
from deploy.local.preflight import explained, require_space
from streams.errors import OperatorError

ATTEMPTS = 2  # the first, and one more that heals a damaged or broken-off download
TIMEOUT_SECONDS = 60

ProgressCallback = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def cached_path(cache: Path, pin: Pin) -> Path:
    """Where the cache keeps a file: the layout of a Maven repository."""
    group, artifact, version, _ = pin.parts
    return cache / "repository" / Path(*group.split(".")) / artifact / version / pin.filename


def is_intact(path: Path, pin: Pin) -> bool:
    """Whether the file is there, whole and unchanged."""
    return path.is_file() and path.stat().st_size == pin.size and sha256_of(path) == pin.sha256


@contextmanager
def _progress(console: Console, label: str, total: int) -> Iterator[ProgressCallback | None]:
    """A bar on a terminal; elsewhere two plain lines and no callback."""
    if not console.is_terminal:
        console.print(f"{label}: fetching {decimal(total)}", highlight=False, soft_wrap=True)
        yield None
        console.print(f"{label}: fetched", highlight=False, soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)

        @contextmanager
        def one_file(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
            yield lambda count: bar.advance(task, count)

        yield one_file


def _download(pin: Pin, incoming: Path, callback: ProgressCallback | None) -> Path:
    """Fetch one file into the folder `incoming`, whatever its content."""
    group, name, version, packaging = pin.parts
    resolver = PythonResolver(progress_callback=callback)
    context = MavenContext(resolver=resolver, repo_cache=incoming, timeout=TIMEOUT_SECONDS)
    path: Path = context.project(group, name).at_version(version).artifact(packaging=packaging).resolve()
    return path


def _fetch_one(pin: Pin, target: Path, callback: ProgressCallback | None) -> None:
    """Fetch one file, check it, and only then put it in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    trouble = ""
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=target.parent) as folder:
            try:
                path = _download(pin, Path(folder), callback)
            except requests.RequestException as error:
                trouble = f"{pin.filename} cannot be fetched from Maven Central ({type(error).__name__})"
                continue
            except RuntimeError as error:  # jgo's word for a registry that answers but does not give the file
                raise OperatorError(
                    f"Maven Central does not give {pin.filename}", hint="check the network or proxy, then: rasd up"
                ) from error
            if is_intact(path, pin):
                path.replace(target)
                return
            trouble = f"the download of {pin.filename} is damaged, its SHA-256 is not the pinned one"
    raise OperatorError(trouble, hint="check the network or proxy, then: rasd up")


def fetch(product: Product, cache: Path, console: Console) -> list[Path]:
    """All files of a product, in the order of its pins; missing and damaged ones are fetched.

    Raises:
        OperatorError: no network, a download that stays damaged, a full disk.
    """
    paths = [cached_path(cache, pin) for pin in product.files]
    wanted = [(pin, path) for pin, path in zip(product.files, paths, strict=True) if not is_intact(path, pin)]
    if not wanted:
        return paths
    for _, path in wanted:
        if path.exists():
            console.print(f"{path} is damaged: fetching it again", highlight=False, soft_wrap=True)
    total = sum(pin.size for pin, _ in wanted)
    require_space(cache, 2 * total)
    label = f"{product.name.capitalize()} {product.version}"
    with explained(cache), _progress(console, label, total) as callback:
        for pin, path in wanted:
            _fetch_one(pin, path, callback)
    return paths
