"""The folders of the native stack, and the user that its servers run as."""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from streams.errors import OperatorError
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """The unprivileged user that the servers run as when root starts them."""

    name: str
    uid: int
    gid: int


def service_user() -> ServiceUser | None:
    """Return the user to run the servers as, or None if we are unprivileged. Elasticsearch refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise OperatorError(
            "root needs an unprivileged user `nobody` to run Elasticsearch as, and there is none",
            hint="useradd --system --no-create-home nobody",
        ) from error
    return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _may_enter(folder: Path, user: ServiceUser) -> bool:
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def closed_ancestor(path: Path, user: ServiceUser | None) -> Path | None:
    """Return the outermost existing folder on the path to `path` that `user` may not enter, or None."""
    if user is None:
        return None
    resolved = path.resolve()
    for folder in [*reversed(resolved.parents), resolved]:
        if folder.is_dir() and not _may_enter(folder, user):
            return folder
    return None


def _xdg(variable: str, default: str) -> Path:
    """Return an XDG base folder. Relative values are ignored, as the specification requires."""
    value = Path(os.environ.get(variable, ""))
    return value if value.is_absolute() else Path.home() / default


def cache_dir() -> Path:
    """Return the folder for downloads, shared by all stacks of a user.

    The servers read their programs from here; so if the servers' user may not enter root's own cache, it is /var/cache.
    """
    folder = _xdg("XDG_CACHE_HOME", ".cache") / "rasd"
    return folder if closed_ancestor(folder, service_user()) is None else Path("/var/cache/rasd")


def stack_dir(settings: Settings) -> Path:
    """Return the absolute folder of a stack's data, configuration and logs.

    Raises:
        OperatorError: `local_dir` is inside a folder that the servers' user may not enter.
    """
    user = service_user()
    if settings.local_dir is None:
        return Path("/var/lib/rasd") if user else _xdg("XDG_STATE_HOME", ".local/state") / "rasd" / "local"
    folder = settings.local_dir.expanduser().absolute()
    closed = closed_ancestor(folder, user)
    if user and closed:
        raise OperatorError(
            f"{closed} is closed to the user {user.name}, as whom root runs the servers, so {folder} cannot be used",
            hint="RASD_LOCAL_DIR=/var/lib/rasd rasd up",
        )
    return folder


def give(folder: Path, user: ServiceUser | None) -> None:
    """Change the owner of a folder and its content to the servers' user."""
    if user is not None:
        for entry in [folder, *folder.rglob("*")]:
            os.chown(entry, user.uid, user.gid, follow_symlinks=False)


def write(path: Path, text: str) -> None:
    """Write a world-readable file, in a folder that may belong to the servers' user.

    The file is created and then renamed, so that root never writes through a link that somebody put there.
    """
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as stream:
        stream.write(text)
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)
