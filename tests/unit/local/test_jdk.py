"""Finding a JDK among folders that look like one."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import cjdk
import pytest
from rich.console import Console

from deploy.local import jdk
from deploy.local.paths import ServiceUser
from streams.errors import OperatorError

Maker = Callable[..., Path]


def make(home: Path, version: str = "21.0.4", modules: str = "jdk.incubator.vector", javac: bool = True) -> Path:
    """A folder with a `java` that lists its modules as a real one does."""
    (home / "bin").mkdir(parents=True)
    listing = f"#!/bin/sh\necho java.base@{version}\necho {modules}@{version}\n"
    for name in ["java", *(["javac"] if javac else [])]:
        (home / "bin" / name).write_text(listing, encoding="utf-8")
        (home / "bin" / name).chmod(0o755)
    return home


def test_a_jdk_is_accepted(tmp_path: Path) -> None:
    found = jdk.inspect(make(tmp_path / "jdk", "25"), None)

    assert found == jdk.Jdk((tmp_path / "jdk").resolve(), 25)


@pytest.mark.parametrize(
    ("version", "modules", "javac"),
    [("17.0.15", "jdk.incubator.vector", True), ("21", "java.sql", True), ("25", "jdk.incubator.vector", False)],
    ids=["too old", "reduced", "a JRE"],
)
def test_what_cannot_run_elasticsearch_is_passed_over(tmp_path: Path, version: str, modules: str, javac: bool) -> None:
    assert jdk.inspect(make(tmp_path / "jdk", version, modules, javac), None) is None


def test_a_broken_jdk_is_passed_over(tmp_path: Path) -> None:
    home = make(tmp_path / "jdk")
    (home / "bin" / "java").write_bytes(b"\x7fELF of another machine")

    assert jdk.inspect(home, None) is None
    assert jdk.inspect(tmp_path / "nothing", None) is None


def test_a_jdk_that_the_servers_user_cannot_enter_is_passed_over(tmp_path: Path) -> None:
    home = make(tmp_path / "jdk")
    tmp_path.chmod(0o700)

    assert jdk.inspect(home, ServiceUser("nobody", 65534, 65534)) is None


def test_what_the_user_names_comes_first(tmp_path: Path) -> None:
    on_path, usual = make(tmp_path / "path"), make(tmp_path / "usr/lib/jvm/java-21")
    home = tmp_path / "home"
    own = make(home / ".sdkman/candidates/java/25")
    environment = {
        "ES_JAVA_HOME": "/first",
        "JAVA_HOME": "/second",
        "PATH": str(on_path / "bin"),
        "HOME": str(home),
    }

    found = list(jdk.candidates(environment, root=tmp_path))

    assert found == [Path("/first"), Path("/second"), on_path.resolve(), usual, own]


def test_an_empty_environment_still_has_the_usual_folders(tmp_path: Path) -> None:
    newer, older = make(tmp_path / "usr/lib/jvm/temurin-25"), make(tmp_path / "usr/lib/jvm/temurin-21")

    assert list(jdk.candidates({"PATH": ""}, root=tmp_path)) == [newer, older]


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=200)


def test_an_old_java_home_does_not_hide_a_good_jdk(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, good = make(tmp_path / "old", "17"), make(tmp_path / "good", "21")
    monkeypatch.setattr(jdk, "candidates", lambda _: iter([old, good]))

    assert jdk.find_jdk(tmp_path, None, console).home == good.resolve()


def test_without_any_one_is_fetched(tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = make(tmp_path / "fetched", "25")
    monkeypatch.setattr(jdk, "candidates", lambda _: iter([]))
    monkeypatch.setattr(cjdk, "java_home", lambda **_: fetched)

    assert jdk.find_jdk(tmp_path, None, console).home == fetched.resolve()


def test_none_here_and_none_to_be_had(tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> Path:
        raise cjdk.InstallError("no network")

    monkeypatch.setattr(jdk, "candidates", lambda _: iter([]))
    monkeypatch.setattr(cjdk, "java_home", refused)

    with pytest.raises(OperatorError, match="needs a JDK 21 or newer") as caught:
        jdk.find_jdk(tmp_path, None, console)
    assert "JAVA_HOME" in (caught.value.hint or "")
