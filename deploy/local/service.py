"""The interface of the two servers, and what they have in common: folders, ports, launch parameters."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.jdk import Jdk
from deploy.local.paths import ServiceUser
from deploy.local.process import Launch, marker

HOST = "127.0.0.1"
OWN_PORTS = range(10_000, 32_768)  # ephemeral ports start at 32768 on Linux, 49152 elsewhere


@dataclass(frozen=True, slots=True)
class ServerFolders:
    """The folders of one server in one stack."""

    folder: Path

    @property
    def data(self) -> Path:
        """Data that survives a restart."""
        return self.folder / "data"

    @property
    def config(self) -> Path:
        """Configuration, rewritten at each start."""
        return self.folder / "config"

    @property
    def logs(self) -> Path:
        """The server's log files, and its output while starting."""
        return self.folder / "logs"

    @property
    def output(self) -> Path:
        """Output of the process since its last start."""
        return self.logs / "start.log"

    @property
    def temporary(self) -> Path:
        """Temporary files of the server."""
        return self.folder / "tmp"

    @property
    def snapshots(self) -> Path:
        """Snapshots of the index, outside the servers' folders: `rasd down --wipe` keeps them."""
        return self.folder.parent / "snapshots"

    @property
    def parts(self) -> tuple[Path, ...]:
        """Folders that the server must own if it runs as another user."""
        return self.data, self.config, self.logs, self.temporary


def free_port(avoid: int = 0) -> int:
    """Return a free TCP port of the loopback interface other than `avoid`.

    It is outside the ephemeral range, so that no outgoing connection can occupy it before the server starts.

    Raises:
        OSError: none of 100 random ports was free.
    """
    for port in random.sample(OWN_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            if port != avoid:
                return port
    raise OSError("no free port on the loopback interface")


def source(port: int) -> tuple[str, int]:
    """Return a source address for a connection to `port`.

    While nothing listens on `port`, the system might choose it as the source port: the client would then be connected
    to itself, and the starting server would find its port in use.
    """
    return HOST, free_port(avoid=port)


def identity(layout: ServerFolders, port: int, version: str) -> list[str]:
    """Return the Java options by which `deploy.local.stack` identifies the server's process."""
    return [marker(layout.folder), f"-Drasd.port={port}", f"-Drasd.version={version}"]


@dataclass(frozen=True, slots=True)
class Program:
    """An installed server program: its jars, or the folder of its distribution."""

    home: Path
    jars: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """All parameters for starting a server."""

    layout: ServerFolders
    port: int
    heap: str
    max_message_bytes: int
    version: str
    jdk: Jdk
    program: Program
    user: ServiceUser | None
    java_options: Sequence[str] = ()


class Server(Protocol):
    """One of the two servers; the modules `kafka` and `elasticsearch` each have one."""

    @property
    def name(self) -> str:
        """Name in commands and folders."""

    @property
    def title(self) -> str:
        """Name shown to users."""

    def log(self, layout: ServerFolders) -> Path:
        """Return the path of the main log file."""

    def install(self, files: Sequence[Path], cache: Path, version: str, jdk: Jdk) -> Program:
        """Install the program from the downloaded files into `cache`, once. The caller holds the cache's lock."""

    def prepare(self, site: Site) -> Launch:
        """Write the configuration and other files that the server needs, and return how to start it."""

    def trouble(self, port: int) -> str | None:
        """Send a real request to a running server; return None if it is ready, else what is wrong."""
