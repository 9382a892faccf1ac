"""What the two servers have in common: folders, files, and the way they are asked whether they are ready."""

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
OWN_PORTS = range(10_000, 32_768)  # outgoing connections start from 32768 on Linux, 49152 elsewhere


@dataclass(frozen=True, slots=True)
class ServerFolders:
    """The folder of one server in one stack."""

    folder: Path

    @property
    def data(self) -> Path:
        """What must survive a restart."""
        return self.folder / "data"

    @property
    def config(self) -> Path:
        """Written anew at each start."""
        return self.folder / "config"

    @property
    def logs(self) -> Path:
        """The server's log, and what it printed while starting."""
        return self.folder / "logs"

    @property
    def output(self) -> Path:
        """What the process printed, the last start only."""
        return self.logs / "start.log"

    @property
    def temporary(self) -> Path:
        """Scratch files of the server."""
        return self.folder / "tmp"

    @property
    def snapshots(self) -> Path:
        """Back-ups of the index, beside the servers' folders: `rasd down --wipe` leaves them."""
        return self.folder.parent / "snapshots"

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders that are the server's own, when it runs as another user than we."""
        return self.data, self.config, self.logs, self.temporary


def free_port(avoid: int = 0) -> int:
    """A TCP port of the loopback interface that nobody listens on, and that is not `avoid`.

    It is none of those that systems give to outgoing connections, so no client can have it when the server starts.

    Raises:
        OSError: none of a hundred was free.
    """
    for port in random.sample(OWN_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            if port != avoid:
                return port
    raise OSError("no free port on the loopback interface")


def source(port: int) -> tuple[str, int]:
    """Where a connection to `port` shall come from.

    Left to itself the system may choose `port`, as long as nobody listens there: the client is then connected to
    itself, and the server that is just starting finds its port taken.
    """
    return HOST, free_port(avoid=port)


def identity(layout: ServerFolders, port: int, version: str) -> list[str]:
    """Java options by which `deploy.local.stack` knows a process again, wherever it finds it."""
    return [marker(layout.folder), f"-Drasd.port={port}", f"-Drasd.version={version}"]


@dataclass(frozen=True, slots=True)
class Program:
    """A server's program as installed: its jars, or the folder of its distribution."""

    home: Path
    jars: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a server needs to know to start."""

    layout: ServerFolders
    port: int
    heap: str
    max_message_bytes: int
    version: str
    jdk: Jdk
    program: Program
    user: ServiceUser | None


class Server(Protocol):
    """One of the two servers; the modules `kafka` and `elasticsearch` each have one."""

    @property
    def name(self) -> str:
        """As in commands and folders."""

    @property
    def title(self) -> str:
        """As shown to people."""

    def log(self, layout: ServerFolders) -> Path:
        """The file that a person reads when something is wrong."""

    def install(self, files: Sequence[Path], cache: Path, version: str, jdk: Jdk) -> Program:
        """Make a program of the fetched files, once; below `cache`, whose lock the caller holds."""

    def prepare(self, site: Site) -> Launch:
        """Write configuration and all else that must be there before it starts, and say how to start it."""

    def trouble(self, port: int) -> str | None:
        """Ask a running server for a real answer; None when it is ready, else what is missing."""
