"""The runner against a model: random records, random faults at random points, and what must hold whatever happens.

The model is a topic of two partitions with committed offsets, and a broker that loses, delays or refuses what is sent,
or whose answer is lost. The process may die at every point where it sends, computes or writes, also always on the same
record, and starts again at the committed offsets. `make explore` tries many more runs than `make test`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from structlog.testing import CapturingLogger

from streams.engine.runner import StageRunner
from streams.engine.suspects import Suspects
from streams.errors import Reason, Rejected, Retryable
from streams.kafka.letter_parts import is_part, join, read_part
from streams.observability.metrics import Metrics
from streams.observability.spans import Headers
from streams.pipeline import Link, WiredStage
from streams.records import Article
from streams.stage import Arrival, MapStage, SinkStage
from streams.topics import Topic
from tests.support.articles import article
from tests.unit.engine.runner.broker import SETTINGS, THREAD

PARTITIONS = 2
# A key's records are all in one partition, as Kafka's partitioner puts them.
KEYS = {"a": 0, "b": 0, "c": 1, "d": 1}
GOOD = ("good", "away")
LETTER = ("rejected", "poison", "unreadable", "letter_too_large", "result_too_large", "deadly")
POINTS = ("stage", "table", "send", "store")
FAULTS = ("lost", "answer_lost", "not_sent", "death", "death_after", None, None, None)


class DeathError(BaseException):
    """The process dies here; nothing in it can catch this."""


@dataclass(frozen=True)
class Place:
    """A record's partition and offset."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


@dataclass
class ModelEvent:
    """One event of Faust, which notes in the model that it was acknowledged."""

    message: Any
    model: Model
    place: Place

    def ack(self) -> bool:
        self.model.acknowledge(self.place)
        return True


@dataclass(frozen=True)
class Delivery:
    """What a send returns, which nobody may wait for when the process dies."""

    deliver: Callable[[], Coroutine[Any, Any, None]]

    def __await__(self) -> Generator[Any, None, None]:
        return self.deliver().__await__()


