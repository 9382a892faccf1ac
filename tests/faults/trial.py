"""One case of the fault suite: a pipeline of its own on the shared servers, and the account of what became of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from streams.errors import RasdError
from streams.kafka.clients import create_topics, open_admin, open_producer
from streams.kafka.dead_letters import read_all
from streams.settings import Settings
from streams.topics import Topic, topic_name, topic_specs
from tests.faults import quick_tagger
from tests.faults.articles import Item, chunks, expected_clusters, stories
from tests.support.clusters import left
from tests.support.index import count, documents
from tests.support.processes import ROOT, Running, free_port, start, wait_until

PATIENCE = 600.0
"""Seconds without any progress after which a case has failed: longer than the longest wait of a worker, and than a few
starts on a machine that does much else, where one takes a minute and a half."""
READ = (Topic.RAW, Topic.CLEAN, Topic.FINGERPRINTED, Topic.CLUSTERED, Topic.MOVES, Topic.TAGGED, Topic.ENRICHED)
SEND_AT_ONCE = 500


class CaseSkippedError(Exception):
    """This machine cannot make the fault: a right or a program is missing."""


@dataclass
class Account:
    """What became of the records of one case.

    Attributes:
        case: its name.
        fault: what was done, in a few words.
        sent, indexed, dead_letters: unique ids.
        lost: ids that are neither in the index nor in the dead letters.
        twice: ids that the index holds twice, or that are in the index and in the dead letters.
        repeated_letters: dead letters beyond the first of an id.
        other_clusters: ids whose cluster differs from that of an undisturbed run.
        seconds: from the end of the fault until the workers had finished everything by themselves; None if never.
        problems: why the case did not pass; empty if it did.
        skipped: why the case could not run on this machine.
        articles: the size that the suite was started with.
        date: day of the run.
    """

    case: str
    fault: str
    sent: int = 0
    indexed: int = 0
    dead_letters: int = 0
    lost: int = 0
    twice: int = 0
    repeated_letters: int = 0
    other_clusters: int = 0
    seconds: float | None = None
    problems: list[str] = field(default_factory=list)
    skipped: str | None = None
    articles: int = 0
    date: str = ""

    @property
    def passed(self) -> bool:
        """Return whether the case ran and everything was as it must be."""
        return self.skipped is None and not self.problems


@dataclass
class Trial:
    """A pipeline with topics, index, group and state of its own.

    Attributes:
        settings: those of its workers.
        folder: for logs and state.
        stories: the articles that the case sends.
        refused: ids of records that must become dead letters.
        either: ids of records that may become dead letters or be indexed.
        by_url: names of records whose article has another id than they, by their URL.
        workers: every worker that was started.
        account: where `finish` writes what became of the records.
        may_end_with: exit statuses with which a worker may end by itself.
        patience: seconds without any progress after which the case has failed.
    """

    settings: Settings
    folder: Path
    stories: tuple[Item, ...]
    refused: set[str] = field(default_factory=set)
    either: set[str] = field(default_factory=set)
    by_url: dict[str, str] = field(default_factory=dict)
    workers: list[Running] = field(default_factory=list)
    account: Account | None = None
    may_end_with: set[int] = field(default_factory=set)
    patience: float = PATIENCE
    _started: dict[int, tuple[str | None, str, dict[str, Any]]] = field(default_factory=dict)
    _sent: dict[str, tuple[int, int]] = field(default_factory=dict)
    _fault_ended: float | None = None
    _finished: bool = False

    def start_worker(
        self,
        stages: str | None = None,
        *,
        wait: bool = True,
        sources: Path | None = None,
        module: str = "streams.cli",
        **changes: Any,
    ) -> Running:
        """Start a worker with a state folder of its own.

        Args:
            stages: comma-separated stages; all when None.
            wait: whether to wait until it is ready.
            sources: folder of another version's sources; this one's when None.
            module: what Python runs.
            changes: settings that differ from those of the trial.
        """
        number, port = len(self.workers), free_port()
        settings = self.settings.model_copy(update={"state_dir": self.folder / f"state{number}", **changes})
        arguments = ["worker", "--port", str(port), *(["--stages", stages] if stages else [])]
        running = start(
            settings, self.folder / f"worker{number}.log", *arguments, port=port, module=module, folder=sources
        )
        self.workers.append(running)
        self._started[id(running)] = (stages, module, changes | {"state_dir": settings.state_dir})
        if wait:
            self.until_ready(running)
        return running

    def restart(self, running: Running, *, wait: bool = True) -> Running:
        """Start a worker in place of one that ended, with its stages, settings and state folder."""
        stages, module, changes = self._started[id(running)]
        return self.start_worker(stages, wait=wait, module=module, **changes)

    @contextmanager
    def supervised(self, running: Running) -> Iterator[None]:
        """Start a worker again whenever it ends within the context, as a service manager does."""
        over = threading.Event()

        def watch(one: Running) -> None:
            while not over.wait(0.5):
                if one.process.poll() is not None:
                    one = self.restart(one, wait=False)

        thread = threading.Thread(target=watch, args=[running], daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def until_ready(self, *running: Running) -> None:
        """Wait until workers are ready."""
        for one in running:
            wait_until(one.ready, PATIENCE, one.tail)

    def send(self, items: Sequence[Item]) -> None:
        """Put records on articles.raw, each group in order, and wait until Kafka has them."""
        asyncio.run(self._send(items))

    async def _send(self, items: Sequence[Item]) -> None:
        await create_topics(self.settings)
        topic = topic_name(Topic.RAW, self.settings)
        async with open_producer(self.settings) as producer:
            for at in range(0, len(items), SEND_AT_ONCE):
                part = items[at : at + SEND_AT_ONCE]
                waiting = [
                    await producer.send(
                        topic,
                        item.value,
                        key=item.key,
                        partition=item.group % self.settings.partitions,
                        timestamp_ms=item.timestamp_ms,
                        headers=list(item.headers),
                    )
                    for item in part
                ]
                for item, delivery in zip(part, waiting, strict=True):
                    found = await delivery
                    self._sent[item.id] = (found.partition, found.offset)

    def indexed(self) -> int:
        """Return how many documents the index holds; 0 while Elasticsearch does not answer."""
        return count(self.settings)

    def flow(self, parts: int, items: Sequence[Item] | None = None) -> Iterator[int]:
        """Send the articles in parts; yield the number of each part when the first of its articles are in the index.

        So there are articles in every stage when the caller makes its fault, however fast the machine is.

        Args:
            parts: how many.
            items: what to send; the stories when None.
        """
        for number, part in enumerate(chunks(self.stories if items is None else items, parts)):
            before = self.indexed()
            self.send(part)
            wait_until(lambda before=before: self.indexed() > before, PATIENCE * 2, self.explain)  # type: ignore[misc]
            yield number

    def halves(self) -> tuple[Sequence[Item], Sequence[Item]]:
        """Return the first and the second half of the stories."""
        first, second = chunks(self.stories, 2)
        return first, second

    def fault_ended(self) -> None:
        """Note that from here on nothing is wrong any more. Without a call it is when the case returns."""
        self._fault_ended = time.monotonic()

    def explain(self) -> str:
        """Return the ends of the workers' logs."""
        return "\n".join(f"--- {one.log.name}\n{one.tail(15)}" for one in self.workers[-4:])

    def lag(self) -> int | None:
        """Return how many records the workers have not acknowledged; None while Kafka does not answer."""
        with suppress(RasdError, OSError, TimeoutError):
            return asyncio.run(asyncio.wait_for(left(self.settings, *READ), 30))
        return None

    def wait(self, seconds: float) -> None:
        """Let a fault last."""
        time.sleep(seconds)

    def finish_here(self) -> None:
        """Finish and count now: for cases whose servers end with the case."""
        if self.account is None:
            raise AssertionError("the trial has no account")
        self._finish(self.account)
        self._finished = True

    def finish(self) -> None:
        """Finish and count, unless the case did."""
        if not self._finished and self.account is not None:
            self._finish(self.account)

    def _finish(self, account: Account) -> None:
        """Wait until the workers have finished everything by themselves, and count what became of every record."""
        began = self._fault_ended or time.monotonic()
        least, moved = 10**12, time.monotonic()
        while (now := self.lag()) != 0:
            if now is not None and now < least:
                least, moved = now, time.monotonic()
            if time.monotonic() - moved > self.patience:
                account.problems.append(
                    f"{now} records wait, and for {self.patience:.0f} s nothing moved: {self._faults()}"
                )
                break
            time.sleep(0.5)
        else:
            account.seconds = round(time.monotonic() - began, 1)
        account.problems += [
            f"{one.log.name}: ended by itself" for one in self.workers if ended(one, self.may_end_with)
        ]
        self._count(account)

    def _faults(self) -> str:
        """Return what the running workers say of themselves, and let Faust log where each of its tasks stands."""
        said = []
        for one in self.workers:
            if one.process.poll() is None:
                with suppress(httpx.HTTPError):
                    said.append(httpx.get(f"{one.url}/readyz", timeout=5).text)
                one.process.send_signal(signal.SIGUSR1)
        return " ".join(said)

    def _count(self, account: Account) -> None:
        found = documents(self.settings, "id", "cluster", "url")
        in_index = Counter(self.by_url.get(document["url"], document["_id"]) for document in found)
        letters = asyncio.run(self._letters())
        other = self._in_another_cluster(found)
        judge(account, self._sent.keys(), in_index, letters, other, refused=self.refused, either=self.either)

    def _in_another_cluster(self, found: Sequence[dict[str, Any]]) -> set[str]:
        expected = expected_clusters(len(self.stories))
        return {d["_id"] for d in found if expected.get(d["_id"], d["cluster"]["id"]) != d["cluster"]["id"]}

    async def _letters(self) -> Counter[str]:
        """Return how many dead letters there are for each id."""
        raw = topic_name(Topic.RAW, self.settings)
        places = {place: name for name, place in self._sent.items()}
        found: Counter[str] = Counter()
        async for letter in read_all(self.settings):
            origin = letter.origin
            name = places.get((origin.partition, origin.offset)) if origin.topic == raw else None
            found[name or (letter.key or b"").decode(errors="replace")] += 1
        return found

    def close(self) -> None:
        """End the workers, and delete topics and indices, so that the servers stay quick."""
        for one in self.workers:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGCONT)
                try:
                    one.stop()
                except AssertionError as error:  # the account is what counts; a worker that hangs is killed by `stop`
                    print(error, file=sys.stderr)
        with suppress(RasdError, OSError, TimeoutError):
            asyncio.run(asyncio.wait_for(self._delete_topics(), 60))
        base = str(self.settings.elasticsearch_url).rstrip("/")
        with suppress(httpx.HTTPError):
            names = httpx.get(f"{base}/{self.settings.index_prefix}-*", timeout=30).json()
            if isinstance(names, dict) and "error" not in names:
                for name in names:
                    httpx.delete(f"{base}/{name}", timeout=30)

    async def _delete_topics(self) -> None:
        async with open_admin(self.settings) as admin:
            mine = {spec.name for spec in topic_specs(self.settings)}
            found = [n for n in await admin.list_topics() if n in mine or n.startswith(self.settings.app_id)]
            await admin.delete_topics(found)


