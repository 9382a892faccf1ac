"""Downloads one pinned file from Maven Central with jgo. The packages are those of the extra `local`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from deploy.local.artifacts import Pin, is_intact
from streams.errors import OperatorError

ATTEMPTS = 2  # the first, and one more that heals a damaged or broken-off download
TIMEOUT_SECONDS = 60

# jgo calls it with a file's name and size in bytes, and then what it returns with the bytes of each part that arrived.
ProgressCallback = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def _request(pin: Pin, incoming: Path, callback: ProgressCallback | None) -> Path:
    """Fetch one file into the folder `incoming`, whatever its content."""
    group, name, version, packaging = pin.parts
    resolver = PythonResolver(progress_callback=callback)
    context = MavenContext(resolver=resolver, repo_cache=incoming, timeout=TIMEOUT_SECONDS)
    path: Path = context.project(group, name).at_version(version).artifact(packaging=packaging).resolve()
    return path


def download(pin: Pin, target: Path, callback: ProgressCallback | None) -> None:
    """Fetch one file, check it, and only then move it to `target`.

    Raises:
        OperatorError: no network, or a file that is not the pinned one at the second attempt either.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    trouble = ""
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=target.parent) as folder:
            try:
                path = _request(pin, Path(folder), callback)
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
