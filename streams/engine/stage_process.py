"""Run map stages in a process of their own, which is ended when a record takes too much time or memory, or crashes it.

Nothing that a stage's function does to its process reaches the worker: a loop, a C function that never returns and
never releases the interpreter, memory without bound, a segmentation fault. The worker keeps its place in the consumer
group, the batch is repeated record by record in a new process, and a record during which that one has to be ended too
becomes a dead letter. A single failure condemns no record: a machine may have been suspended.
"""

from __future__ import annotations

import faulthandler
import math
import mmap
import os
import re
import resource
import signal
import struct
import tempfile
import time
import traceback
from collections.abc import Iterable, MutableMapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry

from streams.engine.apply import Outgoing, apply, encode
from streams.engine.child_process import ChildProcess
from streams.errors import OperatorError, Reason, Rejected, Retryable
from streams.observability.logs import get_logger
from streams.observability.metric_relay import Change, Description, Relay, describe, record_changes
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage
from streams.settings import Settings
from streams.stage import Arrival, Context, MapStage

log = get_logger(__name__)

# A stage that takes several records at once may need this many times the limit of one for all of them.
_BATCH_LIMITS = 4.0
# Loading a model from a slow disk takes minutes at most.
_BUILD_SECONDS = 600.0
# A process that is to be ended first writes down where it is, which takes milliseconds.
_DUMP_SECONDS = 0.5
_FRAME = re.compile(r'^  File "(?P<file>[^"]*)", line (?P<line>\d+) in (?P<function>.*)$', re.MULTILINE)

# Bytes of a record, and Kafka's time of it.
Arrived = tuple[bytes, float]
# A failure as it crosses the process boundary; an exception need not survive pickling.
_Failure = tuple[str, ...]


class _Request(NamedTuple):
    stage: str
    records: Sequence[Arrived]


class _Ready(NamedTuple):
    metrics: list[Description]


class _Unbuilt(NamedTuple):
    """A stage could not be built; what an `OperatorError` or another exception said."""

    message: str
    hint: str | None
    status: int


class _Done(NamedTuple):
    outcomes: list[tuple[list[tuple[str, bytes, bytes]], _Failure | None]]
    changes: list[Change]


class _Unavailable(NamedTuple):
    """A function raised `Retryable`."""

    message: str
    changes: list[Change]


class _OutOfMemory(NamedTuple):
    changes: list[Change]


