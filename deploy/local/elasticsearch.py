"""A single-node Elasticsearch: the distribution on Maven Central with our analysis plugin."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from deploy.local import analysis_plugin
from deploy.local.jdk import Jdk
from deploy.local.paths import give, write
from deploy.local.process import Launch
from deploy.local.service import HOST, Program, ServerFolders, Site, identity, source

CLUSTER = "rasd-local"
TIMEOUT_SECONDS = 5.0

LOGGING = """\
status = error
property.pattern = [%d{ISO8601}] %-5p [%c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
rootLogger.appenderRef.file.ref = file
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = ${pattern}
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}${sys:file.separator}elasticsearch.log
appender.file.filePattern = ${sys:es.logs.base_path}${sys:file.separator}elasticsearch.log.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = ${pattern}
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""

# Appended to the distribution's jvm.options: no heap dumps, no GC log of up to 2 GB, no memory committed in advance.
JVM_OPTIONS = """\
-Xms{heap}
-Xmx{heap}
-XX:-AlwaysPreTouch
-XX:-HeapDumpOnOutOfMemoryError
-Xlog:disable
-Xlog:all=warning:stderr
{more}
"""


def node_settings(layout: ServerFolders, port: int) -> dict[str, object]:
    """Return the settings for elasticsearch.yml. The server does not start with settings of modules that it lacks."""
    return {
        "cluster.name": CLUSTER,
        "node.name": "local",
        "network.host": HOST,
        "http.port": port,
        "transport.port": 0,
        "discovery.type": "single-node",
        "path.data": str(layout.data),
        "path.logs": str(layout.logs),
        "path.repo": [str(layout.snapshots)],
        "xpack.security.enabled": False,
        "action.auto_create_index": False,
        # A developer's disk is often nearly full; indices must not become read-only because of it.
        "cluster.routing.allocation.disk.threshold_enabled": False,
    }


def is_unpacked(archive: Path, home: Path) -> bool:
    """Return whether `home` has every file of the archive with its full size."""
    with zipfile.ZipFile(archive) as bundle:
        for entry in bundle.infolist():
            path = home / Path(*Path(entry.filename).parts[1:])
            if not (path.is_dir() if entry.is_dir() else path.is_file() and path.stat().st_size == entry.file_size):
                return False
    return True


def unpack(archive: Path, home: Path, version: str, jdk: Jdk) -> None:
    """Unpack the archive, without its top folder, to `home` and install our plugin, atomically."""
    if home.exists():
        if is_unpacked(archive, home) and analysis_plugin.is_installed(home, version):
            return
        shutil.rmtree(home)
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=home.parent) as folder:
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(folder)
        (top,) = Path(folder).iterdir()
        analysis_plugin.install(top, version, jdk)
        top.rename(home)


class Elasticsearch:
    """See `deploy.local.service.Server`."""

    name = "elasticsearch"
    title = "Elasticsearch"

    def log(self, layout: ServerFolders) -> Path:
        """Return the log file, which is rotated at 10 MB; three old ones are kept."""
        return layout.logs / "elasticsearch.log"

    def install(self, files: Sequence[Path], cache: Path, version: str, jdk: Jdk) -> Program:
        """Unpack the distribution and add the analysis plugin."""
        (archive,) = files
        home = cache / f"elasticsearch-{version}-{analysis_plugin.digest(version)}"
        unpack(archive, home, version, jdk)
        return Program(home)

    def prepare(self, site: Site) -> Launch:
        """Write the configuration, and return the command that the distribution's launcher script would run.

        The script itself would start Java once more only to read its version, which is known.
        """
        layout, home = site.layout, site.program.home
        layout.snapshots.mkdir(exist_ok=True)
        give(layout.snapshots, site.user)
        known = identity(layout, site.port, site.version)
        lines = [f"{name}: {json.dumps(value)}" for name, value in node_settings(layout, site.port).items()]
        write(layout.config / "elasticsearch.yml", "\n".join(lines) + "\n")
        write(layout.config / "log4j2.properties", LOGGING)
        stock = (home / "config" / "jvm.options").read_text(encoding="utf-8")
        options = JVM_OPTIONS.format(heap=site.heap, more="\n".join([*known, *site.java_options]))
        write(layout.config / "jvm.options", stock + options)
        command: list[str | Path] = [
            site.jdk.java,
            *known,
            "-Xms4m",
            "-Xmx64m",
            "-XX:+UseSerialGC",
            "-Dcli.name=server",
            f"-Djava.io.tmpdir={layout.temporary}",  # the launcher leaves temporary folders behind
            f"-Dcli.script={home / 'bin' / 'elasticsearch'}",
            "-Dcli.libs=lib/tools/server-cli",
            f"-Des.path.home={home}",
            f"-Des.path.conf={layout.config}",
            "-Des.distribution.type=zip",
            "-Des.java.type=ES_JAVA_HOME",
            "-cp",
            f"{home / 'lib'}/*:{home / 'lib' / 'cli-launcher'}/*",
            "org.elasticsearch.launcher.CliToolLauncher",
            "--daemonize",
        ]
        environment = {"ES_TMPDIR": str(layout.temporary), "ES_JAVA_HOME": str(site.jdk.home)}
        return Launch(command, home, environment)

    def trouble(self, port: int) -> str | None:
        """Request the cluster's health. It is red until the indices of an earlier run are open."""
        try:
            connection = HTTPConnection(HOST, port, TIMEOUT_SECONDS, source(port))
            with closing(connection):
                connection.request("GET", "/_cluster/health")
                health = json.load(connection.getresponse())
        except (OSError, HTTPException, ValueError) as error:
            return f"no answer on port {port} ({error})"
        if not isinstance(health, dict) or health.get("cluster_name") != CLUSTER:
            return f"another cluster answers on port {port}"
        return None if health.get("status") in {"green", "yellow"} else "its indices are not open yet"
