"""Records that stop, fill or break the process of the stages become dead letters; all others go on.

Each stage misbehaves on articles with certain ids, in a real process that is really ended.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client import Counter, Histogram

from streams.engine.child_process import TemplateLost
from streams.engine.stage_process import StageProcess
from streams.errors import OperatorError, Reason, Rejected, Retryable
from streams.observability.metrics import Metrics
from streams.pipeline import Link, WiredStage
from streams.records import Article
from streams.settings import MIB, Settings
from streams.stage import Arrival, Context, MapStage
from streams.topics import Topic
from tests.support.articles import article

SECONDS = 0.5
SETTINGS = Settings(_env_file=None, record_seconds=SECONDS, record_memory=64 * MIB)


def loop() -> None:
    """Compute for ever in Python."""
    while True:
        pass


def never_match() -> None:
    """Compute for ever inside one call of C code that does not let other threads run."""
    re.match(r"(?:a|aa)+$", "a" * 80 + "c")


def wait() -> None:
    """Wait for ever."""
    time.sleep(1e6)


def allocate() -> None:
    """Take memory for ever, piece by piece."""
    held = []
    while True:
        held.append(bytes(1_000_000))


def hide_that_memory_is_short() -> None:
    """Take memory for ever and keep it, but call the refusal something else."""
    try:
        while True:
            KEPT.append(bytes(1_000_000))
    except MemoryError:
        raise ValueError("something else") from None


def crash() -> None:
    """Read address 0."""
    ctypes.string_at(0)


def leave() -> None:
    """End the process."""
    os._exit(3)


KEPT: list[bytes] = []
FAULTS: dict[str, tuple[Callable[[], None], Reason, str]] = {
    "loop": (loop, Reason.TOO_SLOW, r"toy took more than 0\.5 s \(RASD_RECORD_SECONDS\), at .*:\d+ in loop"),
    "regex": (
        never_match,
        Reason.TOO_SLOW,
        r"toy took more than 0\.5 s \(RASD_RECORD_SECONDS\), at .*re.*:\d+ in match",
    ),
    "wait": (wait, Reason.TOO_SLOW, r"toy took more than 0\.5 s \(RASD_RECORD_SECONDS\), at .*:\d+ in wait"),
    "memory": (allocate, Reason.TOO_MUCH_MEMORY, r"toy took more than 67108864 bytes of memory \(RASD_RECORD_MEMORY\)"),
    "hidden": (
        hide_that_memory_is_short,
        Reason.TOO_MUCH_MEMORY,
        r"toy took more than 67108864 bytes of memory \(RASD_RECORD_MEMORY\)",
    ),
    "segfault": (crash, Reason.CRASHED, r"toy: SIGSEGV, at .*:\d+ in string_at"),
    "exit": (leave, Reason.CRASHED, r"toy: its process ended with status 3"),
}


def misbehave(record: Article, _: Arrival) -> list[Article]:
    """Do what the id says, else pass the article on."""
    if record.id in FAULTS:
        FAULTS[record.id][0]()
    if record.id == "poison":
        raise KeyError("k")
    if record.id == "refused":
        raise Rejected(Reason.EMPTY_BODY, "nothing left")
    if record.id == "away":
        raise Retryable("the service is away")
    return [record]


def together(records: Sequence[Article], arrivals: Sequence[Arrival]) -> list[list[Article]]:
    return [misbehave(record, arrival) for record, arrival in zip(records, arrivals, strict=True)]


def wired(build: Callable[[Context], Any], **fields: Any) -> WiredStage:
    stage = MapStage("toy", "7", accepts=Article, build=build, **fields)
    return WiredStage(stage, Link("toy", reads=Topic.CLEAN, writes=Topic.TAGGED))


@contextmanager
def started(stage: WiredStage, settings: Settings = SETTINGS, metrics: Metrics | None = None) -> Iterator[StageProcess]:
    process = StageProcess([stage], settings, metrics if metrics is not None else Metrics())
    process.start()
    try:
        yield process
    finally:
        process.close()


@pytest.fixture(scope="module")
def alone() -> Iterator[StageProcess]:
    """A stage that takes one record at a time."""
    with started(wired(lambda _: misbehave)) as process:
        yield process


@pytest.fixture(scope="module")
def batched() -> Iterator[StageProcess]:
    """A stage that takes several records at once."""
    with started(wired(lambda _: together, batched=True)) as process:
        yield process


def records(*ids: str) -> list[tuple[bytes, float]]:
    return [(article(id=name).to_json(), 1_700_000_000.0) for name in ids]


def failure(process: StageProcess, name: str) -> Rejected:
    """Process a record between two others, check that these pass, and return why the record did not."""
    first, guilty, last = process.apply("toy", records("a", name, "b"))
    assert [key for outgoing in (first, last) for _, key, _ in outgoing.results] == [b"a", b"b"]
    assert first.failure is None
    assert last.failure is None
    assert guilty.results == []
    assert isinstance(guilty.failure, Rejected)
    return guilty.failure


@pytest.mark.parametrize(
    ("kind", "name"),
    [*(("alone", name) for name in FAULTS), *(("batched", name) for name in ("regex", "memory", "exit"))],
)
def test_a_record_that_no_function_survives_is_a_dead_letter(
    name: str, kind: str, request: pytest.FixtureRequest
) -> None:
    _, reason, detail = FAULTS[name]
    found = failure(request.getfixturevalue(kind), name)
    assert found.reason is reason
    assert re.fullmatch(detail, found.detail), found.detail


def test_no_record_pays_for_what_a_stage_loads() -> None:
    loaded = []

    def load() -> None:
        time.sleep(2 * SECONDS)
        loaded.append(True)

    def use(record: Article, _: Arrival) -> list[Article]:
        if not loaded:
            load()
        return [record]

    with started(wired(lambda _: use, load=load)) as process:
        (outgoing,) = process.apply("toy", records("a"))
    assert outgoing.failure is None
    assert [key for _, key, _ in outgoing.results] == [b"a"]


def test_what_functions_return_and_raise_crosses_the_process_boundary(alone: StageProcess) -> None:
    passed, poison, refused, unreadable = alone.apply("toy", [*records("a", "poison", "refused"), (b"junk", 0.0)])
    ((topic, key, value),) = passed.results
    assert (topic, key) == ("articles.tagged", b"a")
    assert Article.model_validate_json(value).trace["toy"].version == "7"
    assert poison.failure is not None
    assert (type(poison.failure).__name__, str(poison.failure)) == ("KeyError", "'k'")
    assert 'raise KeyError("k")' in str(poison.failure.__cause__)
    for outgoing, reason in ((refused, Reason.EMPTY_BODY), (unreadable, Reason.NOT_JSON)):
        assert isinstance(outgoing.failure, Rejected)
        assert outgoing.failure.reason is reason


def test_a_service_that_is_away_ends_no_process(alone: StageProcess) -> None:
    (before,) = alone.apply("toy", records("a"))
    pid = alone.pid
    with pytest.raises(Retryable, match="the service is away"):
        alone.apply("toy", records("a", "away"))
    assert alone.pid == pid
    assert before.failure is None


def test_a_record_that_was_late_once_passes_when_it_is_tried_alone(tmp_path: Path) -> None:
    """As when the machine was suspended in between."""
    tried = tmp_path / "tried"

    def late_once(record: Article, _: Arrival) -> list[Article]:
        if record.id == "late" and not tried.exists():
            tried.touch()
            wait()
        return [record]

    with started(wired(lambda _: late_once)) as process:
        assert [each.failure for each in process.apply("toy", records("a", "late", "b"))] == [None] * 3
    assert tried.exists()


def test_a_batch_has_more_time_than_a_record_as_long_as_it_makes_progress() -> None:
    def build(context: Context) -> Any:
        def slow_but_steady(articles: Sequence[Article], _: Sequence[Arrival]) -> list[list[Article]]:
            for _article in articles:
                time.sleep(0.15)
                context.progress()
            return [[each] for each in articles]

        return slow_but_steady

    with started(wired(build, batched=True), SETTINGS.model_copy(update={"record_seconds": 0.4})) as process:
        pid = process.pid
        assert [each.failure for each in process.apply("toy", records("a", "b", "c", "d"))] == [None] * 4
        assert process.pid == pid
        steps = process.steps
        endless = process.apply("toy", records(*"abcdefghijkl"))
        assert [each.failure for each in endless] == [None] * 12
        assert process.pid != pid, "a batch cannot extend its time for ever"
        assert process.steps > steps


def test_what_a_stage_measures_is_counted_in_the_worker() -> None:
    metrics = Metrics()

    def build(context: Context) -> Any:
        own = Counter("toy_seen_total", "Seen.", ["what"], registry=context.metrics.registry)
        own.labels("never")
        sizes = Histogram("toy_sizes", "Sizes.", buckets=(1, 10), registry=context.metrics.registry)

        def count(record: Article, _: Arrival) -> list[Article]:
            own.labels(record.id).inc(2)
            sizes.observe(5)
            return [record]

        return count

    with started(wired(build), metrics=metrics) as process:
        process.apply("toy", records("a", "b", "a"))
    sample = metrics.registry.get_sample_value
    assert sample("toy_seen_total", {"what": "a"}) == 4
    assert sample("toy_seen_total", {"what": "b"}) == 2
    assert sample("toy_seen_total", {"what": "never"}) == 0
    assert sample("toy_sizes_bucket", {"le": "1.0"}) == 0
    assert sample("toy_sizes_bucket", {"le": "10.0"}) == 3
    assert sample("rasd_stage_seconds_count", {"stage": "toy"}) == 3


def test_a_stage_that_cannot_be_built_is_named_when_the_worker_starts() -> None:
    def refuse(_: Context) -> Any:
        raise OperatorError("there is no model", hint="RASD_MODEL", status=2)

    with pytest.raises(OperatorError, match="there is no model") as found, started(wired(refuse)):
        pass
    assert (found.value.hint, found.value.status) == ("RASD_MODEL", 2)

    def fail(_: Context) -> Any:
        raise ZeroDivisionError("by zero")

    with (
        pytest.raises(OperatorError, match="a stage cannot be built: ZeroDivisionError: by zero"),
        started(wired(fail)),
    ):
        pass


def test_its_processes_end_with_the_worker() -> None:
    reading, writing = os.pipe()
    worker = os.fork()
    if worker == 0:
        process = StageProcess(
            [wired(lambda _: misbehave)], SETTINGS.model_copy(update={"record_seconds": 600}), Metrics()
        )
        process.start()
        os.write(writing, str(process.pid).encode())
        os.close(writing)
        process.apply("toy", records("loop"))
        os._exit(0)
    os.close(writing)
    computing = psutil.Process(int(os.read(reading, 20)))
    template = computing.parent()
    assert template is not None
    assert template.ppid() == worker
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    gone, alive = psutil.wait_procs([computing, template], timeout=60)
    assert {each.pid for each in alive if each.status() != psutil.STATUS_ZOMBIE} == set(), gone


def test_a_worker_without_a_template_has_to_restart() -> None:
    with started(wired(lambda _: misbehave)) as process:
        assert process.pid is not None
        template = psutil.Process(process.pid).parent()
        assert template is not None
        template.kill()
        psutil.wait_procs([template], timeout=60)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(TemplateLost):
            process.apply("toy", records("a"))
