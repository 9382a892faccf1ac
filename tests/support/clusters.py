"""Drive the dedupe stage through Kafka: send articles, ask how far the workers are, read the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.kafka.clients import client_options, create_topics, open_admin, open_producer, open_reader
from streams.records import Article, FingerprintedArticle
from streams.settings import Settings
from streams.topics import Topic, topic_name, topic_specs


@dataclass
class Answers:
    """What readers of articles.clustered and articles.moves know.

    Attributes:
        answers: records in articles.clustered by article id.
        moves: records in articles.moves.
        clusters: cluster of each article by its latest decision.
    """

    answers: dict[str, int] = field(default_factory=dict)
    moves: int = 0
    clusters: dict[str, str] = field(default_factory=dict)
    _decisions: dict[str, int] = field(default_factory=dict)

    def hear(self, article_id: str, cluster: dict[str, object]) -> None:
        """Of two decisions about an article the later one holds."""
        decision = int(str(cluster["decision"]))
        if decision >= self._decisions.get(article_id, 0):
            self._decisions[article_id] = decision
            self.clusters[article_id] = str(cluster["id"])


def _partitions(settings: Settings, *topics: Topic) -> list[TopicPartition]:
    """All partitions as they were made; a client that has just started may not know of every one."""
    wanted = {topic_name(topic, settings) for topic in topics}
    specs = [spec for spec in topic_specs(settings) if spec.name in wanted]
    return [TopicPartition(spec.name, number) for spec in specs for number in range(spec.partitions)]


async def send(settings: Settings, topic: Topic, articles: Sequence[Article | FingerprintedArticle]) -> None:
    """Put articles on a topic and wait until Kafka has them."""
    await create_topics(settings)
    async with open_producer(settings) as producer:
        name = topic_name(topic, settings)
        sent = [await producer.send(name, article.to_json(), key=article.id.encode()) for article in articles]
        await asyncio.gather(*sent)


async def read(settings: Settings) -> Answers:
    """Read every answer and move so far."""
    heard = Answers()
    clustered, moved = topic_name(Topic.CLUSTERED, settings), topic_name(Topic.MOVES, settings)
    async with open_reader(settings, clustered, moved) as consumer:
        ends = await consumer.end_offsets(_partitions(settings, Topic.CLUSTERED, Topic.MOVES))
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    value = json.loads(record.value or b"")
                    heard.hear(value["id"], value["cluster"])
                    if partition.topic == clustered:
                        heard.answers[value["id"]] = heard.answers.get(value["id"], 0) + 1
                    else:
                        heard.moves += 1
    return heard


async def left(settings: Settings, *topics: Topic) -> int:
    """Records of these topics that the workers have not acknowledged."""
    async with (
        open_admin(settings) as admin,
        open_reader(settings, *(topic_name(t, settings) for t in topics)) as reader,
    ):
        done = await admin.list_consumer_group_offsets(settings.app_id)
        ends = await reader.end_offsets(_partitions(settings, *topics))
    return sum(end - (done[partition].offset if partition in done else 0) for partition, end in ends.items())


async def rewind(settings: Settings, topic: Topic, records: int) -> None:
    """Let the workers, none of which runs, begin again so many records before the end of a topic of one partition."""
    partition = TopicPartition(topic_name(topic, settings), 0)
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=settings.app_id, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        await consumer.commit({partition: OffsetAndMetadata(max(0, end - records), "")})
    finally:
        await consumer.stop()
