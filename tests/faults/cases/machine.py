"""Faults of the machine: full disks, and clocks that jump. Root makes the disks; libfaketime makes the clock."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.faults.brokers import brokers
from tests.faults.cases import case
from tests.faults.trial import CaseSkippedError, Trial

MIB = 1024 * 1024
FAKETIME = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/lib/faketime/libfaketimeMT.so.1"),
)


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """Mount a file system of this size in memory at a folder, and unmount it afterwards.

    Raises:
        CaseSkippedError: only root may mount, and not in every container.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0777", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode != 0:
        raise CaseSkippedError("a small disk needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte; return the file whose removal makes room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    stream.write(b"\0" * size)
            except OSError:
                continue
    return ballast


@case("kafka-disk-full", "Kafka's disk full for 30 s; Kafka ends itself and is started again when there is room")
def kafka_disk_full(trial: Trial) -> None:
    """Fill the disk of a broker while articles flow."""
    with small_disk(trial.folder / "disk", 900) as disk, brokers(disk, 1) as (broker,):
        trial.settings = trial.settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{broker.port}"})
        trial.start_worker()
        for _ in trial.flow(1):
            ballast = fill(disk)
            trial.wait(30)
            ballast.unlink()
            broker.kill()
            broker.start()
        trial.fault_ended()
        trial.finish_here()


@case("table-disk-full", "the disk of the clusterer's table full for 30 s")
def table_disk_full(trial: Trial) -> None:
    """Fill the disk of a worker's state folder while articles flow."""
    with small_disk(trial.folder / "disk", 64) as disk:
        running = trial.start_worker(state_dir=disk / "state")
        first, second = trial.halves()
        for _ in trial.flow(1, first):
            ballast = fill(disk)
        trial.send(second)
        trial.wait(30)
        ballast.unlink()
        trial.fault_ended()
        trial.finish_here()
        running.stop()


@case("elasticsearch-disk-full", "Elasticsearch's disk above the flood-stage watermark for 60 s")
def elasticsearch_disk_full(trial: Trial) -> None:
    """Lower the watermarks below what the disk holds: the server then blocks and later frees its indices by itself."""
    url = f"{str(trial.settings.elasticsearch_url).rstrip('/')}/_cluster/settings"

    def watermarks(**values: object) -> None:
        names = {f"cluster.routing.allocation.disk.{name}": value for name, value in values.items()}
        body = {"persistent": {"cluster.info.update.interval": "10s", **names}}
        httpx.put(url, json=body, timeout=30).raise_for_status()

    trial.start_worker()
    first, second = trial.halves()
    list(trial.flow(1, first))
    full = {"watermark.low": "1%", "watermark.high": "2%", "watermark.flood_stage": "3%"}
    watermarks(threshold_enabled=True, **full)
    try:
        trial.send(second)
        trial.wait(60)
    finally:
        roomy = {"watermark.low": "97%", "watermark.high": "98%", "watermark.flood_stage": "99%"}
        watermarks(threshold_enabled=True, **roomy)
    trial.fault_ended()
    trial.finish_here()
    watermarks(threshold_enabled=None, **dict.fromkeys(full))


@case("clock-jumps", "the worker's clock jumps: two hours ahead, three days back, a year ahead, right again")
def clock_jumps(trial: Trial) -> None:
    """Change the wall clock under a running worker."""
    library = next((path for path in FAKETIME if path.exists()), None)
    if library is None:
        raise CaseSkippedError("the clock needs libfaketime (apt-get install libfaketime)")
    clock = trial.folder / "clock"
    clock.write_text("+0")
    variables = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        trial.start_worker(wait=False)
    finally:
        for name in variables:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]
    jumps = ("+2h", "-3d", "+1y", "+0")
    for part in trial.flow(len(jumps) + 1):
        clock.write_text(jumps[min(part, len(jumps) - 1)])
    trial.fault_ended()
