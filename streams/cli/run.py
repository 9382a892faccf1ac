"""rasd worker, rasd serve: the long-running processes."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import typer

from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from streams.settings import Settings

_RESTARTS = "RASD_WORKER_RESTARTS"
_LONG_ENOUGH = 60.0
# Exit status of a worker process that did not end by itself after a crash.
_CRASHED = 70


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(worker)
    app.command(rich_help_panel="Operations")(serve)


def worker(
    stages: str = typer.Option(
        None, "--stages", help="Stages to run, comma-separated; by default all. `rasd plugins` lists them."
    ),
    tap: str = typer.Option(None, "--tap", help="Run this tap, in a consumer group of its own, instead of stages."),
    processes: str = typer.Option(
        "1",
        "--processes",
        metavar="NUMBER",
        help="Run so many workers, which share the memory of the models; `auto`: one for each core.",
    ),
    port: int = typer.Option(None, "--port", help="Port for /metrics, /livez and /readyz; 0 for any free port."),
) -> None:
    """Run the pipeline's stages, or some of them, until stopped.

    Any number of workers share the partitions. A worker waits while Kafka or Elasticsearch is unavailable, and restarts
    itself after a crash.

    Example: `rasd worker --processes auto`
    """
    from streams.engine.faust.worker import run_worker
    from streams.engine.supervisor import available_cores
    from streams.observability.logs import configure_logging, get_logger
    from streams.observability.metrics import Metrics
    from streams.settings import Settings

    if stages and tap:
        raise OperatorError("a worker runs stages or a tap, not both", status=2)
    overrides = {"stages": stages, "worker_port": port}
    given = {name: value for name, value in overrides.items() if value is not None}
    settings = Settings.model_validate(get_settings().model_dump() | given)
    configure_logging(settings)
    if processes != "auto" and not (processes.isascii() and processes.isdecimal() and int(processes)):
        raise OperatorError(f"--processes {processes}: it is a number from 1 on, or auto", status=2)
    count = available_cores() if processes == "auto" else int(processes)
    if count > 1:
        _run_processes(settings, count, tap)
        return
    metrics = Metrics()
    restarts = int(os.environ.get(_RESTARTS, "0"))
    metrics.restarts.set(restarts)
    started = time.monotonic()

    def start_again(pause: float = 0.0) -> None:
        """Replace this process by a new one, without the state of the crashed one and with the same process id."""
        get_logger(__name__).warning("the worker crashed; restarting", seconds=pause, restarts=restarts + 1)
        time.sleep(pause)
        os.environ[_RESTARTS] = str(restarts + 1)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606

    if run_worker(settings, metrics, start_again, tap) != 0:
        quick_crashes = 0 if time.monotonic() - started > _LONG_ENOUGH else restarts
        start_again(min(30.0, 0.5 * 2 ** min(quick_crashes, 6)))


def _run_processes(settings: Settings, count: int, tap: str | None) -> None:
    """Run so many workers as children of this process, which ends with a crash only when it cannot begin them."""
    import structlog

    from streams.engine.faust.worker import preload_stages, run_worker
    from streams.engine.supervisor import Supervisor
    from streams.errors import RestartNeeded
    from streams.observability.logs import get_logger
    from streams.observability.metrics import Metrics

    def run(site: str, number: int, restarts: int) -> None:
        structlog.contextvars.bind_contextvars(process=number)
        metrics = Metrics()
        metrics.restarts.set(restarts)
        # The supervisor begins a crashed worker again; a child must not replace itself, as it would load the models.
        own = settings.model_copy(update={"worker_host": site})
        status = run_worker(own, metrics, lambda: os._exit(_CRASHED), tap)
        if status:
            os._exit(status)

    preload_stages(settings, tap)
    try:
        Supervisor(settings, count, run).run()
    except RestartNeeded as error:
        get_logger(__name__).warning("the processes cannot be kept running; restarting", error=str(error))
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


def serve(
    host: str = typer.Option(None, "--host", help="Address to listen on."),
    port: int = typer.Option(None, "--port", help="Port to listen on."),
) -> None:
    """Serve the desk (the web interface), the query API and the live feed over HTTP.

    On an address other than loopback it requires API keys (`rasd api-key new`).

    Example: `rasd serve --port 28000`, then open http://127.0.0.1:28000/
    """
    from streams.api.app import create_api
    from streams.api.keys import check_exposed, read_keys
    from streams.api.server import Server, collect_rarely, listen, raise_file_limit
    from streams.observability.logs import configure_logging, get_logger
    from streams.observability.metrics import Metrics
    from streams.search.service import load_words

    settings = get_settings()
    if host is not None:
        settings = settings.model_copy(update={"api_host": host})
    configure_logging(settings)
    address = settings.api_host
    check_exposed(address, read_keys(settings), settings)
    listening = listen(address, settings.api_port if port is None else port)
    shown = f"[{address}]" if ":" in address else address
    get_logger(__name__).info("the API is listening", address=f"http://{shown}:{listening.getsockname()[1]}")
    raise_file_limit(settings.api_connections)
    metrics = Metrics()
    server = Server(create_api(settings, metrics), settings, metrics)
    load_words()
    collect_rarely()
    server.run(sockets=[listening])
