"""Downloads the pinned files to the cache and verifies the SHA-256 of every file, including those already cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from deploy.local.artifacts import Pin, Product, is_intact
from deploy.local.preflight import explained, require_space

if TYPE_CHECKING:
    from deploy.local.download import ProgressCallback


def cached_path(cache: Path, pin: Pin) -> Path:
    """Return the path of a file in the cache, which has the layout of a Maven repository."""
    group, artifact, version, _ = pin.parts
    return cache / "repository" / Path(*group.split(".")) / artifact / version / pin.filename


@contextmanager
def _progress(console: Console, label: str, total: int) -> Iterator[ProgressCallback | None]:
    """Show a progress bar on a terminal; elsewhere print two lines and yield no callback."""
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


def fetch(product: Product, cache: Path, console: Console) -> list[Path]:
    """Return all files of a product, in the order of its pins; download missing and damaged ones.

    Raises:
        OperatorError: there is no network, a download is damaged repeatedly, or the disk is full.
    """
    paths = [cached_path(cache, pin) for pin in product.files]
    wanted = [(pin, path) for pin, path in zip(product.files, paths, strict=True) if not is_intact(path, pin)]
    if not wanted:
        return paths
    # Needs the extra `local`; a stack whose files are cached starts without it.
    from deploy.local.download import download  # noqa: PLC0415

    for _, path in wanted:
        if path.exists():
            console.print(f"{path} is damaged: fetching it again", highlight=False, soft_wrap=True)
    total = sum(pin.size for pin, _ in wanted)
    require_space(cache, 2 * total)
    label = f"{product.name.capitalize()} {product.version}"
    with explained(cache), _progress(console, label, total) as callback:
        for pin, path in wanted:
            download(pin, path, callback)
    return paths
