"""rasd worker, serve, topics, schema: the running system."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import typer

from streams.errors import CommandError
from streams.settings import STAGE_NAMES, get_settings

_RESTARTS = "RASD_WORKER_RESTARTS"
_LONG_ENOUGH = 60.0


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Running system")(worker)
    app.command(rich_help_panel="Running system")(serve)
    topics = typer.Typer(
        help="Kafka's topics: create, status, grow, rewind.", no_args_is_help=True, rich_markup_mode="markdown"
    )
    topics.callback()(lambda: None)
    topics.command()(create)
    topics.command()(status)
    topics.command()(grow)
    topics.command()(rewind)
    app.add_typer(topics, name="topics", rich_help_panel="Running system")
    app.command(rich_help_panel="Running system")(schema)


def worker(
    stages: str = typer.Option(
        None, "--stages", help=f"Stages to run, comma separated; all when not given: {', '.join(STAGE_NAMES)}."
    ),
    port: int = typer.Option(None, "--port", help="Port of /metrics, /livez, /readyz; 0 takes a free one."),
) -> None:
    """Run stages until told to stop. Any number of workers share the work.

    Waits for Kafka and Elasticsearch when they are away, and starts itself again after a crash.

    Example: `rasd worker --stages clean,entities`
    """
    from streams.engine.faust.worker import run_worker
    from streams.observability.logs import configure_logging, get_logger
    from streams.observability.metrics import Metrics
    from streams.settings import Settings

    overrides = {"stages": stages, "worker_port": port}
    given = {name: value for name, value in overrides.items() if value is not None}
    settings = Settings.model_validate(get_settings().model_dump() | given)
    configure_logging(settings)
    metrics = Metrics()
    restarts = int(os.environ.get(_RESTARTS, "0"))
    metrics.restarts.set(restarts)
    started = time.monotonic()

    def start_again(pause: float = 0.0) -> None:
        """Replace this process by a fresh one: nothing of the crashed state survives, and the process id stays."""
        get_logger(__name__).warning("the worker crashed and starts again", seconds=pause, restarts=restarts + 1)
        time.sleep(pause)
        os.environ[_RESTARTS] = str(restarts + 1)
        os.execv(sys.executable, [sys.executable, "-m", "streams.cli", *sys.argv[1:]])  # noqa: S606

    if run_worker(settings, metrics, start_again) != 0:
        quick_crashes = 0 if time.monotonic() - started > _LONG_ENOUGH else restarts
        start_again(min(30.0, 0.5 * 2 ** min(quick_crashes, 6)))


def serve(
    host: str = typer.Option(None, "--host", help="Address to listen on."),
    port: int = typer.Option(None, "--port", help="Port to listen on."),
) -> None:
    """Serve the query API and the live feed.

    Beyond loopback it asks for API keys (`rasd api-key new`) and does not start without any.

    Example: `rasd serve --port 28000`, then open http://127.0.0.1:28000/docs
    """
    from streams.api.app import create_api
    from streams.api.keys import check_exposed, read_keys
    from streams.api.server import Server, listen
    from streams.observability.logs import configure_logging, get_logger

    settings = get_settings()
    configure_logging(settings)
    address = settings.api_host if host is None else host
    check_exposed(address, read_keys(settings), settings)
    listening = listen(address, settings.api_port if port is None else port)
    shown = f"[{address}]" if ":" in address else address
    get_logger(__name__).info("the API listens", address=f"http://{shown}:{listening.getsockname()[1]}")
    Server(create_api(settings)).run(sockets=[listening])


def create() -> None:
    """Create the topics that are not there yet, with their partitions.

    Example: `rasd topics create`
    """
    from streams.kafka.clients import create_topics
    from streams.topics import topic_specs

    settings = get_settings()
    made = asyncio.run(create_topics(settings))
    for spec in topic_specs(settings):
        typer.echo(f"{spec.name}\t{spec.partitions} partitions\t{'created' if spec.name in made else 'there'}")


def status() -> None:
    """Show what each topic holds and what the workers (RASD_APP_ID) have not finished, whether they run or not.

    Example: `rasd topics status`
    """
    from rich.table import Table

    from streams.cli.console import out
    from streams.kafka.topic_offsets import topic_states

    states = asyncio.run(topic_states(get_settings()))
    if not states:
        raise CommandError("there are no topics yet", hint="rasd topics create")
    table = Table("topic", "partitions", "records", "waiting", "lacking copies", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for topic, state in states.items():
        numbers = (len(state.ends), state.kept, state.waiting, state.lacking)
        table.add_row(topic.value, *(f"{number:,}" for number in numbers))
    out().print(table)


def grow(
    partitions: int = typer.Argument(..., min=1, help="How many each topic that workers share shall have."),
) -> None:
    """Give the topics more partitions, so that more workers can share them. It cannot be undone.

    The workers must be stopped, and start again with RASD_PARTITIONS set to the new number. docs/guides/production.md
    has the whole procedure.

    Example: `rasd topics grow 8`
    """
    from streams.kafka.topic_offsets import grow as do_grow

    grown = asyncio.run(do_grow(get_settings(), partitions))
    for name, had in grown.items():
        typer.echo(f"{name}\t{had} → {partitions} partitions")
    typer.echo(f"set RASD_PARTITIONS={partitions} for every process" if grown else "nothing to do")


def rewind(
    since: str = typer.Option(
        ..., "--since", help="First record to read again: a date or a time (ISO 8601, else UTC)."
    ),
    stages: str = typer.Option(
        None,
        "--stages",
        help="Stages that read again, comma separated: from then, or what one of them writes anew.",
    ),
) -> None:
    """Let stages work once more on what came since a moment: after one of them changed.

    The workers of this application (RASD_APP_ID) must be stopped. Articles replace those in the index only under a
    higher RASD_PIPELINE_REVISION. docs/guides/production.md has the whole procedure.

    Example: `RASD_APP_ID=again rasd topics rewind --since 2026-11-20 --stages entities,geotag,index`
    """
    from datetime import UTC, datetime

    from streams.kafka.rewind import rewind as do_rewind
    from streams.settings import Settings
    from streams.stage import load_stages

    try:
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise CommandError(f"--since {since} is no date or time", hint="--since 2026-11-20T06:00", status=2) from error
    given = {"stages": stages} if stages else {}
    settings = Settings.model_validate(get_settings().model_dump() | given)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    for topic, number in asyncio.run(do_rewind(settings, load_stages(settings.stages), moment)).items():
        typer.echo(f"{topic}\t{number} records to read again")


def schema(
    folder: Path = typer.Argument(Path("docs/schemas"), help="Where to write them."),
    check: bool = typer.Option(False, "--check", help="Write nothing; exit 1 when a file is out of date."),
) -> None:
    """Write the JSON Schemas of the records.

    Example: `rasd schema docs/schemas`
    """
    from streams.formats.json_schema import schema_files

    for name, text in schema_files().items():
        path = folder / name
        if check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"{path} is out of date", hint=f"rasd schema {folder}")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            typer.echo(path)