def judge(
    account: Account,
    sent: Set[str],
    in_index: Counter[str],
    letters: Counter[str],
    other_clusters: Set[str],
    *,
    refused: Set[str] = frozenset(),
    either: Set[str] = frozenset(),
) -> None:
    """Fill in an account from the ids that were sent and found, and add what is wrong to its problems.

    Args:
        account: the account.
        sent: ids that were sent.
        in_index: how many documents the index holds for each id.
        letters: how many dead letters there are for each id.
        other_clusters: ids whose cluster differs from that of an undisturbed run.
        refused: ids that must be dead letters.
        either: ids that may be dead letters.
    """
    lost = sent - in_index.keys() - letters.keys()
    twice = {key for key, number in in_index.items() if number > 1 or key in letters}
    account.sent, account.indexed, account.dead_letters = len(sent), len(in_index), len(letters)
    account.lost, account.twice, account.other_clusters = len(lost), len(twice), len(other_clusters)
    account.repeated_letters = sum(letters.values()) - len(letters)
    wrong = {
        "lost": lost,
        "twice": twice,
        "in another cluster": other_clusters,
        "dead-lettered though they are good": letters.keys() - refused - either,
        "indexed though they must be refused": in_index.keys() & refused,
        "unknown": (in_index.keys() | letters.keys()) - sent,
    }
    account.problems += [f"{len(ids)} {what}: {sorted(ids)[:3]}" for what, ids in wrong.items() if ids]


