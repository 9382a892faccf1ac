"""One record through one stage: decode, call, account. The same in a worker and in `rasd enrich`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.errors import Retryable
from streams.metrics import Metrics
from streams.records import Article, RawArticle, StageTrace, decode
from streams.stage import Arrival, MapFunction, MapStage, Record

WORKER_NAME = f"{socket.gethostname()}-{os.getpid()}"


@dataclass(slots=True)
class Outcome:
    """What became of one record: records to pass on, or the failure that sends it to the dead letters."""

    records: Sequence[Record] = field(default_factory=list)
    failure: Exception | None = None


def apply(stage: MapStage, function: MapFunction, data: bytes | Record, arrival: Arrival, metrics: Metrics) -> Outcome:
    """Run `function` on one record, given as wire bytes or decoded.

    Raises:
        Retryable: the function could not reach something; the record is untouched.
    """
    started = time.perf_counter()
    try:
        record = decode(stage.accepts, data) if isinstance(data, bytes) else data
        records = function(record, arrival)
    except Retryable:
        raise
    except Exception as failure:  # any defect of a stage is the record's end, never the stream's
        return Outcome(failure=failure)
    finally:
        seconds = time.perf_counter() - started
        metrics.stage_seconds.labels(stage.name).observe(seconds)
    trace = StageTrace(version=stage.version, seconds=round(seconds, 6), worker=WORKER_NAME)
    return Outcome(records=[_traced(record, stage.name, trace) for record in records])


def _traced(record: Record, stage_name: str, trace: StageTrace) -> Record:
    if not isinstance(record, Article):
        return record
    held = record.trace.get(stage_name)
    if held is not None and held.removed is not None:
        trace = trace.model_copy(update={"removed": held.removed})
    return record.model_copy(update={"trace": {**record.trace, stage_name: trace}})


def record_key(record: Record) -> bytes:
    """Kafka key of a record: what must keep its order shares a key."""
    return (record.url if isinstance(record, RawArticle) else record.id).encode()
