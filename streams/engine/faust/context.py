"""What stages of a worker are built with."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, cast

from streams.engine.faust.tables import ConfirmedTable
from streams.engine.faust.worker_app import WorkerApp
from streams.observability.metrics import Metrics
from streams.settings import Settings
from streams.topics import SINGLE_PARTITION, TopicSpec


class WorkerContext:
    """What stages of a worker are built with."""

    def __init__(self, app: WorkerApp) -> None:
        self._app = app
        self.tables: list[ConfirmedTable] = []

    @property
    def settings(self) -> Settings:
        return self._app.settings

    @property
    def metrics(self) -> Metrics:
        return self._app.metrics

    def table(self, name: str) -> MutableMapping[str, Any]:
        """A table whose changelog has as many partitions as the look-up topic."""
        app = self._app
        table = cast(ConfirmedTable, app.Table(name, partitions=SINGLE_PARTITION, key_type=str))
        self.tables.append(table)
        window_ms = int(self.settings.dedupe_window_hours * 3600 * 1000)
        app.extra_topics.append(
            TopicSpec(
                name=f"{app.conf.id}-{name}-changelog",
                partitions=SINGLE_PARTITION,
                replication=self.settings.replication,
                config={"cleanup.policy": "compact,delete", "retention.ms": str(2 * window_ms)},
            )
        )
        return cast("MutableMapping[str, Any]", table)

    def progress(self) -> None:
        """Count a step of a stage that computes for long."""
        self._app.steps += 1
