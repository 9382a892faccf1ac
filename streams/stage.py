"""What stages, sinks and taps are. None of them knows its neighbours, Kafka's client, or how often it is retried.

A *stage* is one step of the pipeline, in one of two kinds:

- A `MapStage` turns one record into records with a plain function. The runner calls it in a thread, so it may compute.
  A function that is quicker with several records takes a batch.
- A `SinkStage` writes batches somewhere.

A `Tap` is a sink stage outside the pipeline: it reads a topic in a consumer group and a process of its own, so that it
can neither delay the stages nor take records from them.

Each is built by a factory that gets a `Context`, so that the same code runs in a worker and in `rasd enrich`. A factory
raises `OperatorError` when something is missing that it cannot work without; the process then exits with the message.
Which topics a stage reads and writes is decided in `streams.pipeline`.

docs/guides/add-a-stage.md and add-a-tap.md beside it show how a package adds its own.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streams.errors import Rejected
from streams.observability.metrics import Metrics
from streams.records import Article, ClusterMove, FingerprintedArticle, RawArticle
from streams.settings import Settings
from streams.topics import Topic

__all__ = [
    "Arrival",
    "BatchFunction",
    "Context",
    "MapFunction",
    "MapStage",
    "Original",
    "PipelineRecord",
    "Sink",
    "SinkStage",
    "Stage",
    "StatefulFunction",
    "Tap",
]

PipelineRecord = RawArticle | Article | FingerprintedArticle | ClusterMove
"""A record of one of the pipeline's topics."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a record reached the stage.

    Attributes:
        timestamp: Kafka's time of the record, seconds since the epoch. The same on every replay.
    """

    timestamp: float


@dataclass(frozen=True, slots=True)
class Original:
    """A record as Kafka holds it, for a tap that takes records undecoded (`accepts=Original`).

    Attributes:
        topic, partition, offset: where it is; the topic without RASD_TOPIC_PREFIX.
        timestamp: Kafka's time of the record, seconds since the epoch.
        key: None if it has none.
        value: its bytes; empty for a tombstone.
    """

    topic: str
    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes


class Context(Protocol):
    """What a stage may ask its surroundings for while it is built."""

    @property
    def settings(self) -> Settings:
        """The settings of the process. A plugin's own settings are its own."""
        ...

    @property
    def metrics(self) -> Metrics:
        """The metrics of the process. `metrics.registry` takes further ones."""
        ...

    def table(self, name: str, *, keep_seconds: float | None = None) -> MutableMapping[str, Any]:
        """Return state that outlives the process: a Faust table in a worker, a dict in `rasd enrich`.

        Args:
            name: unique among all stages.
            keep_seconds: Kafka may forget a key that was not written for so long; never when None. The stage deletes
                keys from the table itself.
        """
        ...

    def progress(self) -> None:
        """Report progress from a function that computes for long; without it the worker counts as hung."""
        ...


MapFunction = Callable[[Any, Arrival], Sequence[PipelineRecord]]
"""Turns one record into records: one to pass it on, none to drop it.

After a crash it is called again for the same record: if it writes anything elsewhere, repetition must be harmless.

Raises:
    Retryable: a service is unavailable; the whole batch is processed again after a wait.
    Rejected: the record can never pass; it becomes a dead letter with this reason. So does a record for which anything
        else is raised, `OperatorError` included, with the reason `poison`.
"""

BatchFunction = Callable[[Sequence[Any], Sequence[Arrival]], Sequence[Sequence[PipelineRecord]]]
"""Turns several records into the results of each, in their order. Raises like `MapFunction`.

When it raises anything but `Retryable`, it is called again with each record alone.
"""


