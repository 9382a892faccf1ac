"""Run one framework's pipeline in this process until a signal.

    python -m benchmarks.pipeline.rivals.run NAME [--one-step]

With --one-step all stages run as one function, from articles.raw to articles.enriched without topics between.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.pipeline.rivals.steps import Step, steps
from streams.settings import MIB, Settings

BATCH = 64


def run_faststream(settings: Settings, work: Sequence[Step]) -> None:
    """Batches of 64 in a thread, results confirmed by Kafka, then acknowledged."""
    from faststream import AckPolicy, FastStream
    from faststream.kafka import KafkaBroker

    broker = KafkaBroker(
        settings.kafka_bootstrap, acks="all", linger_ms=5, max_batch_size=8 * MIB, max_request_size=16 * MIB
    )

    def add(step: Step) -> None:
        subscribe = broker.subscriber(
            step.reads,
            group_id=f"{settings.app_id}-{step.name}",
            batch=True,
            max_records=BATCH,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            decoder=lambda message: message.body,
        )

        async def handle(values: list[bytes]) -> None:
            results = await asyncio.to_thread(step.run, values)
            if results:
                await broker.publish_batch(*results, topic=step.writes)

        subscribe(handle)

    for step in work:
        add(step)
    asyncio.run(FastStream(broker).run())


def run_quix(settings: Settings, work: Sequence[Step]) -> None:
    """A dataframe a stage; commits every second, as Rasd does."""
    from quixstreams import Application

    app = Application(
        broker_address=settings.kafka_bootstrap,
        consumer_group=settings.app_id,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        processing_guarantee="at-least-once",
        auto_create_topics=False,
        use_changelog_topics=False,
        loglevel="WARNING",
    )
    for step in work:
        source = app.topic(step.reads, key_deserializer="bytes", value_deserializer="bytes")
        target = app.topic(step.writes, key_serializer="bytes", value_serializer="bytes")
        app.dataframe(source).apply(lambda value, run=step.run: run([value]), expand=True).to_topic(target)
    app.run()


def run_bytewax(settings: Settings, work: Sequence[Step]) -> None:
    """A Kafka source and sink a stage in one dataflow, with recovery as at-least-once needs it."""
    import bytewax.operators as op
    from bytewax._bytewax import cli_main
    from bytewax.connectors.kafka import KafkaSinkMessage
    from bytewax.connectors.kafka import operators as kop
    from bytewax.dataflow import Dataflow
    from bytewax.recovery import RecoveryConfig, init_db_dir

    flow = Dataflow("rasd")
    brokers = [settings.kafka_bootstrap]

    def add(step: Step) -> None:
        def apply(message: Any) -> list[KafkaSinkMessage[None, bytes]]:
            return [KafkaSinkMessage(None, value) for value in step.run([message.value])]

        source = kop.input(f"{step.name}_in", flow, brokers=brokers, topics=[step.reads])
        kop.output(f"{step.name}_out", op.flat_map(step.name, source.oks, apply), brokers=brokers, topic=step.writes)

    for step in work:
        add(step)
    with tempfile.TemporaryDirectory() as folder:
        init_db_dir(Path(folder), 1)
        cli_main(flow, recovery_config=RecoveryConfig(folder))


def run_aiokafka(settings: Settings, work: Sequence[Step]) -> None:
    """Wire the client alone: batches of 64 in a thread, results confirmed by Kafka, then committed."""

    async def follow(step: Step, producer: AIOKafkaProducer) -> None:
        consumer = AIOKafkaConsumer(
            step.reads,
            bootstrap_servers=settings.kafka_bootstrap,
            group_id=f"{settings.app_id}-{step.name}",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        async with consumer:
            while True:
                found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                values = [record.value for records in found.values() for record in records if record.value is not None]
                results = await asyncio.to_thread(step.run, values)
                sent = [await producer.send(step.writes, result) for result in results]
                await asyncio.gather(*sent)
                if found:
                    await consumer.commit()

    async def run() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka_bootstrap,
            acks="all",
            linger_ms=5,
            max_batch_size=8 * MIB,
            max_request_size=16 * MIB,
        )
        async with producer, asyncio.TaskGroup() as group:
            for step in work:
                group.create_task(follow(step, producer))

    asyncio.run(run())


RIVALS: dict[str, Callable[[Settings, Sequence[Step]], None]] = {
    "aiokafka": run_aiokafka,
    "faststream": run_faststream,
    "quix": run_quix,
    "bytewax": run_bytewax,
}

if __name__ == "__main__":
    sys.path.append(os.environ["RASD_RIVALS_DIR"])  # after our own packages, whose versions are pinned
    own = Settings()
    RIVALS[sys.argv[1]](own, steps(own, together="--one-step" in sys.argv))
