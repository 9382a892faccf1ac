"""All map stages in one process, with no server: `rasd enrich`. The code is the workers', the state is in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, MutableMapping
from typing import Any

from streams.errors import Reason, Rejected
from streams.logs import get_logger
from streams.metrics import Metrics
from streams.records import Article, RawArticle
from streams.settings import STAGE_NAMES, Settings
from streams.stage import Arrival, MapFunction, MapStage, Record, load_stages
from streams.work import apply

log = get_logger(__name__)


class LocalContext:
    """What stages are built with here."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics

    def table(self, name: str) -> MutableMapping[str, Any]:  # noqa: ARG002  (one table a stage needs no name in memory)
        """A table that lives as long as the process."""
        return {}


class LocalPipeline:
    """The stages from articles.raw to articles.enriched, one record at a time."""

    def __init__(self, settings: Settings, metrics: Metrics | None = None) -> None:
        self.metrics = metrics if metrics is not None else Metrics()
        context = LocalContext(settings, self.metrics)
        self._steps: list[tuple[MapStage, MapFunction]] = [
            (stage, stage.build(context)) for stage in load_stages(STAGE_NAMES) if isinstance(stage, MapStage)
        ]

    def enrich(self, raw: RawArticle, timestamp: float | None = None) -> Iterator[Article]:
        """The enriched articles of one raw record.

        Args:
            timestamp: when it arrived, seconds since the epoch; now when None.

        Raises:
            Rejected: a stage refuses it.
        """
        arrival = Arrival(timestamp=time.time() if timestamp is None else timestamp)
        yield from self._run(raw, 0, arrival)

    def _run(self, record: Record, step: int, arrival: Arrival) -> Iterator[Article]:
        if step == len(self._steps):
            if isinstance(record, Article):
                yield record
            return
        stage, function = self._steps[step]
        outcome = apply(stage, function, record, arrival, self.metrics)
        if outcome.failure is not None:
            if isinstance(outcome.failure, Rejected):
                raise outcome.failure
            log.debug("a stage failed on a record", stage=stage.name, exc_info=outcome.failure)
            raise Rejected(Reason.POISON, f"stage {stage.name}: {outcome.failure!r}") from outcome.failure
        for result in outcome.records:
            # Lines that were written cannot be moved to another cluster; records that come in order need no move.
            if stage.target(result) is stage.writes:
                yield from self._run(result, step + 1, arrival)