def ended(running: Running, expected: Set[int] = frozenset()) -> bool:
    """Return whether a worker ended that was neither killed nor stopped from outside, perhaps while it started."""
    return running.process.poll() not in {None, 0, -signal.SIGKILL, -signal.SIGTERM} | expected


def waited(condition: bool, what: str) -> None:
    """Raise AssertionError if a case did not do what it says."""
    if not condition:
        raise AssertionError(what)


@contextmanager
def trial(servers: Settings, number: int, folder: Path, **changes: Any) -> Iterator[Trial]:
    """Make a trial on running servers, and clean up after it.

    Args:
        servers: settings with the addresses of Kafka and Elasticsearch.
        number: articles to send.
        folder: folder for logs and state, which is kept.
        changes: further settings.
    """
    name = f"f{uuid.uuid4().hex[:10]}"
    path = os.environ.get("PYTHONPATH")
    folder.mkdir(parents=True, exist_ok=True)
    install_quick_tagger(folder.parent / "plugin")
    settings = servers.model_copy(
        update={
            "topic_prefix": f"{name}.",
            "index_prefix": name,
            "app_id": name,
            "state_dir": folder / "state",
            "entities_backend": "quick",
            "partitions": 4,
            "session_timeout": 6.0,
            "retry_most": 2.0,
            "index_refresh": "1s",
            **changes,
        }
    )
    running = Trial(settings, folder, stories(number))
    try:
        yield running
    finally:
        running.close()
        # The other tests of a session start processes too, which must not find the tagger.
        if path is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = path


def install_quick_tagger(site: Path) -> None:
    """Let the processes that this one starts find `quick_tagger` as the entities backend `quick`."""
    information = site / "rasd_faults-1.0.dist-info"
    if not information.exists():
        information.mkdir(parents=True)
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: rasd-faults\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text("[rasd.taggers]\nquick = rasd_faults_tagger:load\n")
        shutil.copy(Path(quick_tagger.__file__), site / "rasd_faults_tagger.py")
    path = os.environ.get("PYTHONPATH", "")
    if str(site) not in path.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(site), str(ROOT), path)))


def restarts(running: Running) -> float:
    """Return how often a worker has started itself again."""
    found = re.search(r"^rasd_worker_restarts (\S+)$", running.metrics(), re.MULTILINE)
    return float(found[1]) if found else 0.0
