"""rasd tap: the records of a topic as they arrive."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import typer

from streams.cli.environment import get_settings
from streams.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka import ConsumerRecord

POLL_MS = 500


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operations")(tap)


def tap(
    topic: str = typer.Argument(..., metavar="TOPIC", help="Name of the topic without RASD_TOPIC_PREFIX."),
    last: int = typer.Option(0, "--last", min=0, help="Begin this many records before the end of each partition."),
    count: int = typer.Option(None, "-n", "--count", min=1, help="End after this many records."),
    fields: str = typer.Option(None, "--fields", help="Only these fields of each record, comma-separated."),
    envelope: bool = typer.Option(False, "--envelope", help="Print partition, offset, time and key around the record."),
) -> None:
    """Print the records of a topic as they arrive, one JSON object a line, until Ctrl-C.

    It reads beside the workers: they miss nothing, and nothing is acknowledged. A record that is not JSON is printed as
    `{"text": …}`.

    Example: `rasd tap articles.enriched --fields source,title`
    """
    asyncio.run(_print(topic, last, count, fields.split(",") if fields else None, envelope=envelope))


async def _print(topic: str, last: int, count: int | None, fields: list[str] | None, *, envelope: bool) -> None:
    import orjson

    left = count
    async for record in _records(topic, last):
        value = _value(record.value or b"", fields)
        if envelope:
            value = {
                "partition": record.partition,
                "offset": record.offset,
                "time_ms": record.timestamp,
                "key": (record.key or b"").decode(errors="replace"),
                "record": value,
            }
        sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
        sys.stdout.buffer.flush()
        if left is not None:
            left -= 1
            if not left:
                return


def _value(data: bytes, fields: list[str] | None) -> Any:
    import orjson

    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {"text": data.decode(errors="replace")}
    if fields is not None and isinstance(value, dict):
        return {name: value[name] for name in fields if name in value}
    return value


async def _records(topic: str, last: int) -> AsyncIterator[ConsumerRecord]:
    from aiokafka import TopicPartition

    from streams.kafka.clients import open_admin, open_reader, translate_errors
    from streams.pipeline import load_pipeline
    from streams.topics import topic_name

    settings = get_settings()
    name = topic_name(topic, settings)
    async with open_admin(settings) as admin, open_reader(settings) as reader:
        with translate_errors(settings):
            # All topics, as a broker may create one that is asked for by name.
            described = {found["topic"]: found["partitions"] for found in await admin.describe_topics()}
            if name not in described:
                known = ", ".join(load_pipeline().topics)
                raise OperatorError(f"there is no topic {name}", hint=f"topics of the pipeline: {known}")
            partitions = [TopicPartition(name, one["partition"]) for one in described[name]]
            reader.assign(partitions)
            begins, ends = await reader.beginning_offsets(partitions), await reader.end_offsets(partitions)
            for tp in partitions:
                reader.seek(tp, max(begins[tp], ends[tp] - last))
            while True:
                for records in (await reader.getmany(timeout_ms=POLL_MS)).values():
                    for record in records:
                        yield record
