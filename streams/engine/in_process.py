"""Run all map stages in one process without a server, as `rasd enrich` does. Tables are kept in memory."""

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
    """The `Context` of stages outside a worker."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics

    def table(self, name: str, *, keep_seconds: float | None = None) -> MutableMapping[str, Any]:  # noqa: ARG002  (in memory, a table needs no name)
        """Return an empty table that is kept in memory only."""
        return {}

    def progress(self) -> None:
        """Do nothing, as no health check watches this process."""


@dataclass(slots=True)
class Enriched:
    """The outcome for one raw record.

    Attributes:
        articles: the enriched articles of the page.
        failure: the first failure of the record or of one of its articles, if any.
    """

    articles: list[Article] = field(default_factory=list)
    failure: Rejected | None = None


class LocalPipeline:
    """The map stages from articles.raw to articles.enriched, applied to records in order, as in a worker.

    Args:
        settings: settings of the stages.
        metrics: metrics in which to record the time per record; new ones when None.

    Raises:
        OperatorError: a stage cannot be loaded.
    """

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
        """Enrich raw records. Several at once are faster than one by one, as some stages process batches.

        Returns:
            The outcome for each record, in the same order.

        Raises:
            Retryable: a stage could not reach a server.
        """
        found = [Enriched() for _ in raws]
        under_way: list[tuple[int, PipelineRecord]] = list(enumerate(raws))
        arrivals = [self._arrival() for _ in raws]
        for wired, stage, function in self._steps:
            outcomes = apply(stage, function, [(record, arrivals[page]) for page, record in under_way], self.metrics)
            passed: list[tuple[int, PipelineRecord]] = []
            for (page, _), outcome in zip(under_way, outcomes, strict=True):
                if outcome.failure is not None:
                    found[page].failure = found[page].failure or _refusal(stage, outcome.failure)
                # Cluster moves are dropped. Records arrive in order here, so that no earlier copy comes late.
                passed += [(page, record) for record in outcome.records if wired.target(record) == wired.link.writes]
            under_way = passed
        for page, record in under_way:
            if isinstance(record, Article):
                found[page].articles.append(record)
        return found

    def _arrival(self) -> Arrival:
        """Return the time, but later than the last one: the earliest article of a cluster becomes its canonical one."""
        self._latest = max(time.time(), self._latest + 0.001)
        return Arrival(timestamp=self._latest)


def _refusal(stage: MapStage, failure: Exception) -> Rejected:
    if isinstance(failure, Rejected):
        return failure
    log.debug("a stage failed on a record", stage=stage.name, exc_info=failure)
    refusal = Rejected(Reason.POISON, f"stage {stage.name}: {failure!r}")
    refusal.__cause__ = failure
    return refusal
