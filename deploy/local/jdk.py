"""Finds a JDK that can run the servers and compile the analysis plugin, or downloads one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.paths import ServiceUser, closed_ancestor
from streams.errors import OperatorError

MINIMUM = 21
FETCHED = "temurin:25"
# Elasticsearch's vector search is compiled against this module, which a JRE or a reduced runtime lacks.
NEEDED_MODULE = "jdk.incubator.vector"

SYSTEM_FOLDERS = (
    "/usr/lib/jvm/*",
    "/usr/lib64/jvm/*",
    "/usr/java/*",
    "/opt/*",
    "/opt/java/*",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
HOME_FOLDERS = (
    ".sdkman/candidates/java/*",
    ".jdks/*",
    ".jabba/jdk/*",
    ".asdf/installs/java/*",
    ".local/share/mise/installs/java/*",
    "Library/Java/JavaVirtualMachines/*/Contents/Home",
)


@dataclass(frozen=True, slots=True)
class Jdk:
    """A usable JDK: its folder and its major version."""

    home: Path
    version: int

    @property
    def java(self) -> Path:
        """The launcher."""
        return self.home / "bin" / "java"

    @property
    def javac(self) -> Path:
        """The compiler."""
        return self.home / "bin" / "javac"


def candidates(environment: Mapping[str, str], root: Path = Path("/")) -> Iterator[Path]:
    """Yield folders that may be a JDK, best first: from the user's variables, then PATH, then the usual folders.

    Args:
        environment: environment variables.
        root: root of the file system to search.
    """
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if environment.get(variable):
            yield Path(environment[variable])
    javac = shutil.which("javac", path=environment.get("PATH", ""))
    if javac:
        yield Path(javac).resolve().parent.parent
    for pattern in SYSTEM_FOLDERS:
        yield from sorted(root.glob(pattern.lstrip("/")), reverse=True)
    if environment.get("HOME"):
        for pattern in HOME_FOLDERS:
            yield from sorted(Path(environment["HOME"]).glob(pattern), reverse=True)


def inspect(home: Path, user: ServiceUser | None) -> Jdk | None:
    """Return the JDK in a folder; None if there is none, or it is too old, incomplete, or inaccessible to `user`."""
    java, javac = home / "bin" / "java", home / "bin" / "javac"
    if not (os.access(java, os.X_OK) and os.access(javac, os.X_OK)) or closed_ancestor(home, user):
        return None
    try:
        listed = subprocess.run([java, "--list-modules"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):  # a JDK of another processor, a broken installation
        return None
    version = re.search(r"^java\.base@(\d+)", listed.stdout, re.MULTILINE)
    modules = {line.partition("@")[0] for line in listed.stdout.split()}
    if version is None or int(version[1]) < MINIMUM or NEEDED_MODULE not in modules:
        return None
    return Jdk(home.resolve(), int(version[1]))


def installed_jdk(user: ServiceUser | None) -> Jdk | None:
    """Return the first suitable JDK on this machine, or None."""
    seen: set[Path] = set()
    for home in candidates(os.environ):
        resolved = home.resolve()
        if resolved not in seen:
            seen.add(resolved)
            jdk = inspect(resolved, user)
            if jdk:
                return jdk
    return None


def find_jdk(cache: Path, user: ServiceUser | None, console: Console) -> Jdk:
    """Return a JDK of this machine, else one that cjdk downloads to the cache.

    Raises:
        OperatorError: there is none, and none can be downloaded.
    """
    found = installed_jdk(user)
    if found:
        return found
    import cjdk  # noqa: PLC0415  (of the extra `local`, which only fetching needs)

    console.print(f"no JDK {MINIMUM} or newer found: fetching {FETCHED}", highlight=False, soft_wrap=True)
    try:
        home = cjdk.java_home(jdk=FETCHED, cache_dir=cache / "jdk", progress=console.is_terminal)
    except (cjdk.CjdkError, OSError) as error:
        raise OperatorError(
            f"Elasticsearch needs a JDK {MINIMUM} or newer with javac; none was found here and none could be fetched",
            hint="install one (apt-get install openjdk-21-jdk, brew install openjdk) or set JAVA_HOME, then: rasd up",
        ) from error
    jdk = inspect(Path(home), user)
    if jdk is None:
        raise OperatorError(f"the fetched JDK in {home} cannot be used", hint=f"rm -r {cache / 'jdk'} && rasd up")
    return jdk