class Sink(Protocol):
    """Stores batches of records. Its methods run in the worker's event loop, so they must not block it."""

    async def write(self, records: Sequence[Any], /) -> Sequence[Rejected | None]:
        """Store records. Writing a record again must be harmless: delivery is at least once.

        Returns:
            A verdict for each record, in order: None when it is stored, else why it never can be. The latter becomes a
            dead letter.

        Raises:
            Retryable: the store is unavailable; the whole batch is written again after a wait.
            OperatorError: the store refuses our credentials; the same.
            Rejected: a record can never be stored; the batch is halved until that record stands alone, and becomes a
                dead letter. To return it is quicker. Anything else that is raised is treated in the same way, except
                that a record alone is tried three times, and only becomes a dead letter if `check` finds the store
                available. Connection errors, time-outs and errors of the system such as a full disk count as
                `Retryable`.
        """
        ...

    async def check(self) -> None:
        """Ask the store whether it answers; called every ten seconds for /readyz.

        Raises:
            Retryable: it is unavailable.
            OperatorError: it refuses our credentials.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class StatefulFunction(Protocol):
    """The function of a stateful stage: it owns indexes that are derived from its table."""

    def __call__(self, record: Any, arrival: Arrival, /) -> Sequence[PipelineRecord]:
        """Turn one record into records, and change the table."""
        ...

    def recovered(self) -> None:
        """Rebuild everything derived from the table, which was read back (after a start or a rebalance)."""
        ...


@dataclass(frozen=True, slots=True)
class MapStage:
    """A stage that turns one record into any number of records.

    Attributes:
        name: stage name; also its name in RASD_STAGES, the key of its entry in `Article.trace` and of its annotation,
            and the label of its metrics. Lower-case letters, digits and hyphens.
        version: raise it when its results change.
        accepts: record class that it reads. A plugin stage also returns records of this class.
        build: makes the function; called once in a worker, before it consumes. Load models and read settings here.
        stateful: whether the function uses a table (`StatefulFunction`). It then runs in the event loop, in order, and
            its table changes are in Kafka before its results are.
        batched: whether the function takes several records at once, because that is quicker (`BatchFunction`). The
            result for a record must not depend on the others.
        after: the stage whose results a plugin stage reads; the stage that read them before reads the plugin's results
            instead. None for the built-in stages, which `streams.pipeline` orders.
        load: loads what only some records need, such as a model for foreign languages. A worker calls it before its
            first record, as none may pay for it out of RASD_RECORD_SECONDS; `rasd enrich` does not.
    """

    name: str
    version: str
    accepts: type[RawArticle] | type[Article] | type[FingerprintedArticle]
    build: Callable[[Context], MapFunction] | Callable[[Context], BatchFunction]
    stateful: bool = False
    batched: bool = False
    after: str | None = None
    load: Callable[[], object] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class SinkStage:
    """A stage that writes batches of records to a store. A plugin that does so is a `Tap`.

    Attributes:
        name, version: as for `MapStage`.
        accepts: record class that it reads. A tap may accept `Original`: each record of its topic, readable or not,
            with its origin.
        build: makes the sink; called once in a worker, before it consumes.
        own_timeouts: whether `write` always ends by itself, because everything that it waits for has a timeout. Any
            other sink is cancelled after four times RASD_RECORD_SECONDS, as if it had failed on one of the records.
    """

    name: str
    version: str
    accepts: type[RawArticle] | type[Article] | type[FingerprintedArticle] | type[ClusterMove] | type[Original]
    build: Callable[[Context], Sink]
    own_timeouts: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tap(SinkStage):
    """A sink stage outside the pipeline that reads any topic: `rasd worker --tap NAME` runs it.

    Its consumer group is its own (`RASD_APP_ID-tap-NAME`) and begins with the oldest record that the topic keeps. A
    record that it rejects goes to articles.dlq under its name.

    Attributes:
        reads: topic that it reads, without RASD_TOPIC_PREFIX. Any topic whose records are of the class `accepts`, for
            `Original` any topic of articles.
    """

    reads: str = Topic.ENRICHED


Stage = MapStage | SinkStage
"""Any stage; a tap is a sink stage."""
