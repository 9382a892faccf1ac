"""The `Context` of the stages of a worker."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, cast

from streams.engine.faust.tables import ConfirmedTable
from streams.engine.faust.worker_app import WorkerApp
from streams.observability.metrics import Metrics
from streams.settings import Settings
from streams.topics import SINGLE_PARTITION, TIMESTAMP_TYPE, TopicSpec


class WorkerContext:
    """The `Context` of one stage of a worker.

    Attributes:
        tables: the tables that the stage asked for.
    """

    def __init__(self, app: WorkerApp) -> None:
        self._app = app
        self.tables: list[ConfirmedTable] = []

    @property
    def settings(self) -> Settings:
        return self._app.settings

    @property
    def metrics(self) -> Metrics:
        return self._app.metrics

    def table(self, name: str, *, keep_seconds: float | None = None) -> MutableMapping[str, Any]:
        """Create a Faust table with one partition, and add its changelog to the topics that are created."""
        app = self._app
        table = cast(ConfirmedTable, app.Table(name, partitions=SINGLE_PARTITION, key_type=str))
        self.tables.append(table)
        expiry = {} if keep_seconds is None else {"retention.ms": str(int(keep_seconds * 1000))}
        # By the time of a worker whose clock is wrong, Kafka would delete changes early, or refuse them if it is more
        # than an hour ahead.
        arrival = {TIMESTAMP_TYPE: "LogAppendTime"}
        app.extra_topics.append(
            TopicSpec(
                name=f"{app.conf.id}-{name}-changelog",
                partitions=SINGLE_PARTITION,
                replication=self.settings.replication,
                config={"cleanup.policy": "compact,delete" if expiry else "compact", **expiry, **arrival},
            )
        )
        return cast("MutableMapping[str, Any]", table)

    def progress(self) -> None:
        """Report progress to the health check."""
        self._app.note_progress()
