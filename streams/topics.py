"""The topics and their configuration. They are created before any worker consumes; the broker creates none itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from streams.settings import MIB, Settings

__all__ = ["SINGLE_PARTITION", "Topic", "TopicSpec", "topic_name", "topic_spec", "topic_specs"]


class Topic(StrEnum):
    """The built-in topics, in the order in which an article passes them. Plugins add more (`streams.pipeline`)."""

    RAW = "articles.raw"
    CLEAN = "articles.clean"
    FINGERPRINTED = "articles.fingerprinted"
    CLUSTERED = "articles.clustered"
    MOVES = "articles.moves"
    TAGGED = "articles.tagged"
    ENRICHED = "articles.enriched"
    DLQ = "articles.dlq"


# Clustering compares an article with every earlier one, so its topic has one partition, whatever the number of workers
# (docs/explanation/architecture.md).
SINGLE_PARTITION = 1
"""Number of partitions of a topic that only one worker may read."""

DAY_MS = 24 * 3600 * 1000

TIMESTAMP_TYPE = "message.timestamp.type"
"""Kafka's setting of which time a record has: its arrival (LogAppendTime) or what its sender says (CreateTime)."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to be created.

    Attributes:
        name: name on the broker, with RASD_TOPIC_PREFIX.
        partitions: number of partitions.
        replication: number of copies of each partition.
        config: topic configuration of Kafka, such as `retention.ms`.
    """

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)


def topic_name(topic: str, settings: Settings) -> str:
    """Return a topic's name on the broker: with RASD_TOPIC_PREFIX."""
    return f"{settings.topic_prefix}{topic}"


def topic_spec(topic: str, settings: Settings, partitions: int | None = None) -> TopicSpec:
    """Return the configuration of one topic, built-in or of a plugin.

    Args:
        partitions: number of partitions; None for RASD_PARTITIONS.
    """
    whole_pages = topic in {Topic.RAW, Topic.DLQ}
    return TopicSpec(
        name=topic_name(topic, settings),
        partitions=settings.partitions if partitions is None else partitions,
        replication=settings.replication,
        config={
            # A page of RASD_MAX_MESSAGE_BYTES (128 MiB) must fit into the dead letters. Later records are limited by
            # RASD_MAX_CONTENT_BYTES.
            "max.message.bytes": str(settings.max_message_bytes if whole_pages else 32 * MIB),
            "retention.ms": str((30 if topic == Topic.DLQ else 7) * DAY_MS),
            # Retention goes by the records' time. By their sender's, it would delete an archive of past years, or what
            # a machine with a wrong clock sends, before any worker has read it.
            TIMESTAMP_TYPE: "LogAppendTime",
        },
    )


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """Return the configuration of all built-in topics."""
    single = {Topic.FINGERPRINTED: SINGLE_PARTITION, Topic.DLQ: SINGLE_PARTITION}
    return [topic_spec(topic, settings, single.get(topic)) for topic in Topic]
