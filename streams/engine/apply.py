"""Apply a map stage to records: decode them, call its function, trace, time and encode it. For every process."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.errors import RestartNeeded, Retryable
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage
from streams.records import Article, RawArticle, Record, StageTrace, decode
from streams.settings import Settings
from streams.stage import Arrival, BatchFunction, MapFunction, MapStage, PipelineRecord
from streams.topics import topic_name

# A record, decoded or as bytes from the topic, and how it arrived.
Arrived = tuple[bytes | PipelineRecord, Arrival]
WORKER_NAME = f"{socket.gethostname()}-{os.getpid()}"


@dataclass(slots=True)
class Outcome:
    """The outcome for one record.

    Attributes:
        records: the records to pass on, if the stage succeeded.
        failure: the exception that makes the record a dead letter, or None.
    """

    records: Sequence[PipelineRecord] = field(default_factory=list)
    failure: Exception | None = None


@dataclass(slots=True)
class Outgoing:
    """What to send for one record.

    Attributes:
        results: topic, key and JSON of each record to pass on, if the stage succeeded.
        failure: the exception that makes the record a dead letter, or None.
    """

    results: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    failure: Exception | None = None


def apply(stage: MapStage, function: Any, arrived: Sequence[Arrived], metrics: Metrics) -> list[Outcome]:
    """Apply a stage to records.

    Args:
        stage: the stage.
        function: what `stage.build` returned.
        arrived: the records, in order.
        metrics: metrics in which to record the time per record.

    Returns:
        The outcome for each record, in the same order.

    Raises:
        Retryable: the function could not reach a server. No record counts as processed.
        RestartNeeded: the function's table cannot be used. No record counts as processed.
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
    except (Retryable, RestartNeeded):
        raise
    except Exception as failure:  # a defect of a stage must not end the stream
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
    """Call the function once for all records, and record an equal share of the time for each."""
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
    except (Retryable, RestartNeeded):
        raise
    except Exception as failure:
        if len(arrived) > 1:
            # One at a time, so that only the records at fault fail.
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
    """Return the outcome for what a function returned, which may be anything: a plugin's is not type-checked."""
    trace = StageTrace(version=stage.version, seconds=round(seconds, 6), worker=WORKER_NAME)
    try:
        return Outcome(records=[_traced(record, stage.name, trace) for record in records])
    except Exception as failure:  # as in `_apply_alone`
        return Outcome(failure=failure)


def _traced(record: PipelineRecord, stage_name: str, trace: StageTrace) -> PipelineRecord:
    if not isinstance(record, Record):
        raise TypeError(f"stage {stage_name} returned {type(record).__name__} where it must return a list of records")
    if not isinstance(record, Article):
        return record
    held = record.trace.get(stage_name)
    if held is not None:
        # What the stage itself noted; the rest is ours.
        trace = trace.model_copy(update={"removed": held.removed, "notes": held.notes})
    return record.model_copy(update={"trace": {**record.trace, stage_name: trace}})


def record_key(record: PipelineRecord) -> bytes:
    """Return the Kafka key of a record: records that must keep their order share a key."""
    return (record.url if isinstance(record, RawArticle) else record.id).encode()


def encode(wired: WiredStage, outcome: Outcome, settings: Settings) -> Outgoing:
    """Return what to send for the outcome of a map stage."""
    if outcome.failure is not None:
        return Outgoing(failure=outcome.failure)
    try:
        return Outgoing(
            [
                (topic_name(wired.target(record), settings), record_key(record), record.to_json())
                for record in outcome.records
            ]
        )
    except Exception as failure:  # what a stage returned cannot be written, such as an annotation of another type
        return Outgoing(failure=failure)
