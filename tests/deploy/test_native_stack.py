"""The real Kafka and Elasticsearch of `deploy.local`, in a stack of the tests' own that they break and mend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError
from pydantic import HttpUrl
from rich.console import Console

from deploy.local import process, stack
from deploy.local.service import free_port
from deploy.local.stack import StackStatus
from deploy.local.temporary import QUICK_JAVA
from streams.settings import Settings
from tests.deploy.analysis_cases import ANALYZERS, CHAINS, FILES, TEXTS, Chain

CONSOLE = Console(file=StringIO())


@pytest.fixture(scope="module")
def native() -> Iterator[Settings]:
    """A stack with an Arabic name and a blank in its path."""
    parent = Path(tempfile.mkdtemp(prefix="rasd-native-"))
    parent.chmod(0o755)  # the servers run as another user when we are root
    kafka, elasticsearch = free_port(), free_port()
    settings = Settings(
        _env_file=None,
        local_dir=parent / "رصد محلي",
        local_kafka_port=kafka,
        local_elasticsearch_port=elasticsearch,
        local_kafka_heap="1g",
        local_elasticsearch_heap="512m",
        local_java_options=QUICK_JAVA,
        kafka_bootstrap=f"127.0.0.1:{kafka}",
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{elasticsearch}"),
    )
    try:
        stack.up(settings, console=CONSOLE)
        yield settings
    finally:
        stack.down(settings, wipe=True)
        shutil.rmtree(parent)


@pytest.fixture
def running(native: Settings) -> StackStatus:
    """The same stack, mended if a test before has left it broken."""
    return stack.up(native, console=CONSOLE)


@pytest.fixture
def client(native: Settings, running: StackStatus) -> Iterator[Elasticsearch]:
    with Elasticsearch(str(native.elasticsearch_url), request_timeout=60) as made:
        yield made


def server(status: StackStatus, name: str) -> psutil.Process:
    pid = status[name].pid
    assert pid is not None
    return psutil.Process(pid)


async def create(settings: Settings, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([topic])
    finally:
        await admin.close()


async def first_record(settings: Settings, topic: str) -> bytes | None:
    """The value of the oldest record of a topic."""
    consuming = AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.kafka_bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=settings.max_message_bytes,
    )
    async with consuming as consumer:
        record = await consumer.getone()
    value: bytes | None = record.value
    return value


@pytest.mark.parametrize("name", ["kafka", "elasticsearch"])
def test_servers_listen_on_loopback_only_and_are_not_root(running: StackStatus, name: str) -> None:
    found = server(running, name)

    listening = [c.laddr for c in found.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert listening
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    assert found.uids().real != 0
    assert f":{running[name].address.rpartition(':')[2]}" in {f":{address.port}" for address in listening}


def test_a_second_up_starts_nothing(native: Settings, running: StackStatus) -> None:
    assert stack.up(native, console=CONSOLE) == running


def test_a_crashed_elasticsearch_is_started_alone_and_keeps_its_data(
    native: Settings, running: StackStatus, client: Elasticsearch
) -> None:
    client.indices.create(index="kept", settings={"number_of_replicas": 0})
    client.index(index="kept", id="1", document={"title": "خبر عاجل"})
    crashed = server(running, "elasticsearch")
    crashed.kill()

    after = stack.up(native, console=CONSOLE)

    assert after.ready
    assert after["elasticsearch"].pid != crashed.pid
    assert after["kafka"].pid == running["kafka"].pid
    assert client.get(index="kept", id="1")["_source"] == {"title": "خبر عاجل"}
    client.indices.delete(index="kept")


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "crashed"])
async def test_kafka_keeps_its_data(native: Settings, running: StackStatus, kill: bool) -> None:
    topic = f"kept.{kill}"
    await create(native, NewTopic(topic, 1, 1))
    async with AIOKafkaProducer(bootstrap_servers=native.kafka_bootstrap) as producer:
        await producer.send_and_wait(topic, "خبر عاجل".encode())

    assert stack.stop_service(native, "kafka", kill=kill)
    assert stack.status(native)["kafka"].pid is None
    after = stack.start_service(native, "kafka", console=CONSOLE)

    assert after.ready
    assert after["elasticsearch"].pid == running["elasticsearch"].pid
    assert await first_record(native, topic) == "خبر عاجل".encode()


async def test_a_page_of_the_largest_size_passes(native: Settings, running: StackStatus) -> None:
    page = "خبر".encode() * (native.max_message_bytes // 6 - 1000)
    limits = {"max.message.bytes": str(native.max_message_bytes), "retention.ms": "60000"}
    await create(native, NewTopic("largest", 1, 1, topic_configs=limits))

    producing = AIOKafkaProducer(
        bootstrap_servers=native.kafka_bootstrap, max_request_size=native.max_message_bytes + 1024 * 1024
    )
    async with producing as producer:
        await producer.send_and_wait("largest", page)

    assert await first_record(native, "largest") == page


async def test_kafka_creates_no_topic_by_itself(native: Settings, running: StackStatus) -> None:
    async with AIOKafkaProducer(bootstrap_servers=native.kafka_bootstrap, request_timeout_ms=3000) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("never.created", b"x")


def test_elasticsearch_creates_no_index_by_itself(client: Elasticsearch) -> None:
    with pytest.raises(NotFoundError, match="auto_create_index"):
        client.index(index="never-created", document={"title": "خبر"})


# The analysis plugin

Token = tuple[str, int, int, int]


@pytest.fixture(scope="module")
def lucene(native: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[Token]]:
    """What Lucene itself makes of every text with every analyzer and chain: run once, with the server's own jars."""
    found = server(stack.up(native, console=CONSOLE), "elasticsearch")
    home, java = process.option(found, "es.path.home"), found.exe()
    files = tmp_path_factory.mktemp("lucene")
    for name, content in FILES.items():
        (files / name).write_text(content, encoding="utf-8")
    questions = [(how, text) for how in [*ANALYZERS.values(), *(c.lucene for c in CHAINS)] for text in TEXTS]
    done = subprocess.run(
        [java, "-cp", f"{home}/lib/*", Path(__file__).with_name("LuceneTokens.java"), files],
        input="".join(f"{how}\t{text}\n" for how, text in questions),
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("\n")[:-1]
    return {
        question: [parsed(token) for token in answer.split("\t")] if answer else []
        for question, answer in zip(questions, answers, strict=True)
    }


def parsed(token: str) -> Token:
    text, start, end, position = token.rsplit(" ", 3)
    return text, int(start), int(end), int(position)


def analyzed(client: Elasticsearch, text: str, **how: Any) -> list[Token]:
    tokens = client.indices.analyze(text=text, **how)["tokens"]
    return [(t["token"], t["start_offset"], t["end_offset"], t["position"]) for t in tokens]


@pytest.mark.parametrize("name", ANALYZERS)
def test_an_analyzer_gives_lucenes_tokens(
    client: Elasticsearch, lucene: dict[tuple[str, str], list[Token]], name: str
) -> None:
    for text in TEXTS:
        assert analyzed(client, text, analyzer=name) == lucene[ANALYZERS[name], text]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: f"{chain.name}-{CHAINS.index(chain)}")
