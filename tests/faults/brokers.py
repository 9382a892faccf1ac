"""Kafka brokers beside the shared stack: several of them, or one whose clients reach it through a `BadLine`."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.artifacts import load_product
from deploy.local.fetch import fetch
from deploy.local.jdk import find_jdk
from deploy.local.kafka import LOGGING, Kafka, escaped, properties
from deploy.local.paths import cache_dir, service_user
from deploy.local.service import HOST, ServerFolders, Site
from deploy.local.service import Program as InstalledProgram
from deploy.local.temporary import QUICK_JAVA
from tests.support.processes import free_port, wait_until

HEAP = "400m"
START_SECONDS = 180.0


@dataclass
class Broker:
    """One broker, which is also a controller.

    Attributes:
        number: its node id.
        port: port that it listens on.
        folder: its data, configuration and log.
    """

    number: int
    port: int
    folder: Path
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it."""
        with (self.folder / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        if wait:
            self.until_ready()

    def until_ready(self) -> None:
        """Wait until it answers clients."""
        wait_until(lambda: Kafka().trouble(self.port) is None, START_SECONDS, self.tail)

    def kill(self) -> None:
        """End it with kill −9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    def tail(self) -> str:
        """Return the end of its output."""
        return "\n".join((self.folder / "output.log").read_text(errors="replace").splitlines()[-20:])


@contextmanager
def brokers(
    folder: Path, number: int, *, advertised: Sequence[int] = (), changes: Mapping[str, str] | None = None
) -> Iterator[list[Broker]]:
    """Run a cluster of so many brokers within the context.

    Args:
        folder: for their data, which is kept.
        number: how many.
        advertised: the port of each that clients are told, if it is another than the broker's own.
        changes: properties that differ from those of the native stack.
    """
    console = Console(stderr=True, quiet=True)
    cache, product = cache_dir(), load_product("kafka")
    jdk = find_jdk(cache, service_user(), console)
    jars = fetch(product, cache, console)
    program = InstalledProgram(cache, jars)
    ports = [(free_port(), free_port()) for _ in range(number)]
    voters = ",".join(f"{at + 1}@{HOST}:{controller}" for at, (_, controller) in enumerate(ports))
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    made: list[Broker] = []
    for at, (port, controller) in enumerate(ports):
        home = folder / f"broker{at + 1}"
        home.mkdir(parents=True)
        site = Site(ServerFolders(home), port, HEAP, 128 * 1024 * 1024, product.version, jdk, program, None)
        own = properties(site, controller) | {
            "node.id": str(at + 1),
            "controller.quorum.voters": voters,
            "advertised.listeners": f"PLAINTEXT://{HOST}:{advertised[at] if advertised else port}",
            "offsets.topic.replication.factor": str(min(3, number)),
            **(changes or {}),
        }
        settings = home / "server.properties"
        settings.write_text("".join(f"{name}={escaped(value)}\n" for name, value in own.items()))
        logging = home / "log4j2.properties"
        logging.write_text(LOGGING)
        classpath = ":".join(map(str, jars))
        tool = [str(jdk.java), "-Xmx256m", "-cp", classpath, "kafka.tools.StorageTool", "format"]
        subprocess.run([*tool, f"--cluster-id={cluster}", "-c", str(settings)], check=True, capture_output=True)
        options = [
            QUICK_JAVA,
            f"-Xmx{HEAP}",
            f"-Drasd.log={home / 'kafka.log'}",
            f"-Dlog4j2.configurationFile={logging}",
        ]
        made.append(
            Broker(at + 1, port, home, [str(jdk.java), *options, "-cp", classpath, "kafka.Kafka", str(settings)])
        )
    try:
        for broker in made:
            broker.start(wait=False)
        for broker in made:
            broker.until_ready()
        yield made
    finally:
        for broker in made:
            broker.kill()


def bootstrap(made: Sequence[Broker]) -> str:
    """Return the addresses of brokers as RASD_KAFKA_BOOTSTRAP takes them."""
    return ",".join(f"{HOST}:{broker.port}" for broker in made)
