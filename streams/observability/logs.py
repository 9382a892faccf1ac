"""Structured logs: a line for a person on a console, or ECS JSON for a machine. Both from the same events."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.settings import Settings

# aiokafka and faust print tens of thousands of lines while a broker is away (22-28 k in five seconds, measured).
FLOODING_LOGGERS = ("aiokafka", "faust.transport", "mode", "elastic_transport", "asyncio")
FLOOD_INTERVAL = 10.0
# Services of Faust's kind announce every start and stop under their module's name; ours do it under Faust's.
FAUST_LOGGER = logging.getLogger("faust.service")
_MAX_TEMPLATES = 512
# What Kafka's client calls an error and what passes by itself: the first group makes a new broker create its topic of
# offsets and elect, and a topic that was made a moment ago is not known to every broker. Clients ask until it is.
TRANSIENT_ERRORS = ("GroupCoordinatorNotAvailableError", "not found in cluster metadata")
TRANSIENT_SECONDS = 10.0


class PassingFilter(logging.Filter):
    """Hold back errors of Kafka's client that mean something only when they last."""

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
    """Let one line of a kind pass every `interval` seconds, and say how many were held back.

    A kind is a logger, a level and a message template: arguments differ while the cause is the same.
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
    """Rename to Elastic Common Schema; our own fields go under `rasd`."""
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
    """Send structlog's and the standard library's lines to `stream` in one format.

    Args:
        settings: the level and the format.
        stream: standard error when None.
        clients: least level of the lines of Kafka's and Elasticsearch's clients. A command that fails says so itself,
            once; a worker that goes on needs their warnings.
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
        # Below warning these talk about every message, and cost a third of the throughput doing so.
        logging.getLogger(name).setLevel(clients)
    for name in (
        "faust.transport.producer",  # warns whenever a hundred table changes are under way: a busy look-up's habit
        "aiokafka.producer.sender",  # warns of every retry, as on a topic made a moment ago; the last one raises
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
    """A logger that takes its fields as keywords."""
    return structlog.stdlib.get_logger(name)
