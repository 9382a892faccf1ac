"""Kafka apart from Faust: reach a broker, make the topics, produce."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from ssl import SSLError
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
    for_code,
)

from streams.errors import OperatorError, Retryable
from streams.observability.logs import get_logger
from streams.retry import Backoff
from streams.security import kafka_options
from streams.settings import MIB, Settings
from streams.topics import TopicSpec, topic_specs

log = get_logger(__name__)

T = TypeVar("T")

# What a broker answers while it starts or elects: KafkaError covers it; OSError and TimeoutError are the network's.
UNAVAILABLE_ERRORS = (KafkaError, OSError, TimeoutError)
# How long a broker may take to know a topic that it has just made, or a group's coordinator.
KNOWN_SECONDS = 10.0


def client_options(settings: Settings) -> dict[str, Any]:
    """Options that every client of Kafka takes.

    Raises:
        OperatorError: a certificate, key or secret cannot be read.
    """
    return {
        "bootstrap_servers": settings.kafka_bootstrap,
        "request_timeout_ms": 30_000,
        **kafka_options(settings),
    }


async def _reach(settings: Settings, start: Coroutine[Any, Any, None]) -> None:
    """Start a client. Its caller closes it also when this is cancelled.

    Raises:
        Retryable: no broker can be reached.
    """
    try:
        await asyncio.wait_for(start, settings.kafka_connect_timeout)
    except UNAVAILABLE_ERRORS as error:
        raise Retryable(f"no Kafka at {settings.kafka_bootstrap}: {await _cause(settings, error)}") from error


async def _cause(settings: Settings, error: Exception) -> str:
    """Why no broker lets us in: the client logs what each of them said, and raises "unable to bootstrap" alone."""
    options = client_options(settings)
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
        try:
            async with asyncio.timeout(settings.kafka_connect_timeout):
                (await create_conn(host, port, **options)).close()
        except SSLError as refusal:
            return f"{refusal.strerror or refusal}; check RASD_KAFKA_CA and RASD_KAFKA_CERTIFICATE"
        except (AuthenticationFailedError, SaslAuthenticationFailed, UnsupportedSaslMechanismError) as refusal:
            return f"{refusal}; check RASD_KAFKA_USER, RASD_KAFKA_PASSWORD and RASD_KAFKA_SASL_MECHANISM"
        except KafkaConnectionError as refusal:
            # A listener hangs up, without a word, on another protocol and on a certificate that it does not trust.
            wanted = f"speak {settings.kafka_security_protocol} and take our certificate"
            return f"{refusal}; does it {wanted} (RASD_KAFKA_SECURITY_PROTOCOL, RASD_KAFKA_CERTIFICATE)?"
        except UNAVAILABLE_ERRORS as refusal:
            error = refusal
    return str(error) or type(error).__name__


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client.

    Raises:
        Retryable: no broker can be reached.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await _reach(settings, admin.start())
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def open_producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A connected producer whose records are safe once awaited: all replicas, no duplicates by its own retries.

    Raises:
        Retryable: no broker can be reached.
    """
    producer = AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=MIB,
        max_request_size=settings.max_message_bytes,
    )
    try:
        await _reach(settings, producer.start())
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def open_reader(settings: Settings, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside every group, from the beginning of the given topics.

    Raises:
        Retryable: no broker can be reached.
    """
    consumer = AIOKafkaConsumer(
        *topics,
        **client_options(settings),
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 * MIB,
    )
    try:
        await _reach(settings, consumer.start())
        yield consumer
    finally:
        await consumer.stop()


async def first_offset(settings: Settings, topic: str, partition: int, least: int) -> int:
    """Offset of the first record of a partition at `least` or after it; transactions and deletion leave holes.

    Waits until there is one.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_reader(settings) as reader:
        tp = TopicPartition(topic, partition)
        reader.assign([tp])
        reader.seek(tp, least)
        return int((await reader.getone(tp)).offset)


@contextmanager
def translate_errors(settings: Settings) -> Iterator[None]:
    """Turn what a broker answers while it starts, or does not answer, into `Retryable`."""
    try:
        yield
    except UNAVAILABLE_ERRORS as error:
        raise Retryable(f"Kafka at {settings.kafka_bootstrap} is not ready: {error}") from error


async def describe_topics(admin: AIOKafkaAdminClient, names: Sequence[str]) -> list[dict[str, Any]]:
    """What Kafka says of these topics. Raises what aiokafka raises, and:

    Raises:
        OperatorError: it does not have one of them.
    """
    described: list[dict[str, Any]] = await admin.describe_topics(list(names))
    if missing := [found["topic"] for found in described if found["error_code"]]:
        raise OperatorError(f"there is no topic {missing[0]}", hint="rasd topics create")
    return described


async def check_kafka(settings: Settings) -> None:
    """Ask whether a broker answers us.

    Raises:
        Retryable: none does.
        OperatorError: a certificate, key or secret cannot be read.
    """
    async with open_admin(settings):
        pass


async def missing_topics(settings: Settings, names: Sequence[str]) -> list[str]:
    """Those of the topics that Kafka does not have.

    Raises:
        Retryable: no broker can be reached.
        OperatorError: a certificate, key or secret cannot be read.
    """
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            described = await admin.describe_topics(list(names))
    return [d["topic"] for d in described if for_code(d["error_code"]) is UnknownTopicOrPartitionError]


async def committed_offset(settings: Settings, topic: str, partition: int) -> int:
    """Next record of a partition for the workers' group, as Kafka has it; 0 when nothing is committed.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            committed = await retry_until_visible(lambda: admin.list_consumer_group_offsets(settings.app_id))
    found = committed.get(TopicPartition(topic, partition))
    return max(0, found.offset) if found is not None else 0


async def retry_until_visible(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer to a question about what was made a moment ago, by us or by another process, and what a broker may
    not know yet: a topic, a group's coordinator.

    Raises:
        KafkaError: it will not pass, or it did not within `KNOWN_SECONDS`.
    """
    deadline = time.monotonic() + KNOWN_SECONDS
    while True:
        try:
            return await ask()
        except KafkaError as error:
            if time.monotonic() > deadline or not error.retriable:
                raise
            await asyncio.sleep(0.1)


async def create_topics(settings: Settings, extra: Sequence[TopicSpec] = ()) -> list[str]:
    """Make every topic that is not there yet; harmless when several processes do it at once.

    Returns:
        Names of the topics made by this call.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
        OperatorError: a topic exists with fewer partitions than the settings ask for, or the broker refuses one.
    """
    specs = [*topic_specs(settings), *extra]
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            existing = set(await admin.list_topics())
            missing = [spec for spec in specs if spec.name not in existing]
            made = await _create(admin, missing)
            await retry_until_visible(lambda: _check_partitions(admin, specs))
    return made


async def _create(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> list[str]:
    if not specs:
        return []
    response = await admin.create_topics(
        [NewTopic(s.name, s.partitions, s.replication, topic_configs=dict(s.config)) for s in specs]
    )
    made = []
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code == 0:
            made.append(name)
        elif error is not TopicAlreadyExistsError:
            if error.retriable:
                raise error(name)
            raise OperatorError(
                f"Kafka refuses topic {name}: {(message and message[0]) or error.__name__}",
                hint="RASD_REPLICATION may not exceed the number of brokers",
            )
    return made


async def _check_partitions(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    wanted = {spec.name: spec.partitions for spec in specs}
    for description in await admin.describe_topics(list(wanted)):
        error = for_code(description["error_code"])
        if description["error_code"] != 0:
            raise error(description["topic"])
        found = len(description["partitions"])
        if found != wanted[description["topic"]]:
            raise OperatorError(
                f"topic {description['topic']} has {found} partitions, the settings say {wanted[description['topic']]}",
                hint="set RASD_PARTITIONS to what the topic has; docs/guides/production.md describes how to grow it",
            )


async def wait_for_topics(settings: Settings, extra: Sequence[TopicSpec] = ()) -> None:
    """Make the topics, waiting for a broker as long as it takes; says once that it waits and once that it goes on."""
    backoff = Backoff(settings.retry_first, settings.retry_most)
    waiting = False
    while True:
        try:
            made = await create_topics(settings, extra)
        except Retryable as error:
            if not waiting:
                log.warning("waiting for Kafka", kafka=settings.kafka_bootstrap, cause=str(error))
                waiting = True
            await backoff.wait()
        else:
            if waiting:
                log.info("Kafka is back", kafka=settings.kafka_bootstrap)
            if made:
                log.info("topics created", topics=made)
            return
