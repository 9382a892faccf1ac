"""The look-up in several partitions: python -m benchmarks.dedupe.partitions CORPUS/saudinewsnet [--partitions 4]

Tries the design of docs/explanation/dedupe.md, beyond one partition: each partition is a process that holds every P-th
column of the index (a band of all articles, or their exact hashes), and this process, the joiner, holds the table, asks
all partitions for each article and decides. The corpus goes through one clusterer with its index in one piece and
through one with its index in partitions, in turn; the clusters of all articles must be equal, else the command fails.

Then each partition takes --grow articles of random bands, which tells memory and time to rebuild of a partition that
holds so many; once as the only one of one, once as one of P.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from agents.dedupe.build.corpus import read_days
from agents.dedupe.clusterer import Clusterer, ClustererConfig
from agents.dedupe.fingerprint import FingerprintConfig, fingerprint
from agents.dedupe.postings import Keys, Numbers, Postings
from agents.dedupe.stored_article import StoredArticle
from benchmarks.pipeline.__main__ import spread
from streams.records import FingerprintedArticle
from tests.support.tables import JsonTable

CONFIG = ClustererConfig(window=400 * 3600.0)
COLUMNS = 1 + CONFIG.permutations // CONFIG.rows


def hold(line: Connection, columns: int) -> None:
    """Hold one partition: answer requests, each the name of a method of `Postings` and its arguments, until None."""
    postings = Postings(columns, CONFIG.most_postings, lambda: None)
    quiet = {"add", "remove", "sort"}
    while (request := line.recv()) is not None:
        name, *arguments = request
        if name == "grow":
            line.send(_grow(columns, *arguments))
        elif name == "used":
            line.send(time.process_time())
        else:
            answer = getattr(postings, name)(*arguments)
            if name not in quiet:
                line.send(answer)


def _grow(columns: int, number: int) -> tuple[float, int]:
    """Build a partition of so many articles; return seconds of processor time and bytes of memory."""
    before = psutil.Process().memory_info().rss
    chance = np.random.default_rng(1)
    started = time.process_time()
    postings = Postings(columns, CONFIG.most_postings, lambda: None)
    for at in range(number):
        postings.add(chance.integers(0, 1 << 32, columns, dtype=np.uint32), float(at))
    postings.sort()
    return time.process_time() - started, psutil.Process().memory_info().rss - before


class Partitions:
    """`Postings` whose columns are divided among processes. Every partition gives an article the same number."""

    def __init__(self, lines: Sequence[Connection]) -> None:
        self._lines = lines
        self._times: dict[int, float] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._times)

    def ask(self, name: str, arguments: Sequence[Sequence[Any]] = ()) -> list[Any]:
        """Send a request to every partition, each with its arguments, or all with none, then read all answers."""
        self._tell(name, arguments or [()] * len(self._lines))
        return [line.recv() for line in self._lines]

    def _tell(self, name: str, arguments: Sequence[Sequence[Any]]) -> None:
        for line, own in zip(self._lines, arguments, strict=True):
            line.send((name, *own))

    def _parted(self, keys: Keys) -> list[Keys]:
        return [keys[at :: len(self._lines)] for at in range(len(self._lines))]

    def add(self, keys: Keys, time: float) -> int:
        """Add an article; return its number. The partitions are not asked for it: they number alike."""
        number = self._free.pop() if self._free else len(self._times)
        self._tell("add", [(own, time) for own in self._parted(keys)])
        self._times[number] = time
        return number

    def remove(self, number: int) -> None:
        """Remove an article."""
        self._tell("remove", [(number,)] * len(self._lines))
        del self._times[number]
        self._free.append(number)

    def find(self, keys: Keys) -> tuple[Numbers, Numbers]:
        """Find the articles that share keys with these: the union of what the partitions find."""
        answers = self.ask("find", [(own,) for own in self._parted(keys)])
        numbers = np.concatenate([answer[0] for answer in answers])
        counts = np.concatenate([answer[1] for answer in answers])
        found, places = np.unique(numbers, return_inverse=True)
        return found, np.bincount(places, weights=counts, minlength=len(found)).astype(np.int64)

    def sharing(self, key: int) -> list[int]:
        """Return the numbers of all articles whose first key is this one: the first partition knows."""
        self._lines[0].send(("sharing", key))
        found: list[int] = self._lines[0].recv()
        return found

    def time(self, number: int) -> float:
        """Return when an article arrived."""
        return self._times[number]

    def times(self, numbers: Numbers) -> NDArray[np.float64]:
        """Return when these articles arrived."""
        return np.array([self._times[number] for number in numbers.tolist()], np.float64)

    def sort(self) -> None:
        """Order every list by time."""
        self._tell("sort", [()] * len(self._lines))


@contextmanager
def partitions(number: int) -> Iterator[Partitions]:
    """Run the processes of so many partitions within the context."""
    context = multiprocessing.get_context("spawn")
    lines, processes = [], []
    for at in range(number):
        ours, theirs = context.Pipe()
        process = context.Process(target=hold, args=(theirs, len(range(at, COLUMNS, number))), daemon=True)
        process.start()
        lines.append(ours)
        processes.append(process)
    try:
        yield Partitions(lines)
    finally:
        for line in lines:
            line.send(None)
        for process in processes:
            process.join()


def assigned(
    articles: Sequence[FingerprintedArticle], held: Partitions | None
) -> tuple[dict[str, str], float, float, list[float]]:
    """Put all articles through a clusterer.

    Returns:
        The cluster of each article, seconds by the clock, and of processor: this process, and each partition.
    """
    table = JsonTable()
    clusterer = Clusterer(table, CONFIG)
    if held is not None:
        clusterer._index._postings = held  # type: ignore[assignment]  # has the methods that the index calls
    before = held.ask("used") if held is not None else []
    started, used = time.perf_counter(), time.process_time()
    for article in articles:
        clusterer.assign(article, article.ingested_at.timestamp())
    seconds, used = time.perf_counter() - started, time.process_time() - used
    after = held.ask("used") if held is not None else []
    clusters = {name: StoredArticle.from_json(name, record).cluster.canonical_id for name, record in table.items()}
    return clusters, seconds, used, [end - begin for begin, end in zip(before, after, strict=True)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", type=Path, help="folder of one zip a day")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--grow", type=int, default=1_000_000, help="articles in a partition")
    options = parser.parse_args()
    articles = [article for day in read_days(options.days).values() for article in day]
    config = FingerprintConfig()
    flying = [FingerprintedArticle(**dict(article), fingerprint=fingerprint(article, config)) for article in articles]
    one: list[float] = []
    many: list[float] = []
    joiner: list[float] = []
    busiest: list[float] = []
    for _ in range(options.rounds):
        clusters, _, used, _ = assigned(flying, None)
        with partitions(options.partitions) as held:
            others, seconds, own, parts = assigned(flying, held)
        if clusters != others:
            different = sum(clusters[name] != others[name] for name in clusters)
            raise SystemExit(f"{different} of {len(clusters)} articles are in another cluster")
        one.append(1e6 * used / len(flying))
        joiner.append(1e6 * own / len(flying))
        busiest.append(1e6 * max(parts) / len(flying))
        many.append(len(flying) / seconds)
    print(f"{len(flying)} articles, {len(set(clusters.values()))} clusters, equal in {options.rounds} rounds")
    print(f"one piece:  {spread(one, 0)} microseconds of processor an article")
    print(f"the joiner: {spread(joiner, 0)}; the busiest of {options.partitions} partitions: {spread(busiest, 0)}")
    print(f"together {spread(many, 0)} articles/s by the clock, {len(psutil.Process().cpu_affinity())} cores")
    for number in (1, options.partitions):
        with partitions(number) as held:
            answers = held.ask("grow", [(options.grow,)] * number)
        seconds, size = (statistics.median(values) for values in zip(*answers, strict=True))
        print(f"{options.grow:,} articles in each of {number}: {seconds:.1f} s, {size / options.grow:.0f} bytes each")


if __name__ == "__main__":
    main()
