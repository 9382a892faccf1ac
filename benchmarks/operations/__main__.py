"""What a deployment needs: python -m benchmarks.operations [PATH…] [--articles 3000]

Sends articles through one worker per stage group, as in deploy/k8s, and through the API. Prints the processor time per
article and the peak memory of each process, a worker's stage process included, and the bytes per article of each topic
and of the index. PATH is what `rasd ingest` takes; without one, articles are composed. Starts its own Kafka and
Elasticsearch; Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.pipeline.__main__ import articles, fresh, send
from benchmarks.processes import PeakMemory, members, memory, peak, processor_seconds
from deploy.local.paths import stack_dir
from deploy.local.service import free_port
from deploy.local.temporary import temporary_stack
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.index import count
from tests.support.processes import Running, start, wait_until, worker

GROUPS = {"clean": "clean", "dedupe": "dedupe", "enrich": "entities,geotag", "index": "index"}


def topic_bytes(settings: Settings, name: str) -> int:
    """Bytes of a topic's log files; indexes, which Kafka allocates in advance, are left out."""
    data = stack_dir(settings) / "kafka" / "data"
    return sum(file.stat().st_size for file in data.glob(f"{name}-*/*.log"))


def finished(running: Running, stage: str, number: int) -> bool:
    """Whether a stage has finished so many records."""
    rows = re.findall(rf'rasd_articles_total{{outcome="\w+",stage="{stage}"}} (\S+)', running.metrics())
    return sum(map(float, rows)) >= number


def measure(settings: Settings, values: list[bytes], folder: Path) -> None:
    """Run everything once and print the tables."""
    with ExitStack() as running:
        workers = {
            name: running.enter_context(worker(settings, folder / f"{name}.log", stages))
            for name, stages in GROUPS.items()
        }
        port = free_port()
        api = start(settings, folder / "api.log", "serve", "--port", str(port), port=port)
        running.callback(api.stop)
        wait_until(api.ready, 60, api.tail)
        processes = workers | {"api": api}
        pids = {name: one.process.pid for name, one in processes.items()}
        before = {name: processor_seconds(pid) for name, pid in pids.items()}
        idle = {name: memory(pid) for name, pid in pids.items()}
        watched = running.enter_context(PeakMemory(list(pids.values())))
        asyncio.run(send(settings, values))
        wait_until(lambda: finished(workers["clean"], "clean", len(values)), 1800)
        index = f"{settings.elasticsearch_url!s}{settings.index_prefix}-read"

        out = sum(
            float(row) for row in re.findall(r'rasd_records_out_total{stage="clean"} (\S+)', workers["clean"].metrics())
        )
        wait_until(lambda: finished(workers["index"], "index", int(out)), 1800)
        print(f"{len(values)} pages, {count(settings)} articles in the index")
        print("process\tms of processor an article\tpeak MiB\tMiB before the first article\tpeak of each process alone")
        for name, pid in pids.items():
            spent = 1000 * (processor_seconds(pid) - before[name]) / out
            alone = " + ".join(f"{peak(each.pid):.0f}" for each in members(pid))
            print(f"{name}\t{spent:.2f}\t{watched.most[pid]:.0f}\t{idle[name]:.0f}\t{alone}")
        print("what\tKB an article")
        for topic in Topic:
            print(f"{topic.value}\t{topic_bytes(settings, topic_name(topic, settings)) / out / 1000:.2f}")
        changelog = topic_bytes(settings, f"{settings.app_id}-dedupe-changelog")
        print(f"changelog of dedupe\t{changelog / out / 1000:.2f}")
        httpx.post(f"{index}/_forcemerge?max_num_segments=1", timeout=300)
        stats = httpx.get(f"{index}/_stats/store", timeout=60).json()
        print(f"index, merged\t{stats['_all']['primaries']['store']['size_in_bytes'] / out / 1000:.2f}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--articles", type=int, default=3000)
    arguments = parser.parse_args()
    with temporary_stack() as settings, tempfile.TemporaryDirectory(prefix="rasd-bench-") as name:
        folder = Path(name)
        measure(fresh(settings, folder), articles(arguments.paths, arguments.articles), folder)


if __name__ == "__main__":
    main()