@dataclass
class Model:
    """Kafka, and what it has received.

    Attributes:
        log: the records of each partition: (key, kind, bytes).
        out: what the broker has, in the order of its arrival: place of the record that it came from, and topic.
        faults: what happens the next times at each point.
        away: how often each record of the kind `away` still raises.
        acknowledged: the next offset that may be committed, by partition.
        changes: writes to the table that Kafka has not confirmed.
    """

    log: list[list[tuple[str, str, bytes]]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    out: list[tuple[str, str, str]] = field(default_factory=list)
    faults: dict[str, deque[str | None]] = field(default_factory=lambda: {point: deque() for point in POINTS})
    away: dict[str, int] = field(default_factory=dict)
    position: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    acknowledged: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    committed: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    in_flight: list[tuple[str, str, str]] = field(default_factory=list)
    parts: dict[str, dict[int, tuple[Any, bytes]]] = field(default_factory=dict)
    changes: set[str] = field(default_factory=set)
    stored: list[str] = field(default_factory=list)
    disturbed: bool = False

    def fault(self, point: str) -> str | None:
        waiting = self.faults[point]
        found = waiting.popleft() if waiting else None
        self.disturbed |= found is not None
        if found == "death":
            raise DeathError
        return found

    def kind(self, place: str) -> str:
        partition, offset = map(int, place.split(":"))
        return self.log[partition][offset][1]

    def acknowledge(self, place: Place) -> None:
        assert place.offset == self.acknowledged[place.partition], "acknowledged out of order"
        self.acknowledged[place.partition] += 1

    def begin_at_committed(self) -> None:
        """A process that dies, or loses its partitions, forgets what it has not committed."""
        self.position, self.acknowledged = list(self.committed), list(self.committed)
        self.changes.clear()

    async def send(self, topic: str, _: bytes | None, value: bytes, headers: Headers | None) -> Awaitable[Any]:
        assert not self.changes, "a result is passed on before Kafka has the table's change behind it"
        named = {name: held.decode() for name, held in headers or []}
        if topic == "articles.dlq":
            place = f"{named['__connect.errors.partition']}:{named['__connect.errors.offset']}"
            if self.kind(place) == "letter_too_large" and not is_part(headers):
                raise MessageSizeTooLargeError
        else:
            place = Article.model_validate_json(value).title or ""
            if self.kind(place) == "result_too_large":
                raise MessageSizeTooLargeError
        fault = self.fault("send")
        if fault == "not_sent":
            raise KafkaTimeoutError
        entry = (place, topic, named.get("rasd.part", ""))
        self.in_flight.append(entry)

        async def deliver() -> None:
            self.in_flight.remove(entry)
            if fault in {"lost", "death_after"}:
                if fault == "death_after":
                    self.arrive(entry, value, named)
                    raise DeathError
                raise KafkaTimeoutError
            self.arrive(entry, value, named)
            if fault == "answer_lost":
                raise KafkaTimeoutError

        return Delivery(deliver)

    def arrive(self, entry: tuple[str, str, str], value: bytes, headers: dict[str, str]) -> None:
        place, topic, _ = entry
        part = read_part(headers)
        if part is not None:
            held = self.parts.setdefault(place, {})
            held[part.number] = (part, value)
            if len(held) < part.count:
                return
            partition, offset = map(int, place.split(":"))
            joined = join(part, [held[number][1] for number in sorted(held)])
            assert joined == (self.log[partition][offset][0].encode(), self.log[partition][offset][2])
        elif topic == "articles.dlq":
            partition, offset = map(int, place.split(":"))
            assert value == self.log[partition][offset][2], "a dead letter has the original bytes"
        self.out.append((place, topic, ""))


class RunnerMachine(RuleBasedStateMachine):
    """The machine that hypothesis drives. Subclasses say which kind of stage runs."""

    kind = "map"

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.folder = tempfile.TemporaryDirectory(prefix="rasd-model-")
        self.loop = asyncio.new_event_loop()
        self.runner = self.start()

    def start(self) -> StageRunner:
        """A new process."""
        options: dict[str, Any] = {
            "send": self.model.send,
            "thread": THREAD,
            "settings": SETTINGS,
            "suspects": Suspects(Path(self.folder.name)),
        }
        if self.kind == "sink":
            sink = SinkStage("toy", "7", accepts=Article, build=lambda _: self)
            return StageRunner(WiredStage(sink, Link("toy", reads=Topic.CLEAN)), self, metrics=Metrics(), **options)
        function: Any = self.together if self.kind == "batched" else self.alone
        stage = MapStage(
            "toy",
            "7",
            accepts=Article,
            build=lambda _: function,
            batched=self.kind == "batched",
            stateful=self.kind == "stateful",
        )
        wired = WiredStage(stage, Link("toy", reads=Topic.CLEAN, writes=Topic.TAGGED))
        tables = [self] if self.kind == "stateful" else []
        return StageRunner(wired, function, metrics=Metrics(), tables=tables, **options)

    # What the stage does.

    def alone(self, record: Article, _: Arrival) -> list[Article]:
        place = record.title or ""
        if self.kind != "stateful" and self.model.fault("stage") is not None:
            raise Retryable("the stage's server is away")
        if self.kind == "stateful":
            self.model.changes.add(place)
        self.raise_for(place)
        return [record]

    def together(self, records: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
        if self.model.fault("stage") is not None:
            raise Retryable("the stage's server is away")
        for record in records:
            self.raise_for(record.title or "")
        return [[record] for record in records]

    def raise_for(self, place: str) -> None:
        match self.model.kind(place):
            case "away" if self.model.away.setdefault(place, 2) > 0:
                self.model.away[place] -= 1
                raise Retryable("away")
            case "rejected" | "letter_too_large":
                raise Rejected(Reason.EMPTY_BODY, "nothing")
            case "poison":
                raise ZeroDivisionError(place)
            case "deadly":
                raise DeathError

    async def confirm(self) -> None:
        """Confirm the table's changes, unless the broker is away."""
        fault = self.model.fault("table")
        if fault == "death_after":
            raise DeathError
        if fault is not None:
            raise Retryable("changelog")
        self.model.changes.clear()

    async def write(self, records: Sequence[Article], /) -> list[Rejected | None]:
        """Store records, some of them before a fault."""
        fault = self.model.fault("store")
        verdicts: list[Rejected | None] = []
        for record in records:
            place = record.title or ""
            bad = self.model.kind(place) not in GOOD
            if self.model.kind(place) == "deadly":
                raise DeathError
            verdicts.append(Rejected(Reason.INDEX_REFUSED, "mapping") if bad else None)
            if fault == "lost" and len(verdicts) > 1:
                raise Retryable("half of them")
            if not bad:
                self.model.out.append((place, "store", ""))
        if fault == "death_after":
            raise DeathError
        if fault is not None:
            raise Retryable("the answer is lost")
        return verdicts

    async def check(self) -> None:
        """It always answers."""

    async def close(self) -> None:
        """It holds nothing."""

    # What happens.

    @rule(key=st.sampled_from(sorted(KEYS)), kind=st.sampled_from(GOOD * 3 + LETTER), number=st.integers(1, 3))
    def produce(self, key: str, kind: str, number: int) -> None:
        """Records arrive."""
        for _ in range(number):
            log = self.model.log[KEYS[key]]
            value = article(id=key, title=f"{KEYS[key]}:{len(log)}").to_json()
            log.append((key, kind, b"junk" + value if kind == "unreadable" else value))

    @rule(point=st.sampled_from(POINTS), faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=6))
    def things_will_go_wrong(self, point: str, faults: list[str | None]) -> None:
        """The next times at this point, these happen."""
        self.model.faults[point].extend(faults)

    @rule(most=st.integers(1, 8))
    def work(self, most: int) -> None:
        """The runner gets a batch, of all partitions in turn."""
        taken: list[ModelEvent] = []
        while len(taken) < most:
            before = len(taken)
            for partition in range(PARTITIONS):
                if len(taken) < most and (event := self.next_event(partition)) is not None:
                    taken.append(event)
            if len(taken) == before:
                break
        if not taken:
            return
        try:
            self.loop.run_until_complete(self.runner.handle(taken))
        except DeathError:
            self.restart(arrives=len(taken) % 2 == 0)
        assert not self.model.in_flight, "the batch ended before every delivery did"

    def next_event(self, partition: int) -> ModelEvent | None:
        offset = self.model.position[partition]
        if offset >= len(self.model.log[partition]):
            return None
        self.model.position[partition] += 1
        key, _, value = self.model.log[partition][offset]
        message = SimpleNamespace(
            value=value,
            key=key.encode(),
            topic="articles.clean",
            partition=partition,
            offset=offset,
            timestamp=1.7e9 + offset,
            headers=[],
        )
        return ModelEvent(message, self.model, Place(partition, offset))

    @rule()
    def commit(self) -> None:
        """Faust commits what was acknowledged."""
        self.model.committed = list(self.model.acknowledged)

    @rule(arrives=st.booleans())
    def restart(self, *, arrives: bool) -> None:
        """The process dies between two batches, or a commit fails and ends it. What is in flight may still arrive."""
        self.model.disturbed = True
        if arrives:
            self.model.out += [entry for entry in self.model.in_flight if not entry[2]]
        self.model.in_flight.clear()
        self.model.begin_at_committed()
        self.runner = self.start()

    @rule()
    def rebalance(self) -> None:
        """The partitions go away and come back: this process begins at the committed offsets."""
        self.model.disturbed = True
        self.model.begin_at_committed()

    # What must hold.

    @invariant()
    def nothing_is_committed_that_was_not_delivered(self) -> None:
        """Every record before a committed offset has its result, or is a dead letter."""
        for partition, committed in enumerate(self.model.committed):
            for offset in range(committed):
                self.check_delivered(f"{partition}:{offset}")

    def check_delivered(self, place: str) -> None:
        topics = {topic for found, topic, _ in self.model.out if found == place}
        kind = self.model.kind(place)
        letter = kind in LETTER and not (self.kind == "sink" and kind == "away")
        assert topics == {"articles.dlq"} if letter else topics in ({"articles.tagged"}, {"store"}), (
            place,
            kind,
            topics,
        )

    def teardown(self) -> None:
        """Let everything go well, and check the whole."""
        try:
            for waiting in self.model.faults.values():
                waiting.clear()
            for _ in range(10 + 10 * sum(map(len, self.model.log))):  # a deadly record ends the process four times
                if all(at == len(log) for at, log in zip(self.model.position, self.model.log, strict=True)):
                    break
                self.work(8)
            self.commit()
            assert self.model.committed == [len(log) for log in self.model.log], "nothing is stuck"
            self.nothing_is_committed_that_was_not_delivered()
            self.check_order()
            if not self.model.disturbed:
                assert len(self.model.out) == sum(map(len, self.model.log)), "without a fault, exactly once"
        finally:
            self.loop.close()
            self.folder.cleanup()

    def check_order(self) -> None:
        """Of each key, the reader's last word is the newest record: last deliveries are in the order of the topic."""
        last: dict[str, int] = {}
        for at, (place, topic, _) in enumerate(self.model.out):
            if topic != "articles.dlq":
                last[place] = at
        for key, partition in KEYS.items():
            offsets = [at for at, entry in enumerate(self.model.log[partition]) if entry[0] == key]
            arrived = [last[f"{partition}:{offset}"] for offset in offsets if f"{partition}:{offset}" in last]
            assert arrived == sorted(arrived), f"the records of {key} arrived in another order"


class BatchedMachine(RunnerMachine):
    kind = "batched"


class StatefulMachine(RunnerMachine):
    kind = "stateful"


class SinkMachine(RunnerMachine):
    kind = "sink"


@pytest.mark.parametrize(
    "machine", [RunnerMachine, BatchedMachine, StatefulMachine, SinkMachine], ids=lambda machine: machine.kind
)
def test_every_record_is_delivered_whatever_happens(
    machine: type[RunnerMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.engine.runner.log", CapturingLogger())  # to write every failure down takes most time
    many = settings().max_examples > 100  # the profile `explore`
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=1000 if many else 30,
            stateful_step_count=50 if many else 30,
            suppress_health_check=list(HealthCheck),
        ),
    )
