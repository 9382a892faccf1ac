"""A small Python server in place of Kafka or Elasticsearch: the same functions, milliseconds to start."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.jdk import Jdk
from deploy.local.process import Launch
from deploy.local.service import HOST, Program, ServerFolders, Site, identity

LISTEN = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    connection, _ = listener.accept()
    connection.close()
"""
DIE = "import sys; print('the reason', flush=True); sys.exit(3)"
HANG = "import time; time.sleep(600)"


@dataclass
class SmallServer:
    """A server whose program is a line of Python; it counts how often it was prepared."""

    name: str
    title: str
    program: str = LISTEN
    prepared: int = 0

    def log(self, layout: ServerFolders) -> Path:
        return layout.logs / "small.log"

    def install(self, files: Sequence[Path], cache: Path, version: str, jdk: Jdk) -> Program:  # noqa: ARG002
        return Program(cache)

    def prepare(self, site: Site) -> Launch:
        self.prepared += 1
        known = identity(site.layout, site.port, site.version)
        return Launch([sys.executable, "-c", self.program, str(site.port), *known], site.layout.folder, {})

    def trouble(self, port: int) -> str | None:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError as error:
            return str(error)
        return None
