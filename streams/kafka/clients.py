"""Kafka clients without Faust: connect to a broker, create topics, read and write records."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from ssl import SSLError
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    SaslAuthenticationFailed,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
    for_code,
)

from streams.errors import OperatorError, Retryable
from streams.kafka.client_corrections import correct_client
from streams.kafka.producer import LastingProducer
from streams.kafka.topic_config import use_time_of_arrival
from streams.observability.logs import get_logger
from streams.retry import Backoff
from streams.security import kafka_options
from streams.settings import MIB, Settings
from streams.topics import TopicSpec, topic_specs

log = get_logger(__name__)

T = TypeVar("T")

# Errors while a broker starts or elects leaders (KafkaError), and of the network (OSError, TimeoutError).
UNAVAILABLE_ERRORS = (KafkaError, OSError, TimeoutError)
# How long a broker may need until it knows a topic that was just created, or the coordinator of a group.
KNOWN_SECONDS = 10.0
# How long a producer that is closed waits until the broker has its records.
STOP_SECONDS = 5.0
# Longest wait for records that are known to be there, before it is asked again whether the end is reached.
_READ_MS = 300


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the options that all Kafka clients share.

    Raises:
        OperatorError: a certificate, key or secret cannot be read.
    """
    return {
        "bootstrap_servers": settings.kafka_bootstrap,
        "request_timeout_ms": 30_000,
        **kafka_options(settings),
    }


async def _reach(settings: Settings, start: Coroutine[Any, Any, None]) -> None:
    """Start a client. The caller closes it, even if this is cancelled.

    Raises:
        Retryable: no broker can be reached.
    """
    try:
        await asyncio.wait_for(start, settings.kafka_connect_timeout)
    except UNAVAILABLE_ERRORS as error:
        raise Retryable(f"no Kafka at {settings.kafka_bootstrap}: {await _cause(settings, error)}") from error


async def _cause(settings: Settings, error: Exception) -> str:
    """Return why no broker accepts a connection, as the client only logs it and raises "unable to bootstrap"."""
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
            # A listener closes the connection without a reason if the protocol differs or it distrusts the certificate.
            wanted = f"uses {settings.kafka_security_protocol} and trusts the client certificate"
            return f"{refusal}; check that it {wanted} (RASD_KAFKA_SECURITY_PROTOCOL, RASD_KAFKA_CERTIFICATE)"
        except UNAVAILABLE_ERRORS as refusal:
            error = refusal
    return str(error) or type(error).__name__


class AnyBrokerAdmin(AIOKafkaAdminClient):  # type: ignore[misc]  # aiokafka has no types
    """An admin client that asks the brokers in turn until one can be reached.

    aiokafka's (0.14) asks one at random, so that of three brokers one that is down fails a third of all requests.
    """

    async def _send_request(self, request: Any, node_id: int | None = None) -> Any:
        if node_id is not None:
            return await super()._send_request(request, node_id)
        brokers = [broker.nodeId for broker in self._client.cluster.brokers()]
        random.shuffle(brokers)
        for broker in brokers:
            if await self._client.ready(broker):
                return await self._client.send(broker, request)
        raise NodeNotReadyError(f"none of the brokers {sorted(brokers)} can be reached")


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin client.

    Raises:
        Retryable: no broker can be reached.
    """
    admin = AnyBrokerAdmin(**client_options(settings))
    try:
        await _reach(settings, admin.start())
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def open_producer(settings: Settings) -> AsyncIterator[LastingProducer]:
    """Open a producer. An awaited record is on all replicas, and the producer's own retries cause no duplicates.

    Raises:
        Retryable: no broker can be reached.
    """
    producer = LastingProducer(partial(_open_producer_once, settings), _stop)
    try:
        await _reach(settings, producer.start())
        yield producer
    finally:
        await producer.stop()


async def _open_producer_once(settings: Settings) -> AIOKafkaProducer:
    """Start a producer of aiokafka.

    Raises:
        KafkaError, OSError, TimeoutError: no broker can be reached.
    """
    producer = AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=MIB,
        max_request_size=settings.max_message_bytes,
    )
    correct_client(producer.client)
    try:
        await asyncio.wait_for(producer.start(), settings.kafka_connect_timeout)
    except BaseException:
        await _stop(producer)
        raise
    return producer


async def _stop(producer: AIOKafkaProducer) -> None:
    """Close a producer; after `STOP_SECONDS` without a broker, its records count as not sent.

    aiokafka's producer never gives a record up if it may not send any twice, and would wait for the broker for ever.
    """
    stopping = asyncio.create_task(producer.stop())
    try:
        await asyncio.wait([stopping], timeout=STOP_SECONDS)
    finally:
        if not stopping.done():
            stopping.cancel()
            await producer.client.close()
            # Cancelled once, it waits for its requests, and these for metadata that a closed client never gets.
            await end_task(producer._sender.sender_task)
            producer._message_accumulator.fail_all(KafkaTimeoutError("closed while no broker answered"))
        await asyncio.gather(stopping, return_exceptions=True)


def open_member(settings: Settings, group: str, **options: Any) -> AIOKafkaConsumer:
    """Make a consumer that shares partitions with the others of its group, and commits nothing by itself.

    Args:
        settings: addresses, secrets and the session's timeout.
        group: id of the group.
        options: further ones of aiokafka's consumer.

    Raises:
        OperatorError: a certificate, key or secret cannot be read.
    """
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=int(settings.session_timeout * 1000),
        heartbeat_interval_ms=int(settings.session_timeout * 1000 / 6),
        max_poll_interval_ms=300_000,
        **options,
    )
    correct_client(consumer._client)
    return consumer


@asynccontextmanager
async def open_reader(settings: Settings, *topics: str, fetch_bytes: int = 8 * MIB) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer without a group, which reads the topics from their beginning.

    Args:
        fetch_bytes: of one partition at once; more where a single batch is larger.

    Raises:
        Retryable: no broker can be reached.
    """
    consumer = AIOKafkaConsumer(
        *topics,
        **client_options(settings),
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=fetch_bytes,
    )
    correct_client(consumer._client)
    try:
        await _reach(settings, consumer.start())
        yield consumer
    finally:
        await consumer.stop()


