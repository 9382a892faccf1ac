"""Rasd's map stages as functions from bytes to bytes, for frameworks that know nothing of Rasd.

The look-up of near-duplicates is among them, with its table in memory alone: what the frameworks keep of it is lost
with their process, while a worker's table is in RocksDB and in a changelog topic.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streams.engine.apply import apply
from streams.engine.in_process import LocalContext
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage, load_pipeline
from streams.settings import Settings
from streams.stage import Arrival, MapStage, PipelineRecord
from streams.topics import topic_name


@dataclass(frozen=True)
class Step:
    """One stage or several: topics by name, and what to do with values; a refused record gives nothing."""

    name: str
    reads: str
    writes: str
    run: Callable[[Sequence[bytes]], list[bytes]]


def steps(settings: Settings, *, together: bool = False) -> list[Step]:
    """Return all map stages in order, built once; `together` as one step, between whose stages records stay objects."""
    context = LocalContext(settings, Metrics())
    wired = [each for each in load_pipeline().load() if isinstance(each.stage, MapStage)]
    return [_step([*wired], context)] if together else [_step([each], context) for each in wired]


def _step(wired: Sequence[WiredStage], context: LocalContext) -> Step:
    stages = [each.stage for each in wired if isinstance(each.stage, MapStage)]
    functions = [stage.build(context) for stage in stages]
    topics = [str(each.link.writes) for each in wired]

    def run(values: Sequence[bytes]) -> list[bytes]:
        arrival = Arrival(timestamp=time.time())
        records: list[bytes | PipelineRecord] = [*values]
        for each, stage, function, writes in zip(wired, stages, functions, topics, strict=True):
            outcomes = apply(stage, function, [(record, arrival) for record in records], context.metrics)
            made = (record for outcome in outcomes for record in outcome.records)
            records = [record for record in made if each.target(record) == writes]
        return [record.to_json() for record in records if not isinstance(record, bytes)]

    names = (topic_name(wired[0].reads, context.settings), topic_name(topics[-1], context.settings))
    return Step("+".join(stage.name for stage in stages), *names, run)
