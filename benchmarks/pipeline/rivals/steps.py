"""Rasd's map stages as functions from bytes to bytes, for frameworks that know nothing of Rasd."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.engine.apply import apply
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage, load_pipeline
from streams.settings import Settings
from streams.stage import Arrival, MapStage
from streams.topics import topic_name


@dataclass(frozen=True)
class Step:
    """One stage: topics by name, and what to do with values; a refused record gives nothing."""

    name: str
    reads: str
    writes: str
    run: Callable[[Sequence[bytes]], list[bytes]]


def steps(settings: Settings) -> list[Step]:
    """All map stages in order, built once."""
    context = LocalContext(settings, Metrics())
    return [_step(wired, wired.stage, context) for wired in load_pipeline().load() if isinstance(wired.stage, MapStage)]


def _step(wired: WiredStage, stage: MapStage, context: LocalContext) -> Step:
    function = stage.build(context)
    reads, writes = wired.reads, str(wired.link.writes)

    def run(values: Sequence[bytes]) -> list[bytes]:
        arrival = Arrival(timestamp=time.time())
        outcomes = apply(stage, function, [(value, arrival) for value in values], context.metrics)
        records = (record for outcome in outcomes for record in outcome.records)
        return [record.to_json() for record in records if wired.target(record) == writes]

    names = (topic_name(reads, context.settings), topic_name(writes, context.settings))
    return Step(stage.name, *names, run)
