"""Every topic, with its partitions. They are created before any worker consumes; the broker's auto-creation is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from streams.settings import MIB, Settings


class Topic(StrEnum):
    """The topics of the pipeline, in the order in which an article passes them."""

    RAW = "articles.raw"
    CLEAN = "articles.clean"
    FINGERPRINTED = "articles.fingerprinted"
    CLUSTERED = "articles.clustered"
    MOVES = "articles.moves"
    TAGGED = "articles.tagged"
    ENRICHED = "articles.enriched"
    DLQ = "articles.dlq"


# The look-up must meet every earlier article, so one partition, whatever the number of workers
# (docs/explanation/architecture.md).
LOOKUP_PARTITIONS = 1

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What Kafka is asked for."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)


def topic_name(topic: Topic, settings: Settings) -> str:
    """The name on the broker."""
    return f"{settings.topic_prefix}{topic.value}"


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """All topics as they must exist before a worker starts."""

    def spec(topic: Topic) -> TopicSpec:
        whole_pages = topic in {Topic.RAW, Topic.DLQ}
        return TopicSpec(
            name=topic_name(topic, settings),
            partitions=LOOKUP_PARTITIONS if topic in {Topic.FINGERPRINTED, Topic.DLQ} else settings.partitions,
            replication=settings.replication,
            config={
                # A page of 50 MB must reach the dead letters whole. Cleaned articles are bounded by max_content_bytes.
                "max.message.bytes": str(settings.max_message_bytes if whole_pages else 32 * MIB),
                "retention.ms": str((30 if topic is Topic.DLQ else 7) * DAY_MS),
            },
        )

    return [spec(topic) for topic in Topic]
