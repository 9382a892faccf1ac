"""A temporary stack for tests and benchmarks, with a folder and ports of its own."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import HttpUrl
from rich.console import Console

from deploy.local import stack
from deploy.local.process import interrupted_by_signals
from deploy.local.service import HOST, free_port
from streams.settings import Settings

# For servers that are started for a few requests: their code is compiled in the quickest way, not in the best.
QUICK_JAVA = "-XX:TieredStopAtLevel=1"


@contextmanager
def temporary_stack(java_options: str = "", services: Sequence[str] = tuple(stack.SERVERS)) -> Iterator[Settings]:
    """Run Kafka, Elasticsearch, or both, within the context, and delete all their files at its end, also after SIGTERM.

    Args:
        java_options: see the setting `local_java_options`.
        services: names of the servers.

    Yields:
        Settings with their addresses, independent of the environment.
    """
    folder = Path(tempfile.mkdtemp(prefix="rasd-stack-"))
    folder.chmod(0o755)  # Elasticsearch runs as another user when we are root
    kafka = free_port()
    elasticsearch = free_port(avoid=kafka)
    settings = Settings(
        _env_file=None,
        local_dir=folder,
        local_kafka_port=kafka,
        local_elasticsearch_port=elasticsearch,
        kafka_bootstrap=f"{HOST}:{kafka}",
        elasticsearch_url=HttpUrl(f"http://{HOST}:{elasticsearch}"),
        local_java_options=java_options,
    )
    try:
        with interrupted_by_signals():
            stack.up(settings, console=Console(file=sys.stderr), services=services)
            yield settings
    finally:
        stack.down(settings, wipe=True)
        shutil.rmtree(folder, ignore_errors=True)
