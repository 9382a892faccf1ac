"""Rasd's map stages as functions from bytes to bytes, for frameworks that know nothing of Rasd."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.engine.apply import apply
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.settings import STAGE_NAMES, Settings
from streams.stage import Arrival, MapStage, load_stages
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
    return [_step(stage, context) for stage in load_stages(STAGE_NAMES) if isinstance(stage, MapStage)]


def _step(stage: MapStage, context: LocalContext) -> Step:
    function = stage.build(context)

    def run(values: Sequence[bytes]) -> list[bytes]:
        arrival = Arrival(timestamp=time.time())
        outcomes = apply(stage, function, [(value, arrival) for value in values], context.metrics)
        records = (record for outcome in outcomes for record in outcome.records)
        return [record.to_json() for record in records if stage.target(record) is stage.writes]

    names = (topic_name(stage.reads, context.settings), topic_name(stage.writes, context.settings))
    return Step(stage.name, *names, run)
