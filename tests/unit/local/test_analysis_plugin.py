"""Compiling the plugin, without a compiler."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from deploy.local import analysis_plugin
from deploy.local.jdk import Jdk
from streams.errors import OperatorError


def fake_jdk(folder: Path, javac: str) -> Jdk:
    """A JDK whose compiler is a shell script."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "javac").write_text(f"#!/bin/sh\n{javac}\n", encoding="utf-8")
    (folder / "bin" / "javac").chmod(0o755)
    return Jdk(folder, 25)


# The class files go where the argument after -d says.
COMPILES = 'while [ "$1" != -d ]; do shift; done; mkdir -p "$2/rasd"; printf class > "$2/rasd/A.class"'


def test_the_digest_follows_the_sources_and_the_version(tmp_path: Path) -> None:
    (tmp_path / "A.java").write_text("class A {}", encoding="utf-8")
    first = analysis_plugin.digest("9.2.8", tmp_path)

    assert first == analysis_plugin.digest("9.2.8", tmp_path)
    assert first != analysis_plugin.digest("9.2.9", tmp_path)
    (tmp_path / "A.java").write_text("class A { }", encoding="utf-8")
    changed = analysis_plugin.digest("9.2.8", tmp_path)
    (tmp_path / "A.java").rename(tmp_path / "B.java")
    assert len({first, changed, analysis_plugin.digest("9.2.8", tmp_path)}) == 3


def test_the_jar_and_its_descriptor(tmp_path: Path) -> None:
    home = tmp_path / "home"
    jdk = fake_jdk(tmp_path / "jdk", COMPILES)

    assert not analysis_plugin.is_installed(home, "9.2.8")
    analysis_plugin.install(home, "9.2.8", jdk)

    assert analysis_plugin.is_installed(home, "9.2.8")
    assert not analysis_plugin.is_installed(home, "9.2.9")
    folder = home / "plugins" / "rasd-analysis"
    with zipfile.ZipFile(folder / "rasd-analysis-9.2.8.jar") as jar:
        assert jar.read("rasd/A.class") == b"class"
    descriptor = dict(
        line.split("=") for line in (folder / "plugin-descriptor.properties").read_text(encoding="utf-8").splitlines()
    )
    assert descriptor["elasticsearch.version"] == "9.2.8"
    source = Path(*descriptor["classname"].split(".")).with_suffix(".java")
    assert source in [path.relative_to(analysis_plugin.SOURCES) for path in analysis_plugin.sources()]


def test_a_compiler_error_is_one_line(tmp_path: Path) -> None:
    jdk = fake_jdk(tmp_path / "jdk", 'echo "A.java:3: error: cannot find symbol" >&2; echo "  more" >&2; exit 1')

    with pytest.raises(OperatorError, match="cannot find symbol") as caught:
        analysis_plugin.install(tmp_path / "home", "9.2.8", jdk)
    assert "\n" not in caught.value.message