class _Ended(Exception):
    """The process ended, or was ended, while it had a request. The reason and detail are those of a dead letter."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class _Board:
    """A few bytes that both processes see: since when a record, or a part of a batch, is being processed."""

    _FORMAT = struct.Struct("dq")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, self._FORMAT.size)
        self.restart_clock()

    def restart_clock(self) -> None:
        """Note that a record, or a further part of a batch, begins now."""
        self._FORMAT.pack_into(self._memory, 0, time.monotonic(), self.steps + 1)

    @property
    def since(self) -> float:
        """When the current record or part began (`time.monotonic`, which all processes of a machine share)."""
        return float(self._FORMAT.unpack_from(self._memory)[0])

    @property
    def steps(self) -> int:
        """How often something began: a number that grows while the process makes progress."""
        return int(self._FORMAT.unpack_from(self._memory)[1])


class StageProcess:
    """The process that computes the map stages of a worker, without those that have tables.

    Args:
        stages: the stages, with their topics.
        settings: settings of the worker, among them the limits of a record.
        metrics: metrics of the worker, in which what the stages measure is counted.

    Attributes:
        pid: id of the process, None while there is none.
    """

    def __init__(self, stages: Sequence[WiredStage], settings: Settings, metrics: Metrics) -> None:
        self._stages = {wired.name: wired for wired in stages}
        self._settings = settings
        self._relay = Relay(metrics.registry)
        self._board = _Board()
        self._dump = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (open as long as the process)
        self._child = ChildProcess(self._serve)

    @property
    def pid(self) -> int | None:
        return self._child.pid

    @property
    def steps(self) -> int:
        """A number that grows while the process makes progress."""
        return self._board.steps

    def start(self) -> None:
        """Begin the process. To be called before this one has threads.

        Raises:
            OperatorError: a stage cannot be built.
        """
        self._child.prepare()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        self._child.close()

    def apply(self, stage: str, records: Sequence[Arrived]) -> list[Outgoing]:
        """Apply a stage to records. Blocks; to be called by one thread at a time.

        Args:
            stage: its name.
            records: bytes and Kafka's time of each record.

        Returns:
            What to send for each record, in the same order.

        Raises:
            Retryable: the function could not reach a server. No record counts as processed.
            TemplateLost: no process can be begun; the worker has to restart.
        """
        try:
            return self._ask(stage, records)
        except _Ended as end:
            log.warning(
                "the process of the stages ended; trying each record alone",
                stage=stage,
                records=len(records),
                reason=end.reason.value,
                detail=end.detail,
            )
        return [self._alone(stage, record) for record in records]

    def _alone(self, stage: str, record: Arrived) -> Outgoing:
        try:
            return self._ask(stage, [record])[0]
        except _Ended as end:
            return Outgoing(failure=Rejected(end.reason, end.detail))

    def _ask(self, stage: str, records: Sequence[Arrived]) -> list[Outgoing]:
        """Let the process apply a stage once.

        Raises:
            _Ended: it did not survive it, or had to be ended.
            Retryable, TemplateLost: see `apply`.
        """
        connection = self._child.connection or self._begin()
        self._board.restart_clock()
        started = self._board.since
        try:
            connection.send(_Request(stage, records))
            self._await_answer(connection, self._stages[stage], started)
            answer = connection.recv()
        except (EOFError, OSError):
            raise self._crashed(stage) from None
        self._relay.repeat(answer.changes)
        if isinstance(answer, _OutOfMemory):
            self._child.end()
            limit = self._settings.record_memory
            detail = f"{stage} took more than {limit} bytes of memory (RASD_RECORD_MEMORY)"
            raise _Ended(Reason.TOO_MUCH_MEMORY, detail)
        if isinstance(answer, _Unavailable):
            raise Retryable(answer.message)
        assert isinstance(answer, _Done)  # noqa: S101  (the process sends nothing else)
        return [
            Outgoing(results, None if failure is None else _raised(failure)) for results, failure in answer.outcomes
        ]

    def _await_answer(self, connection: Connection, wired: WiredStage, started: float) -> None:
        """Wait until the process answers or its time is over.

        Raises:
            _Ended: its time is over; it has been ended.
        """
        limit = self._settings.record_seconds
        batched = isinstance(wired.stage, MapStage) and wired.stage.batched
        while True:
            deadline = self._board.since + limit
            if batched:
                deadline = min(deadline, started + _BATCH_LIMITS * limit)
            left = deadline - time.monotonic()
            # An answer counts even if it is late: this process may have been suspended, and not the other.
            if connection.poll(max(0.0, left)):
                return
            if left <= 0:
                break
        where = self._where()
        self._child.end()
        detail = f"{wired.name} took more than {limit:g} s (RASD_RECORD_SECONDS){where}"
        raise _Ended(Reason.TOO_SLOW, detail)

    def _crashed(self, stage: str) -> _Ended:
        status = self._child.end()
        if status < 0:
            with suppress(ValueError):
                return _Ended(Reason.CRASHED, f"{stage}: {signal.Signals(-status).name}{self._innermost_frame()}")
        return _Ended(Reason.CRASHED, f"{stage}: its process ended with status {status}")

    def _where(self) -> str:
        """Let the process write down where it is, also in a C function; return that as the end of a sentence."""
        pid = self._child.pid
        if pid is None:
            return ""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR2)
        until = time.monotonic() + _DUMP_SECONDS
        while not (frame := self._innermost_frame()) and time.monotonic() < until:
            time.sleep(0.01)
        return frame

    def _innermost_frame(self) -> str:
        size = os.fstat(self._dump.fileno()).st_size
        found = _FRAME.search(os.pread(self._dump.fileno(), size, 0).decode(errors="replace"))
        if found is None:
            return ""
        file = "/".join(PurePath(found["file"]).parts[-2:])
        return f", at {file}:{found['line']} in {found['function']}"

    def _begin(self) -> Connection:
        """Begin a process and wait until it has built the stages.

        Raises:
            OperatorError: a stage cannot be built.
            TemplateLost: no process can be begun.
        """
        self._dump.seek(0)
        self._dump.truncate()
        connection = self._child.begin()
        try:
            answer = connection.recv() if connection.poll(_BUILD_SECONDS) else None
        except (EOFError, OSError):
            answer = None
        if isinstance(answer, _Ready):
            self._relay.create(answer.metrics)
            return connection
        status = self._child.end()
        if isinstance(answer, _Unbuilt):
            raise OperatorError(answer.message, hint=answer.hint, status=answer.status)
        raise OperatorError(f"the stages cannot be built: their process ended with status {status}")

    # All below runs in the process of the stages.

    def _serve(self, connection: Connection) -> None:
        """Build the stages, then answer requests until the worker closes the connection."""
        faulthandler.enable(self._dump, all_threads=False)
        faulthandler.register(signal.SIGUSR2, self._dump, all_threads=False)
        changes = record_changes()
        metrics = Metrics(CollectorRegistry())
        context = _ProcessContext(self._settings, metrics, self._board)
        try:
            functions = _build(self._stages.values(), context)
        except OperatorError as error:
            connection.send(_Unbuilt(error.message, error.hint, error.status))
            return
        except Exception as error:
            log.exception("a stage cannot be built")
            connection.send(_Unbuilt(f"a stage cannot be built: {type(error).__name__}: {error}", None, 1))
            return
        half_full = _limit_memory(self._settings.record_memory)
        connection.send(_Ready(describe(metrics.registry)))
        while True:
            answer: _Done | _Unavailable | _OutOfMemory
            try:
                request: _Request = connection.recv()
                answer = self._answer(request, functions[request.stage], metrics, half_full)
                answer = answer._replace(changes=changes.copy())
                changes.clear()
                connection.send(answer)
            except EOFError:
                return
            except MemoryError:
                connection.send(_OutOfMemory([]))

    def _answer(
        self, request: _Request, function: Any, metrics: Metrics, half_full: float
    ) -> _Done | _Unavailable | _OutOfMemory:
        wired = self._stages[request.stage]
        stage = wired.stage
        assert isinstance(stage, MapStage)  # noqa: S101  (the worker sends nothing else)
        arrived = [(data, Arrival(timestamp)) for data, timestamp in request.records]
        outgoing: list[Outgoing] = []
        try:
            # Records that the function takes one by one each get their own time.
            for portion in [arrived] if stage.batched else [[each] for each in arrived]:
                self._board.restart_clock()
                for outcome in apply(stage, function, portion, metrics):
                    outgoing.append(encode(wired, outcome, self._settings))
        except Retryable as error:
            return _Unavailable(str(error), [])
        failures = [each.failure for each in outgoing if each.failure is not None]
        defects = [failure for failure in failures if not isinstance(failure, Rejected)]
        # A function that was refused memory may hold what it has, or have hidden the refusal in an error of its own.
        # The next records must not suffer from it, so they get a new process.
        if any(map(_is_memory_error, defects)) or (defects and _address_space() > half_full):
            return _OutOfMemory([])
        return _Done(
            [(each.results, None if each.failure is None else _described(each.failure)) for each in outgoing], []
        )


def preload(stages: Sequence[WiredStage], settings: Settings) -> None:
    """Build stages once, so that all processes that are forked from this one share what building them loads.

    Raises:
        OperatorError: a stage cannot be built.
    """
    _build(stages, _ProcessContext(settings, Metrics(CollectorRegistry()), _Board()))


def _build(stages: Iterable[WiredStage], context: Context) -> dict[str, Any]:
    """Build stages, and load all that their records may need.

    Returns:
        The function of each stage, by its name.
    """
    functions = {}
    for wired in stages:
        functions[wired.name] = wired.stage.build(context)
        if isinstance(wired.stage, MapStage) and wired.stage.load is not None:
            wired.stage.load()
    return functions


class _ProcessContext:
    """The `Context` of stages in their own process."""

    def __init__(self, settings: Settings, metrics: Metrics, board: _Board) -> None:
        self.settings = settings
        self.metrics = metrics
        self._board = board

    def table(self, name: str, *, keep_seconds: float | None = None) -> MutableMapping[str, Any]:  # noqa: ARG002
        raise OperatorError(f"table {name}: only a stage that is declared stateful can have a table")

    def progress(self) -> None:
        self._board.restart_clock()


def _limit_memory(more: int) -> float:
    """Let this process take this many bytes more than it has, where the system can limit them.

    Returns:
        The address space of this process when it has taken half of them, in bytes.
    """
    space = _address_space()
    if not space:
        return math.inf
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = space + more if hard == resource.RLIM_INFINITY else min(space + more, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return space + more / 2


def _address_space() -> int:
    """Return how much address space this process has, in bytes; 0 where /proc does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * mmap.PAGESIZE
    except OSError:
        return 0


def _is_memory_error(error: BaseException) -> bool:
    causes: BaseException | None = error
    while causes is not None:
        if isinstance(causes, MemoryError):
            return True
        causes = causes.__cause__ or causes.__context__
    return False


def _described(failure: Exception) -> _Failure:
    if isinstance(failure, Rejected):
        return (failure.reason.value, failure.detail)
    kind = type(failure)
    try:
        text = str(failure)
    except Exception:
        text = "an error that cannot be printed"
    trace = "".join(traceback.format_exception(kind, failure, failure.__traceback__))
    return (kind.__module__, kind.__qualname__, text, trace)


class _RemoteTraceback(Exception):
    """Where an exception was raised in the process of the stages; logged as the cause of its copy in the worker."""


def _raised(failure: _Failure) -> Exception:
    """Make an exception of the name and text of one that was raised in the other process."""
    if len(failure) == 2:
        return Rejected(Reason(failure[0]), failure[1])
    module, name, text, trace = failure
    kind = type(name.rpartition(".")[2], (Exception,), {"__module__": module, "__qualname__": name})
    error: Exception = kind(text)
    error.__cause__ = _RemoteTraceback(f"\n{trace}")
    return error
