"""Put records through one stage: decode, call, account. The same in a worker and in `rasd enrich`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.errors import Retryable
from streams.observability.metrics import Metrics
from streams.records import Article, RawArticle, StageTrace, decode
from streams.stage import Arrival, BatchFunction, MapFunction, MapStage, PipelineRecord

# A record as wire bytes or decoded, and how it arrived.
Arrived = tuple[bytes | PipelineRecord, Arrival]
WORKER_NAME = f"{socket.gethostname()}-{os.getpid()}"


@dataclass(slots=True)
class Outcome:
    """The outcome for one record: records to pass on, or the failure that sends it to the dead letters."""

    records: Sequence[PipelineRecord] = field(default_factory=list)
    failure: Exception | None = None


def apply(stage: MapStage, function: Any, arrived: Sequence[Arrived], metrics: Metrics) -> list[Outcome]:
    """Run the stage's function on records.

    Args:
        arrived: the records, in order.

    Returns:
        The outcome for each, in their order.

    Raises:
        Retryable: the function could not reach something; the records are untouched.
    """
    if stage.batched:
        return _apply_together(stage, function, arrived, metrics)
    return [_apply_alone(stage, function, data, arrival, metrics) for data, arrival in arrived]


def _apply_alone(
    stage: MapStage, function: MapFunction, data: bytes | PipelineRecord, arrival: Arrival, metrics: Metrics
) -> Outcome:
    started = time.perf_counter()
    try:
        records = function(_decoded(stage, data), arrival)
    except Retryable:
        raise
    except Exception as failure:  # any defect of a stage is the record's end, never the stream's
        return Outcome(failure=failure)
    finally:
        seconds = time.perf_counter() - started
        metrics.stage_seconds.labels(stage.name).observe(seconds)
    return _passed_on(stage, records, seconds)


def _apply_together(
    stage: MapStage,
    function: BatchFunction,
    arrived: Sequence[Arrived],
    metrics: Metrics,
) -> list[Outcome]:
    """Call the function once for all; the time of a record is its share of the call."""
    started = time.perf_counter()
    outcomes = [Outcome() for _ in arrived]
    readable: dict[int, PipelineRecord] = {}
    for index, (data, _) in enumerate(arrived):
        try:
            readable[index] = _decoded(stage, data)
        except Exception as failure:  # as in `_apply_alone`
            outcomes[index].failure = failure
    try:
        results = function(list(readable.values()), [arrived[index][1] for index in readable])
        found = dict(zip(readable, results, strict=True))
    except Retryable:
        raise
    except Exception as failure:
        if len(arrived) > 1:
            # Alone, only the guilty one fails.
            return [_apply_together(stage, function, [each], metrics)[0] for each in arrived]
        outcomes[0].failure = failure
        found = {}
    seconds = (time.perf_counter() - started) / max(len(arrived), 1)
    for index, records in found.items():
        outcomes[index] = _passed_on(stage, records, seconds)
    for _ in arrived:
        metrics.stage_seconds.labels(stage.name).observe(seconds)
    return outcomes


def _decoded(stage: MapStage, data: bytes | PipelineRecord) -> PipelineRecord:
    return decode(stage.accepts, data) if isinstance(data, bytes) else data


def _passed_on(stage: MapStage, records: Sequence[PipelineRecord], seconds: float) -> Outcome:
    trace = StageTrace(version=stage.version, seconds=round(seconds, 6), worker=WORKER_NAME)
    return Outcome(records=[_traced(record, stage.name, trace) for record in records])


def _traced(record: PipelineRecord, stage_name: str, trace: StageTrace) -> PipelineRecord:
    if not isinstance(record, Article):
        return record
    held = record.trace.get(stage_name)
    if held is not None and held.removed is not None:
        trace = trace.model_copy(update={"removed": held.removed})
    return record.model_copy(update={"trace": {**record.trace, stage_name: trace}})


def record_key(record: PipelineRecord) -> bytes:
    """Return the Kafka key of a record: records that must keep their order share a key."""
    return (record.url if isinstance(record, RawArticle) else record.id).encode()
