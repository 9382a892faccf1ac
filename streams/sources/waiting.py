"""Follow records through the pipeline until each is searchable or refused: `rasd ingest --wait`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from aiokafka import TopicPartition
from elasticsearch import AsyncElasticsearch, NotFoundError

from streams.elastic.client import make_client, translate_errors
from streams.errors import Retryable
from streams.kafka.dead_letters import DeadLetter, open_dead_letters
from streams.kafka.topic_offsets import topic_states
from streams.settings import Settings
from streams.sources.ingest import SentRecord
from streams.topics import Topic, topic_name

POLL_SECONDS = 1.0
# Addresses in one search.
_BATCH = 200
_Position = tuple[int, int]


@dataclass(slots=True)
class Settled:
    """What has become of the records.

    Attributes:
        searchable: records of which an article can be found.
        refused: records that a stage refused, with its reason.
        waiting: records of which neither is known yet.
    """

    searchable: int = 0
    refused: list[tuple[SentRecord, str]] = field(default_factory=list)
    waiting: int = 0


class Follower:
    """Follows the records of one run.

    Args:
        settings: Kafka, Elasticsearch and their names.
        letters_before: ends of articles.dlq before the records were sent, which saves reading older letters.
    """

    def __init__(self, settings: Settings, letters_before: Mapping[TopicPartition, int]) -> None:
        self._settings = settings
        self._read_to = dict(letters_before)
        self._waiting: dict[_Position, SentRecord] = {}
        self._by_url: dict[str, set[_Position]] = {}
        self.settled = Settled()

    def add(self, record: SentRecord) -> None:
        """Follow a record."""
        position = record.partition, record.offset
        self._waiting[position] = record
        self._by_url.setdefault(record.url, set()).add(position)
        self.settled.waiting += 1

    async def follow(self, patience: float, on_progress: Callable[[Settled], None] = lambda _: None) -> Settled:
        """Wait until all records are settled.

        Args:
            patience: seconds without any record settled, or any processed, after which it gives up.
            on_progress: called after each look.

        Raises:
            Retryable: Kafka or Elasticsearch was unavailable for that long. A new index is, for a moment.
        """
        last, since = (-1, -1), time.monotonic()
        processed = 0
        async with make_client(self._settings) as client:
            while True:
                away: Retryable | None = None
                try:
                    processed = await self._look(client)
                except Retryable as error:
                    away = error
                on_progress(self.settled)
                state = self.settled.waiting, processed
                if state != last:
                    last, since = state, time.monotonic()
                if not self._waiting:
                    return self.settled
                if time.monotonic() - since > patience:
                    if away is not None:
                        raise away
                    return self.settled
                await asyncio.sleep(POLL_SECONDS)

    async def _look(self, client: AsyncElasticsearch) -> int:
        """Settle what can be; return the number of records that the first stage has processed."""
        raw = (await topic_states(self._settings, (Topic.RAW,))).get(Topic.RAW)
        committed = raw.committed if raw is not None else {}
        # Letters are read after the offsets, so that those of processed records are among them.
        await self._read_letters()
        processed = [
            record for (partition, offset), record in self._waiting.items() if offset < committed.get(partition, 0)
        ]
        urls = dict.fromkeys(record.url for record in processed)
        done = {(record.partition, record.offset) for record in processed}
        for found in [await self._found(client, batch) for batch in _batches(urls, _BATCH)]:
            for url in found:
                for position in self._by_url.get(url, set()) & done:
                    self._settle(position)
                    self.settled.searchable += 1
        return sum(committed.values())

    async def _read_letters(self) -> None:
        async with open_dead_letters(self._settings) as letters:
            async for letter in letters.read(since=self._read_to):
                self._take(letter)
            self._read_to.update(letters.ends)

    def _take(self, letter: DeadLetter) -> None:
        why = f"{letter.message} ({letter.stage}: {letter.reason})"
        origin = letter.origin
        if origin.topic == topic_name(Topic.RAW, self._settings):
            positions = {(origin.partition, origin.offset)}
        else:
            positions = set(self._by_url.get(_url(letter.value), set()))
        for position in positions & self._waiting.keys():
            self.settled.refused.append((self._waiting[position], why))
            self._settle(position)

    def _settle(self, position: _Position) -> None:
        record = self._waiting.pop(position)
        self._by_url[record.url].discard(position)
        self.settled.waiting -= 1

    async def _found(self, client: AsyncElasticsearch, urls: list[str]) -> list[str]:
        """Return those of the addresses of which an article is in the index."""
        filters = {str(number): {"term": {"url": url}} for number, url in enumerate(urls)}
        with translate_errors(self._settings):
            try:
                answer: Any = await client.search(
                    index=f"{self._settings.index_prefix}-read",
                    size=0,
                    query={"terms": {"url": urls}},
                    aggs={"urls": {"filters": {"filters": filters}}},
                )
            except NotFoundError:
                return []  # no worker has stored anything yet
        buckets = answer["aggregations"]["urls"]["buckets"]
        return [url for number, url in enumerate(urls) if buckets[str(number)]["doc_count"]]


def _url(value: bytes) -> str:
    try:
        record = json.loads(value)
    except ValueError:
        return ""
    url = record.get("url") if isinstance(record, dict) else None
    return url if isinstance(url, str) else ""


def _batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


async def letters_end(settings: Settings) -> dict[TopicPartition, int]:
    """Return the ends of articles.dlq; empty if there is none yet.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_dead_letters(settings) as letters:
        return dict(letters.ends)
