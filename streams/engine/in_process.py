"""Run all map stages in one process without a server, for `rasd enrich`: the workers' code with its state in memory."""

from __future__ import annotations

import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.engine.apply import apply
from streams.errors import Reason, Rejected
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.pipeline import WiredStage, load_pipeline
from streams.records import Article, RawArticle
from streams.settings import Settings
from streams.stage import Arrival, BatchFunction, MapFunction, MapStage, PipelineRecord

log = get_logger(__name__)


class LocalContext:
    """The surroundings of stages in this process."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics

    def table(self, name: str) -> MutableMapping[str, Any]:  # noqa: ARG002  (one table a stage needs no name in memory)
        """Return a table that lives as long as the process."""
        return {}

    def progress(self) -> None:
        """Do nothing: no health check watches this process."""


@dataclass(slots=True)
class Enriched:
    """The outcome for one raw record.

    Attributes:
        articles: enriched ones; a page may hold several.
        failure: why the record, or one of its articles, got no further.
    """

    articles: list[Article] = field(default_factory=list)
    failure: Rejected | None = None


class LocalPipeline:
    """The map stages from articles.raw to articles.enriched. Records pass a stage in their order, as in a worker."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self.metrics = metrics if metrics is not None else Metrics()
        context = LocalContext(settings, self.metrics)
        pipeline = load_pipeline()
        maps = [link.stage for link in pipeline.links if link.writes is not None]
        self._steps: list[tuple[WiredStage, MapStage, MapFunction | BatchFunction]] = [
            (wired, wired.stage, wired.stage.build(context))
            for wired in pipeline.load(maps)
            if isinstance(wired.stage, MapStage)
        ]
        self._latest = 0.0

    def enrich(self, raws: Sequence[RawArticle]) -> list[Enriched]:
        """Enrich raw records; returns the outcome for each, in order. Some stages are quicker with several at once."""
        found = [Enriched() for _ in raws]
        under_way: list[tuple[int, PipelineRecord]] = list(enumerate(raws))
        arrivals = [self._arrival() for _ in raws]
        for wired, stage, function in self._steps:
            outcomes = apply(stage, function, [(record, arrivals[page]) for page, record in under_way], self.metrics)
            passed: list[tuple[int, PipelineRecord]] = []
            for (page, _), outcome in zip(under_way, outcomes, strict=True):
                if outcome.failure is not None:
                    found[page].failure = found[page].failure or _refusal(stage, outcome.failure)
                # Articles that were written out cannot change their cluster any more; in order, none has to.
                passed += [(page, record) for record in outcome.records if wired.target(record) == wired.link.writes]
            under_way = passed
        for page, record in under_way:
            if isinstance(record, Article):
                found[page].articles.append(record)
        return found

    def _arrival(self) -> Arrival:
        """Return the current time, later than that of the record before: the first to arrive leads its cluster."""
        self._latest = max(time.time(), self._latest + 0.001)
        return Arrival(timestamp=self._latest)


def _refusal(stage: MapStage, failure: Exception) -> Rejected:
    if isinstance(failure, Rejected):
        return failure
    log.debug("a stage failed on a record", stage=stage.name, exc_info=failure)
    refusal = Rejected(Reason.POISON, f"stage {stage.name}: {failure!r}")
    refusal.__cause__ = failure
    return refusal
