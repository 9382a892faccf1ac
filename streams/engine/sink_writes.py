"""Write batches to a sink so that no single record stops the others.

A sink says by `Retryable` that its store is away, and by `Rejected` that a record can never be stored. Whatever else it
raises may be due to one record. The batch is then halved until each such record stands alone. It is tried several
times, and the store is asked between the tries: if the store does not answer, the store is to blame, and everything
waits. Otherwise the record becomes a dead letter.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from streams.errors import OperatorError, Reason, Rejected, Retryable
from streams.observability.logs import get_logger
from streams.retry import Backoff
from streams.settings import Settings
from streams.stage import Sink, SinkStage

log = get_logger(__name__)

# A sink that has no time-outs of its own may take this many times the limit of one record for a batch.
_WRITE_LIMITS = 4.0
CHECK_SECONDS = 60.0  # longer than a request to Elasticsearch may take by default
_TRIES = 3
# Errors of the system that are no record's fault: no room, no memory, no descriptors, a disk or network that fails.
_OUTAGES = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EDQUOT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EIO,
        errno.EMFILE,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ENOTCONN,
        errno.EROFS,
        errno.ESTALE,
    }
)


class _TooSlow(Exception):
    """A write did not end within its time."""


class SinkWriter:
    """Writes batches to one sink.

    Args:
        stage: the stage.
        sink: what `stage.build` returned.
        settings: settings of the process; `record_seconds` limits a write.

    Attributes:
        limited: whether a write is under way that will be ended when its time is over.
    """

    def __init__(self, stage: SinkStage, sink: Sink, settings: Settings) -> None:
        self._stage = stage
        self._sink = sink
        self._settings = settings
        self._limit = None if stage.own_timeouts else _WRITE_LIMITS * settings.record_seconds
        self.limited = False

    async def write(self, records: Sequence[Any]) -> list[Exception | None]:
        """Write records.

        Returns:
            For each record, in order: None if it is stored, else why it becomes a dead letter.

        Raises:
            Retryable: the store is away. Writing the same records again is harmless.
            OperatorError: the store refuses our credentials.
        """
        try:
            return await self._write_once(records)
        except (Retryable, OperatorError):
            raise
        except Exception as failure:  # whatever it is, it must not stop the other records
            if len(records) == 1:
                return [await self._settle(records[0], failure)]
            if not isinstance(failure, Rejected):
                log.warning(
                    "a sink failed on a batch; writing each half alone",
                    stage=self._stage.name,
                    records=len(records),
                    cause=repr(failure),
                )
        half = len(records) // 2
        return [*await self.write(records[:half]), *await self.write(records[half:])]

    async def _write_once(self, records: Sequence[Any]) -> list[Exception | None]:
        """Let the sink write records.

        Raises:
            _TooSlow: it takes too long.
            TypeError: it does not say which records are stored.
            Exception: whatever the sink raises.
        """
        self.limited = self._limit is not None
        try:
            async with asyncio.timeout(self._limit) as timer:
                verdicts = list(await self._sink.write(records))
        except TimeoutError:
            if timer.expired():
                raise _TooSlow from None
            raise
        finally:
            self.limited = False
        if len(verdicts) != len(records) or not all(isinstance(each, Rejected | None) for each in verdicts):
            name = self._stage.name
            raise TypeError(f"sink {name} must return None or a Rejected for each of {len(records)} records")
        return list(verdicts)

    async def _settle(self, record: Any, failure: Exception) -> Exception | None:
        """Try a record again on which the sink failed alone; return why it becomes a dead letter, or None.

        Raises:
            Retryable, OperatorError: see `write`.
        """
        backoff = Backoff(self._settings.retry_first, self._settings.retry_most)
        for attempt in range(1, _TRIES + 1):
            if isinstance(failure, Rejected):
                return failure
            await self._ask_store(failure)
            if attempt == _TRIES:
                break
            await backoff.wait()
            try:
                return (await self._write_once([record]))[0]
            except (Retryable, OperatorError):
                raise
            except Exception as again:
                failure = again
        if isinstance(failure, _TooSlow):
            return Rejected(Reason.TOO_SLOW, f"{self._stage.name} took more than {self._limit:g} s for it alone")
        return failure

    async def _ask_store(self, failure: Exception) -> None:
        """Ask the store whether it answers.

        Raises:
            Retryable: it does not, or the failure itself says so.
        """
        name = self._stage.name
        if any(map(_is_outage, _causes(failure))):
            raise Retryable(f"{name}: {failure!r}") from failure
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._sink.check()
        except Exception as fault:
            raise Retryable(f"{name}: {failure!r}; its store: {fault!r}") from failure


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    return isinstance(error, OSError) and error.errno in _OUTAGES
