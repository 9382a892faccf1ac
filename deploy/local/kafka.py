"""A single-node Kafka: broker and controller in one process (KRaft)."""

from __future__ import annotations

import socket
import struct
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from deploy.local import process
from deploy.local.jdk import Jdk
from deploy.local.paths import write
from deploy.local.process import Launch
from deploy.local.service import HOST, Program, ServerFolders, Site, free_port, identity, source
from streams.errors import OperatorError

MIB = 1024 * 1024
# A request contains a record and its envelope; the broker rejects larger ones before it reads them.
ENVELOPE_BYTES = MIB
TIMEOUT_SECONDS = 5.0
METADATA_KEY, METADATA_VERSION = 3, 1  # Kafka protocol guide, "Metadata Request (Version: 1)"

LOGGING = """\
status = warn
property.pattern = [%d{ISO8601}] %-5p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:rasd.log}
appender.file.filePattern = ${sys:rasd.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = ${pattern}
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""


def properties(site: Site, controller_port: int) -> dict[str, str]:
    """Return server.properties: one node, its limits, and settings that let a developer's broker start fast."""
    largest = site.max_message_bytes + ENVELOPE_BYTES
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{site.port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{site.port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(site.layout.data),
        "auto.create.topics.enable": "false",
        "num.partitions": "1",
        # A page of 50 MB is written whole to the dead letters.
        "message.max.bytes": str(largest),
        "replica.fetch.max.bytes": str(largest),
        "socket.request.max.bytes": str(largest + ENVELOPE_BYTES),
        "default.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Workers on one machine start one after another; a long wait for more of them only delays the first record.
        "group.initial.rebalance.delay.ms": "300",
        # After a crash the controller, in the same process, waits this long for the old broker to come back.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        "log.retention.hours": "168",
        "log.segment.bytes": str(256 * MIB),
    }


def escaped(value: str) -> str:
    """Escape a value for a Java properties file, which is Latin-1; other characters become UTF-16 escapes."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    letters = [units[at] * 256 + units[at + 1] for at in range(0, len(units), 2)]
    return "".join(chr(letter) if 0x20 <= letter < 0x7F else f"\\u{letter:04x}" for letter in letters)


def metadata_request() -> bytes:
    """Return a Kafka metadata request for brokers and no topics, preceded by its length."""
    client = b"rasd"
    header = struct.pack(">hhih", METADATA_KEY, METADATA_VERSION, 1, len(client)) + client
    body = header + struct.pack(">i", 0)
    return struct.pack(">i", len(body)) + body


def broker_count(response: bytes) -> int:
    """Return the number of brokers in a metadata response without its length.

    Raises:
        ValueError: it is not a response to `metadata_request`.
    """
    if len(response) < 8 or struct.unpack_from(">i", response)[0] != 1:
        raise ValueError("not a Kafka metadata response")
    return int(struct.unpack_from(">i", response, 4)[0])


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = connection.recv(size - len(received))
        if not chunk:
            raise ConnectionError("the connection was closed")
        received += chunk
    return received


class Kafka:
    """See `deploy.local.service.Server`."""

    name = "kafka"
    title = "Kafka"

    def log(self, layout: ServerFolders) -> Path:
        """Return the log file, which is rotated at 10 MB; three old ones are kept."""
        return layout.logs / "kafka.log"

    def install(self, files: Sequence[Path], cache: Path, version: str, jdk: Jdk) -> Program:  # noqa: ARG002
        """Return the program; the jars are used from the cache."""
        return Program(cache, files)

    def prepare(self, site: Site) -> Launch:
        """Write the configuration, format the data folder on first use, and return the command."""
        layout = site.layout
        settings = layout.config / "server.properties"
        lines = [f"{name}={escaped(value)}\n" for name, value in properties(site, free_port()).items()]
        write(settings, "".join(lines))
        logging = layout.config / "log4j2.properties"
        write(logging, LOGGING)
        java: list[str | Path] = [
            site.jdk.java,
            *identity(layout, site.port, site.version),
            f"-Drasd.log={self.log(layout)}",
            f"-Dlog4j2.configurationFile={logging}",
            f"-Djava.io.tmpdir={layout.temporary}",
            "-Djava.awt.headless=true",
            f"-Xmx{site.heap}",
            "-XX:+UseG1GC",
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={layout.logs / 'hs_err_pid%p.log'}",
            *site.java_options,
            "-cp",
            ":".join(str(jar) for jar in site.program.jars),
        ]
        if not (layout.data / "meta.properties").exists():
            self._format(site, settings)
        return Launch([*java, "kafka.Kafka", settings], layout.folder, {})

    def _format(self, site: Site, settings: Path) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        classpath = ":".join(str(jar) for jar in site.program.jars)
        tool: list[str | Path] = [site.jdk.java, "-Xmx256m", "-cp", classpath, "kafka.tools.StorageTool"]
        done = process.run(
            [*tool, "format", "--ignore-formatted", f"--cluster-id={cluster}", "-c", settings],
            folder=site.layout.folder,
            user=site.user,
        )
        if done.returncode != 0:
            last = (done.stdout.strip().splitlines() or ["no message"])[-1]
            raise OperatorError(f"Kafka's data folder cannot be formatted: {last}", hint="rasd down --wipe && rasd up")

    def trouble(self, port: int) -> str | None:
        """Request the list of brokers, in which a broker appears once it serves clients."""
        try:
            with socket.create_connection((HOST, port), TIMEOUT_SECONDS, source(port)) as connection:
                connection.sendall(metadata_request())
                (size,) = struct.unpack(">i", _receive(connection, 4))
                count = broker_count(_receive(connection, size))
        except (OSError, ValueError) as error:
            return f"no answer on port {port} ({error})"
        return None if count else "it does not serve clients yet"
