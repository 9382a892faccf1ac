"""All map stages in one process, with no server: `rasd enrich`. The code is the workers', the state is in memory."""

from __future__ import annotations

import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.engine.apply import apply
from streams.errors import Reason, Rejected
from streams.observability.logs import get_logger
from streams.observability.metrics import Metrics
from streams.records import Article, RawArticle
from streams.settings import STAGE_NAMES, Settings
from streams.stage import Arrival, BatchFunction, MapFunction, MapStage, Record, load_stages

log = get_logger(__name__)


class LocalContext:
    """What stages are built with here."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics

    def table(self, name: str) -> MutableMapping[str, Any]:  # noqa: ARG002  (one table a stage needs no name in memory)
        """A table that lives as long as the process."""
        return {}

    def progress(self) -> None:
        """Nobody watches."""


@dataclass(slots=True)
class Enriched:
    """What became of one raw record.

    Attributes:
        articles: enriched ones; a page may hold several.
        failure: why the record, or one of its articles, got no further.
    """

    articles: list[Article] = field(default_factory=list)
    failure: Rejected | None = None


class LocalPipeline:
    """The stages from articles.raw to articles.enriched. Records pass a stage in their order, as in a worker."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self.metrics = metrics if metrics is not None else Metrics()
        context = LocalContext(settings, self.metrics)
        self._steps: list[tuple[MapStage, MapFunction | BatchFunction]] = [
            (stage, stage.build(context)) for stage in load_stages(STAGE_NAMES) if isinstance(stage, MapStage)
        ]
        self._latest = 0.0

    def enrich(self, raws: Sequence[RawArticle]) -> list[Enriched]:
        """What becomes of each raw record; some stages are quicker with several."""
        found = [Enriched() for _ in raws]
        under_way: list[tuple[int, Record]] = list(enumerate(raws))
        arrivals = [self._arrival() for _ in raws]
        for stage, function in self._steps:
            outcomes = apply(stage, function, [(record, arrivals[place]) for place, record in under_way], self.metrics)
            passed: list[tuple[int, Record]] = []
            for (place, _), outcome in zip(under_way, outcomes, strict=True):
                if outcome.failure is not None:
                    found[place].failure = found[place].failure or _refusal(stage, outcome.failure)
                # Lines that were written cannot be moved to another cluster; records that come in order need no move.
                passed += [(place, record) for record in outcome.records if stage.target(record) is stage.writes]
            under_way = passed
        for place, record in under_way:
            if isinstance(record, Article):
                found[place].articles.append(record)
        return found

    def _arrival(self) -> Arrival:
        """Now, and never the millisecond of the record before: the first to come is the first of its cluster."""
        self._latest = max(time.time(), self._latest + 0.001)
        return Arrival(timestamp=self._latest)


def _refusal(stage: MapStage, failure: Exception) -> Rejected:
    if isinstance(failure, Rejected):
        return failure
    log.debug("a stage failed on a record", stage=stage.name, exc_info=failure)
    refusal = Rejected(Reason.POISON, f"stage {stage.name}: {failure!r}")
    refusal.__cause__ = failure
    return refusal
