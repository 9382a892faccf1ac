"""The memory that a container of a worker needs at most, as docs/guides/production.md explains."""

from __future__ import annotations

from collections.abc import Sequence

from streams.settings import MIB, Settings
from streams.topics import Topic, topic_specs

# MiB of a worker and its stage process before the first record, shared pages counted once, rounded up:
# `python -m benchmarks.operations.at_rest`.
AT_REST = {"clean": 320, "dedupe": 155, "entities": 350, "index": 130}
ALL_AT_REST = 570
# Times that the worker holds a record: as fetched, its value, on its way to the stage process, and twice as a dead
# letter that waits for its delivery.
COPIES = 5


def needed_memory(settings: Settings, stages: Sequence[str]) -> int:
    """Return the MiB that a worker and its stage process need at most; of all stages if none are named."""
    at_rest = ALL_AT_REST if not stages else max(AT_REST.get(stage, 0) for stage in stages)
    if stages and set(stages) <= {"index", "moves"}:
        return at_rest
    limits = {spec.name.removeprefix(settings.topic_prefix): spec.config for spec in topic_specs(settings)}
    read = Topic.RAW if not stages or "clean" in stages else Topic.CLUSTERED
    largest = int(limits[read].get("max.message.bytes", MIB))
    return at_rest + (settings.record_memory + COPIES * largest) // MIB
