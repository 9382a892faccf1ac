"""Which folders are used, and whether the servers' user can enter them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from deploy.local import paths
from deploy.local.paths import ServiceUser
from streams.errors import OperatorError
from streams.settings import Settings

NOBODY = ServiceUser("nobody", 65534, 65534)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no XDG variables."""
    for variable in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def as_user(monkeypatch: pytest.MonkeyPatch, user: ServiceUser | None) -> None:
    monkeypatch.setattr(paths, "service_user", lambda: user)


def test_a_user_keeps_all_in_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, None)

    assert paths.cache_dir() == home / ".cache" / "rasd"
    assert paths.stack_dir(Settings(_env_file=None, local_dir=None)) == home / ".local" / "state" / "rasd" / "local"


def test_xdg_folders_are_respected_when_absolute(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, None)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")

    assert paths.cache_dir() == Path("/somewhere/cache/rasd")
    assert paths.stack_dir(Settings(_env_file=None, local_dir=None)).is_relative_to(home)


def test_root_with_a_closed_home_uses_the_systems_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, NOBODY)
    home.chmod(0o700)

    assert paths.cache_dir() == Path("/var/cache/rasd")
    assert paths.stack_dir(Settings(_env_file=None, local_dir=None)) == Path("/var/lib/rasd")


def test_a_folder_that_the_servers_cannot_enter_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, NOBODY)
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    settings = Settings(_env_file=None, local_dir=closed / "deep" / "stack")

    with pytest.raises(OperatorError, match="is closed to the user nobody") as caught:
        paths.stack_dir(settings)
    assert "RASD_LOCAL_DIR=" in (caught.value.hint or "")


def test_a_relative_folder_is_made_absolute(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, None)
    monkeypatch.chdir(home)

    assert paths.stack_dir(Settings(_env_file=None, local_dir=Path("stack"))) == home / "stack"


@pytest.mark.parametrize(("mode", "open_to_nobody"), [(0o755, True), (0o711, True), (0o750, False), (0o700, False)])
def test_closed_ancestor_reads_the_permissions(tmp_path: Path, mode: int, open_to_nobody: bool) -> None:
    shared = Path(tempfile.gettempdir()).resolve()  # never ours to change
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    for parent in folder.parents:
        if (
            parent not in (shared, *shared.parents)
            and parent.stat().st_uid == os.geteuid()
            and parent.is_relative_to(shared)
        ):
            parent.chmod(0o755)

    closed = paths.closed_ancestor(folder / "later", NOBODY)

    assert (closed is None) is open_to_nobody
    assert paths.closed_ancestor(folder, None) is None


def test_writing_never_follows_a_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep", encoding="utf-8")
    (tmp_path / "config").symlink_to(precious)

    paths.write(tmp_path / "config", "جديد")

    assert precious.read_text(encoding="utf-8") == "keep"
    assert (tmp_path / "config").read_text(encoding="utf-8") == "جديد"
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o644