async def read_to_end(reader: AIOKafkaConsumer, tps: list[TopicPartition]) -> AsyncIterator[ConsumerRecord]:
    """Yield the records of partitions, from the reader's positions to the ends that they have now."""
    ends = await reader.end_offsets(tps)
    left = {tp for tp in tps if ends[tp] > await reader.position(tp)}
    while left:
        for records in (await reader.getmany(*left, timeout_ms=_READ_MS)).values():
            for record in records:
                yield record
        # Compaction leaves gaps, so positions count and not records.
        left = {tp for tp in left if ends[tp] > await reader.position(tp)}


def assign_paused(reader: AIOKafkaConsumer, tps: list[TopicPartition]) -> None:
    """Assign partitions to a reader that is asked for what is new from time to time, by `read_new`."""
    reader.assign(tps)
    reader.pause(*tps)


async def read_new(reader: AIOKafkaConsumer, tps: list[TopicPartition]) -> AsyncIterator[ConsumerRecord]:
    """Yield the records of paused partitions, from the reader's positions to the ends that they have now.

    The partitions are paused again where their ends are reached. Otherwise the client would fetch on, and the broker,
    which answers the requests of a connection in turn, would answer the next call only when that fetch has waited for
    records in vain: after up to half a second.
    """
    ends = await reader.end_offsets(tps)
    left = {tp for tp in tps if ends[tp] > await reader.position(tp)}
    reader.resume(*left)
    while left:
        found = await reader.getmany(*left, timeout_ms=_READ_MS)
        # Compaction leaves gaps, so positions count and not records.
        reached = {tp for tp in left if ends[tp] <= await reader.position(tp)}
        reader.pause(*reached)
        left -= reached
        for records in found.values():
            for record in records:
                yield record


async def first_offset(settings: Settings, topic: str, partition: int, least: int) -> int:
    """Return the offset of the first record of a partition at or after `least`, and wait until there is one.

    It can be larger than `least`, as transactions and deletion leave gaps.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_reader(settings) as reader:
        tp = TopicPartition(topic, partition)
        reader.assign([tp])
        reader.seek(tp, least)
        return int((await reader.getone(tp)).offset)


async def beginning_offset(settings: Settings, topic: str, partition: int) -> int:
    """Return the offset before which Kafka has deleted the records of a partition.

    Raises:
        Retryable: no broker can be reached.
    """
    tp = TopicPartition(topic, partition)
    async with open_reader(settings) as reader:
        with translate_errors(settings):
            return int((await reader.beginning_offsets([tp]))[tp])


async def end_task(task: asyncio.Task[None] | None) -> None:
    """Cancel a task that uses a client, and wait until it has ended; None is no task."""
    while task is not None and not task.done():
        # Once may not be enough: while it closes, aiokafka swallows a cancellation.
        task.cancel()
        await asyncio.wait([task], timeout=0.5)


@contextmanager
def translate_errors(settings: Settings) -> Iterator[None]:
    """Raise `Retryable` instead of the errors of an unavailable or starting broker."""
    try:
        yield
    except UNAVAILABLE_ERRORS as error:
        raise Retryable(f"Kafka at {settings.kafka_bootstrap} is not ready: {error}") from error


async def describe_topics(admin: AIOKafkaAdminClient, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return Kafka's descriptions of topics.

    Raises:
        OperatorError: a topic does not exist.
        KafkaError, OSError, TimeoutError: the broker is unavailable; see `translate_errors`.
    """
    described: list[dict[str, Any]] = await admin.describe_topics(list(names))
    if missing := [found["topic"] for found in described if found["error_code"]]:
        raise OperatorError(f"there is no topic {missing[0]}", hint="rasd topics create")
    return described


