"""Compiles the analysis plugin that the Elasticsearch distribution on Maven Central needs.

That distribution lacks the module with the language analyzers, but includes the Lucene library that implements them.
The Java sources in `plugin/` register them under their usual names.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import zipfile
from pathlib import Path

from deploy.local.jdk import MINIMUM, Jdk
from streams.errors import OperatorError

SOURCES = Path(__file__).with_name("plugin")
NAME = "rasd-analysis"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip file; a fixed one makes the jar reproducible

DESCRIPTOR = """\
name={name}
description=The analysis components of the full distribution under their stock names
version={version}
elasticsearch.version={version}
java.version={java}
classname=rasd.analysis.StockAnalysisPlugin
"""


def sources(root: Path = SOURCES) -> list[Path]:
    """Return all Java files of the plugin, sorted."""
    return sorted(root.rglob("*.java"))


def digest(version: str, root: Path = SOURCES) -> str:
    """Return a digest of the plugin's sources and the server's version, as 12 hexadecimal digits."""
    state = hashlib.sha256(version.encode())
    for path in sources(root):
        state.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:12]


def compile_into(classes: Path, libraries: Path, jdk: Jdk) -> None:
    """Compile the sources.

    Args:
        classes: folder for the class files.
        libraries: folder of the server's jars.
        jdk: the JDK whose compiler to use.

    Raises:
        OperatorError: compilation fails.
    """
    command: list[str | Path] = [
        jdk.javac,
        "--release",
        str(MINIMUM),
        "-encoding",
        "UTF-8",
        "-cp",
        f"{libraries}/*",
        "-d",
        classes,
    ]
    done = subprocess.run([*command, *sources()], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        first = next((line for line in done.stderr.splitlines() if "error" in line), "no message")
        raise OperatorError(
            f"the analysis plugin cannot be compiled with {jdk.javac}: {first}", hint="JAVA_HOME=<another JDK> rasd up"
        )


def install(home: Path, version: str, jdk: Jdk) -> None:
    """Compile the plugin and install it in `home`, the folder of an Elasticsearch distribution of this version."""
    folder = home / "plugins" / NAME
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="rasd-plugin-") as temporary:
        classes = Path(temporary)
        compile_into(classes, home / "lib", jdk)
        with zipfile.ZipFile(folder / f"{NAME}-{version}.jar", "w", zipfile.ZIP_DEFLATED) as jar:
            for path in sorted(classes.rglob("*.class")):
                jar.writestr(zipfile.ZipInfo(path.relative_to(classes).as_posix(), FIXED_TIME), path.read_bytes())
    descriptor = DESCRIPTOR.format(name=NAME, version=version, java=MINIMUM)
    (folder / "plugin-descriptor.properties").write_text(descriptor, encoding="utf-8")


def is_installed(home: Path, version: str) -> bool:
    """Return whether `home` contains the complete plugin."""
    folder = home / "plugins" / NAME
    jar = folder / f"{NAME}-{version}.jar"
    return (folder / "plugin-descriptor.properties").is_file() and zipfile.is_zipfile(jar)
