"""Structured logs: one readable line per event on a console, or ECS JSON (RASD_LOG_FORMAT)."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.settings import Settings

# aiokafka and faust log tens of thousands of lines while a broker is down (measured: 22,000 to 28,000 in 5 s).
FLOODING_LOGGERS = ("aiokafka", "faust.transport", "mode", "elastic_transport", "asyncio")
FLOOD_INTERVAL = 10.0
# A mode.Service logs each start and stop under its module's name; ours use Faust's logger, so that one level rules all.
FAUST_LOGGER = logging.getLogger("faust.service")
_MAX_TEMPLATES = 512
# What Kafka's client calls an error and what passes by itself: the first group makes a new broker create its topic of
# offsets and elect a coordinator, and a topic just created is not known to every broker. Clients retry until it is.
TRANSIENT_ERRORS = ("GroupCoordinatorNotAvailableError", "not found in cluster metadata")
TRANSIENT_SECONDS = 10.0


class PassingFilter(logging.Filter):
    """Suppress errors of Kafka's client until they have persisted for `seconds`."""

    def __init__(self, seconds: float = TRANSIENT_SECONDS) -> None:
        super().__init__()
        self.seconds = seconds
        self._spells = dict.fromkeys(TRANSIENT_ERRORS, (-seconds, -seconds))  # (began, last heard of)

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        message = record.getMessage()
        kind = next((words for words in TRANSIENT_ERRORS if words in message), None)
        if kind is None:
            return True
        now = time.monotonic()
        began, last = self._spells[kind]
        if now - last >= self.seconds:
            began = now
        self._spells[kind] = (began, now)
        return now - began >= self.seconds


class FloodFilter(logging.Filter):
    """Pass at most one line of a kind every `interval` seconds, with the number suppressed since the last one.

    A kind is a logger, a level and a message template, as arguments differ while the cause is the same.
    """

    def __init__(self, interval: float = FLOOD_INTERVAL) -> None:
        super().__init__()
        self.interval = interval
        self._seen: MutableMapping[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or not record.name.startswith(FLOODING_LOGGERS):
            return True
        kind = (record.name, record.levelno, str(record.msg)[:60])
        now = time.monotonic()
        last, held = self._seen.get(kind, (-self.interval, 0))
        if now - last < self.interval:
            self._seen[kind] = (last, held + 1)
            return False
        if len(self._seen) >= _MAX_TEMPLATES:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if held:
            record.msg = f"{record.getMessage()} ({held} more like it in the last {now - last:.0f} s)"
            record.args = ()
        return True


def _ecs(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Rename an event's fields to Elastic Common Schema; put our own under `rasd`."""
    ecs: EventDict = {
        "@timestamp": event.pop("timestamp"),
        "log.level": event.pop("level"),
        "message": event.pop("event"),
        "ecs.version": "8.11",
        "service.name": "rasd",
        "log.logger": event.pop("logger", "rasd"),
    }
    if exception := event.pop("exception", None):
        ecs["error.stack_trace"] = exception
    if event:
        ecs["rasd"] = dict(event)
    return ecs


def configure_logging(settings: Settings, stream: TextIO | None = None, *, clients: int = logging.WARNING) -> None:
    """Configure structlog and the standard library's logging to write to `stream` in one format.

    Args:
        settings: level and format.
        stream: standard error if None.
        clients: minimum level for the clients of Kafka and Elasticsearch. Commands raise it, as they report a failure
            themselves; long-running processes need the clients' warnings.
    """
    stream = stream if stream is not None else sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor]
    if settings.log_format == "json":
        render = [
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _ecs,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        render = [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(),
                pad_event_to=0,
                pad_level=False,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=render, foreign_pre_chain=shared))
    handler.addFilter(PassingFilter())
    handler.addFilter(FloodFilter())
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("faust", "mode", "aiokafka", "elastic_transport"):
        # Below warning these log every message, which costs a third of the throughput.
        logging.getLogger(name).setLevel(clients)
    for name in (
        "faust.transport.producer",  # warns whenever 100 table changes are in flight, as in any busy dedupe worker
        "aiokafka.producer.sender",  # warns of every retry, as on a topic just created; the last failure raises
    ):
        logging.getLogger(name).setLevel(max(clients, logging.ERROR))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> Any:
    """Return a structlog logger, which takes an event's fields as keyword arguments."""
    return structlog.stdlib.get_logger(name)