def test_a_chain_gives_lucenes_tokens(
    client: Elasticsearch, lucene: dict[tuple[str, str], list[Token]], chain: Chain
) -> None:
    for text in TEXTS:
        found = analyzed(client, text, tokenizer=chain.tokenizer, char_filter=chain.char_filters, filter=chain.filters)
        assert found == lucene[chain.lucene, text]


def test_the_texts_tell_the_arabic_filters_apart(lucene: dict[tuple[str, str], list[Token]]) -> None:
    """A comparison on texts that no filter changes would prove nothing."""

    def outcome(lucene_filter: str) -> list[list[Token]]:
        return [lucene[f"tokenizer;standard | filter;{lucene_filter}", text] for text in TEXTS]

    names = ["arabicNormalization", "arabicStem", "persianNormalization", "decimalDigit", "lowercase", "uppercase"]
    outcomes = [json.dumps(outcome(name)) for name in names]
    assert len(set(outcomes)) == len(names)


def test_an_index_may_define_analyzers_and_normalizers(client: Elasticsearch) -> None:
    analysis = {
        "char_filter": {"letters": {"type": "mapping", "mappings": ["ـ =>", "ک => ك"]}},
        "analyzer": {"mine": {"type": "arabic", "stopwords": ["قال"], "stem_exclusion": ["القاهره"]}},
        "normalizer": {
            "name": {
                "type": "custom",
                "char_filter": ["letters"],
                "filter": ["lowercase", "decimal_digit", "arabic_normalization", "trim"],
            }
        },
    }
    client.indices.create(index="defined", settings={"analysis": analysis, "number_of_replicas": 0})
    try:
        by_analyzer = client.indices.analyze(index="defined", analyzer="mine", text="قال في القاهرة والمدارس")["tokens"]
        by_normalizer = client.indices.analyze(index="defined", normalizer="name", text="شرکـــة ١٢ LTD ")["tokens"]
    finally:
        client.indices.delete(index="defined")

    assert [token["token"] for token in by_analyzer] == ["في", "القاهره", "مدارس"]
    assert [token["token"] for token in by_normalizer] == ["شركه 12 ltd"]


def test_unique_drops_later_copies(client: Elasticsearch) -> None:
    tokens = client.indices.analyze(tokenizer="standard", filter=["unique"], text="خبر عاجل خبر")["tokens"]
    assert [token["token"] for token in tokens] == ["خبر", "عاجل"]

    doubled: list[str | dict[str, Any]] = [
        "keyword_repeat",
        "arabic_stem",
        {"type": "unique", "only_on_same_position": True},
    ]
    tokens = client.indices.analyze(tokenizer="standard", filter=doubled, text="خبر المدارس خبر")["tokens"]
    assert [token["token"] for token in tokens] == ["خبر", "المدارس", "مدارس", "خبر"]


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "pattern_replace"},
        {"type": "keyword_marker"},
        {"type": "keyword_marker", "keywords": ["a"], "keywords_pattern": "b"},
        {"type": "stemmer", "language": "klingon"},
        {"type": "stemmer_override", "rules": ["no arrow"]},
        {"type": "synonym"},
        {"type": "ngram", "min_gram": 1, "max_gram": 9},
    ],
    ids=lambda bad: bad["type"],
)
def test_a_wrong_definition_is_refused(client: Elasticsearch, bad: dict[str, Any]) -> None:
    settings = {"analysis": {"filter": {"bad": bad}, "analyzer": {"a": {"tokenizer": "standard", "filter": ["bad"]}}}}
    with pytest.raises(BadRequestError):
        client.indices.create(index="refused", settings=settings)
