"""Find the record of articles.raw that an article was made from, for as long as Kafka keeps it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.errors import Retryable
from streams.kafka.clients import open_admin, open_reader, translate_errors
from streams.records import Article
from streams.settings import MIB, Settings
from streams.topics import Topic, topic_name

# Records of one millisecond are in one batch or a few; a batch with a large page comes whole all the same.
FETCH_BYTES = 1 * MIB
POLL_MS = 500
READ_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record of articles.raw as Kafka has it.

    Attributes:
        partition, offset: its position in the topic.
        arrived_at: Kafka's time of the record.
        value: its bytes: JSON with the fields of `streams.records.RawArticle`, unless another program wrote it.
    """

    partition: int
    offset: int
    arrived_at: datetime
    value: bytes


async def find_raw(settings: Settings, article: Article) -> RawRecord | None:
    """Return the record that an article was made from, or None if Kafka no longer has it.

    The article has Kafka's time of its raw record (`ingested_at`), and Kafka finds records by their time. Of those with
    that time it is the one with the article's URL.

    Raises:
        Retryable: Kafka is unavailable, or does not answer within `READ_SECONDS`.
    """
    name = topic_name(Topic.RAW, settings)
    moment = round(article.ingested_at.timestamp() * 1000)
    try:
        async with (
            asyncio.timeout(READ_SECONDS),
            open_admin(settings) as admin,
            open_reader(settings, fetch_bytes=FETCH_BYTES) as reader,
        ):
            with translate_errors(settings):
                # All topics, as a broker may create one that is asked for by name (auto.create.topics.enable).
                described = [topic["partitions"] for topic in await admin.describe_topics() if topic["topic"] == name]
                times = {TopicPartition(name, p["partition"]): moment for p in chain.from_iterable(described)}
                starts = await reader.offsets_for_times(times) if times else {}
                for tp, start in starts.items():
                    if start is None or start.timestamp != moment:
                        continue
                    record = await _read(reader, tp, start.offset, moment, article.url)
                    if record is not None:
                        arrived_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                        return RawRecord(record.partition, record.offset, arrived_at, record.value or b"")
    except TimeoutError as error:
        raise Retryable(f"Kafka did not give the record within {READ_SECONDS:.0f} seconds") from error
    return None


async def _read(
    reader: AIOKafkaConsumer, tp: TopicPartition, offset: int, moment: int, url: str
) -> ConsumerRecord[bytes, bytes] | None:
    """Return the record with this time and URL, reading a partition from an offset on."""
    reader.assign([tp])
    reader.seek(tp, offset)
    end = (await reader.end_offsets([tp]))[tp]
    while await reader.position(tp) < end:
        for record in (await reader.getmany(tp, timeout_ms=POLL_MS)).get(tp, ()):
            if record.timestamp > moment:
                return None
            if record.timestamp == moment and _url(record) == url:
                return record
    return None


def _url(record: ConsumerRecord[bytes, bytes]) -> str | None:
    """Return the URL of a raw record: a field of it, as programs other than Rasd's choose their own keys."""
    try:
        fields: object = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return None
    url = fields.get("url") if isinstance(fields, dict) else None
    return url if isinstance(url, str) else None
