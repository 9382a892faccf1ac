"""What a stage is. A stage does not know its neighbours' code, Kafka's client, or how often it is retried.

Two kinds:

- A `MapStage` turns one record into records with a plain function. The runner calls it in a thread, so it may compute.
  A function that is quicker with several records takes a batch.
- A `SinkStage` writes batches somewhere.

Both are built by a factory that gets a `Context`, so that the same code runs in a worker and in `rasd enrich`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from streams.errors import Rejected
from streams.observability.metrics import Metrics
from streams.records import Article, ClusterMove, FingerprintedArticle, RawArticle
from streams.settings import Settings
from streams.topics import Topic

Record = RawArticle | Article | FingerprintedArticle | ClusterMove


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a record reached the stage.

    Attributes:
        timestamp: Kafka's time of the record, seconds since the epoch. The same on every replay.
    """

    timestamp: float


class Context(Protocol):
    """What a stage may ask its surroundings for while it is built."""

    @property
    def settings(self) -> Settings: ...

    @property
    def metrics(self) -> Metrics: ...

    def table(self, name: str) -> MutableMapping[str, Any]:
        """State that outlives the process: a Faust table in a worker, a dict in `rasd enrich`."""
        ...

    def progress(self) -> None:
        """To be called now and then by a function that computes for long: the worker counts as hung otherwise."""
        ...


MapFunction = Callable[[Any, Arrival], Sequence[Record]]
# The same for several records at once: the results of each, in their order.
BatchFunction = Callable[[Sequence[Any], Sequence[Arrival]], Sequence[Sequence[Record]]]


class Sink(Protocol):
    """Where batches end."""

    async def write(self, records: Sequence[Any], /) -> Sequence[Rejected | None]:
        """Store records; a verdict each, in order: None when it is stored, else why it never can be.

        Raises:
            Retryable: the store is away; the whole batch is written again.
        """
        ...

    async def check(self) -> None:
        """Ask the store whether it answers.

        Raises:
            Retryable: it is away.
            OperatorError: it refuses our credentials.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class StatefulFunction(Protocol):
    """The function of a stateful stage: it owns indexes that are derived from its table."""

    def __call__(self, record: Any, arrival: Arrival, /) -> Sequence[Record]: ...

    def recovered(self) -> None:
        """The table was read back (a start, a rebalance): build everything that is derived from it anew."""
        ...


@dataclass(frozen=True, slots=True)
class MapStage:
    """One record in, any number of records out.

    Attributes:
        name: stage name, also the key of its entry in `Article.trace` and the label of its metrics.
        version: raised when its results change.
        reads, writes: topics.
        accepts: record class on `reads`.
        build: makes the function; called once in a worker, before it consumes.
        side_outputs: records of these classes go to these topics instead of `writes`.
        stateful: true when the function uses a table. It then runs in the event loop, in order, and its table
            changes are in Kafka before its results are.
        batched: true when the function takes several records at once, because that is quicker. What becomes of a record
            must not depend on the others: when the function fails, it is called again with each alone.
    """

    name: str
    version: str
    reads: Topic
    writes: Topic
    accepts: type[RawArticle] | type[Article] | type[FingerprintedArticle]
    build: Callable[[Context], MapFunction] | Callable[[Context], BatchFunction]
    stateful: bool = False
    batched: bool = False
    side_outputs: Mapping[type, Topic] = field(default_factory=dict)

    def target(self, record: Record) -> Topic:
        """The topic that a result belongs to."""
        return self.side_outputs.get(type(record), self.writes)


@dataclass(frozen=True, slots=True)
class SinkStage:
    """The end of the pipeline: batches in, a verdict a record out."""

    name: str
    version: str
    reads: Topic
    accepts: type[Article] | type[ClusterMove]
    build: Callable[[Context], Sink]


Stage = MapStage | SinkStage


def load_stages(names: Sequence[str]) -> list[Stage]:
    """The stages of the given folders under agents/, in pipeline order.

    They are found by name, so that this package imports none of their insides.
    """
    return [stage for name in names for stage in import_module(f"agents.{name}.agent").STAGES]