async def check_kafka(settings: Settings) -> None:
    """Check that a broker accepts a connection.

    Raises:
        Retryable: no broker can be reached.
        OperatorError: a certificate, key or secret cannot be read.
    """
    async with open_admin(settings):
        pass


async def missing_topics(settings: Settings, names: Sequence[str]) -> list[str]:
    """Return those of the topics that do not exist.

    Raises:
        Retryable: no broker can be reached.
        OperatorError: a certificate, key or secret cannot be read.
    """
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            described = await admin.describe_topics(list(names))
    return [d["topic"] for d in described if for_code(d["error_code"]) is UnknownTopicOrPartitionError]


async def committed_offset(settings: Settings, topic: str, partition: int) -> int:
    """Return the offset that the workers' group has committed for a partition; 0 if none.

    Raises:
        Retryable: no broker can be reached.
    """
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            committed = await retry_until_visible(lambda: admin.list_consumer_group_offsets(settings.app_id))
    found = committed.get(TopicPartition(topic, partition))
    return max(0, found.offset) if found is not None else 0


async def retry_until_visible(ask: Callable[[], Awaitable[T]]) -> T:
    """Call `ask` until the broker knows what was created a moment ago: a topic, the coordinator of a group.

    Returns:
        The result of `ask`.

    Raises:
        KafkaError: the error is not transient, or lasted longer than `KNOWN_SECONDS`.
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
    """Create the topics that do not exist, and give those of earlier versions the time of arrival.

    Several processes may do so at once.

    Args:
        settings: settings of the process.
        extra: topics in addition to the built-in ones.

    Returns:
        The names of the topics that this call created.

    Raises:
        Retryable: no broker can be reached, or it is still starting.
        OperatorError: a topic has another number of partitions than the settings, or the broker rejects one.
    """
    specs = [*topic_specs(settings), *extra]
    async with open_admin(settings) as admin:
        with translate_errors(settings):
            existing = set(await admin.list_topics())
            missing = [spec for spec in specs if spec.name not in existing]
            made = await _create(admin, missing)
            older = [spec for spec in specs if spec.name in existing]
            await retry_until_visible(lambda: use_time_of_arrival(admin, older))
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
                f"Kafka refuses to create the topic {name}: {(message and message[0]) or error.__name__}",
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
                hint="set RASD_PARTITIONS to the topic's number, or add partitions (docs/guides/production.md)",
            )


async def wait_for_topics(settings: Settings, extra: Sequence[TopicSpec] = ()) -> None:
    """Create the topics, and wait for a broker as long as it takes. Logs once that it waits and once that it continues.

    Raises:
        OperatorError: as for `create_topics`.
    """
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


async def restart_while_unavailable(
    once: Callable[[], Awaitable[None]], settings: Settings, stop: asyncio.Event, unready: Callable[[], None]
) -> None:
    """Run the work of a process until `stop` is set. While Kafka is unavailable, wait and start it again.

    Args:
        once: the work, until `stop` is set or a broker fails.
        settings: hold the waits between retries.
        stop: ends the work and the waits.
        unready: called when the work has failed, before the wait.
    """
    backoff = Backoff(settings.retry_first, settings.retry_most)
    while not stop.is_set():
        try:
            await once()
        except (Retryable, *UNAVAILABLE_ERRORS) as error:
            unready()
            log.warning("waiting for Kafka", kafka=settings.kafka_bootstrap, cause=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), backoff.seconds)
            backoff.seconds = min(backoff.seconds * 2, settings.retry_most)
        else:
            backoff.reset()
