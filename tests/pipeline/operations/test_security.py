"""Kafka with TLS, SASL and client certificates, Elasticsearch with https and API keys: every client gets in, or says
what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from streams.elastic.client import make_client, translate_errors
from streams.errors import OperatorError, Retryable
from streams.kafka.clients import open_admin, open_producer, open_reader, wait_for_topics
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.pipeline.operations.secured import PASSWORD, USER, Listeners, SecuredElasticsearch
from tests.support.certificates import Authority
from tests.support.corpus import records, write_lines
from tests.support.processes import free_port, rasd, start, wait_until, worker

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def settings_of(protocol: str, port: int, **fields: Any) -> Settings:
    return Settings(
        _env_file=None,
        kafka_security_protocol=protocol,
        kafka_bootstrap=f"127.0.0.1:{port}",
        kafka_connect_timeout=5,
        **fields,
    )


def sasl(listeners: Listeners, authority: Authority, mechanism: str = "SCRAM-SHA-512", **fields: Any) -> Settings:
    known: dict[str, Any] = {
        "kafka_ca": authority.certificate,
        "kafka_sasl_mechanism": mechanism,
        "kafka_user": USER,
        "kafka_password": SecretStr(PASSWORD),
    }
    return settings_of("SASL_SSL", listeners.sasl_ssl, **(known | fields))


async def roundtrip(settings: Settings) -> bytes:
    """A record through topics, producer and consumer of these settings."""
    await wait_for_topics(settings)
    topic = topic_name(Topic.RAW, settings)
    async with open_producer(settings) as producer:
        await producer.send_and_wait(topic, settings.topic_prefix.encode())
    async with open_reader(settings, topic) as reader:
        record = await reader.getone()
    return bytes(record.value)


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_sasl_over_tls(secured_kafka: Listeners, authority: Authority, mechanism: str) -> None:
    settings = sasl(secured_kafka, authority, mechanism, topic_prefix=f"{mechanism}.")
    assert await roundtrip(settings) == f"{mechanism}.".encode()


async def test_sasl_without_tls_and_a_password_in_a_file(secured_kafka: Listeners, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    settings = settings_of(
        "SASL_PLAINTEXT",
        secured_kafka.sasl_plaintext,
        kafka_user=USER,
        kafka_password_file=file,
        topic_prefix="file.",
    )
    assert await roundtrip(settings) == b"file."


async def test_a_client_certificate(secured_kafka: Listeners, authority: Authority) -> None:
    pair = authority.issue("client")
    settings = settings_of(
        "SSL",
        secured_kafka.ssl,
        kafka_ca=authority.certificate,
        kafka_certificate=pair.certificate,
        kafka_key=pair.key,
        topic_prefix="certificate.",
    )
    assert await roundtrip(settings) == b"certificate."


async def refusal(settings: Settings) -> str:
    with pytest.raises(Retryable) as caught:
        async with open_admin(settings):
            pass
    message = str(caught.value)
    assert PASSWORD not in message
    return message


async def test_what_keeps_us_out_is_named(
    secured_kafka: Listeners, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    wrong = await refusal(sasl(secured_kafka, authority, kafka_password=SecretStr("wrong")))
    assert "check RASD_KAFKA_USER, RASD_KAFKA_PASSWORD" in wrong
    distrusted = await refusal(sasl(secured_kafka, stranger))
    assert "certificate verify failed" in distrusted
    assert "check RASD_KAFKA_CA" in distrusted
    unknown = stranger.issue("client")
    foreign = settings_of(
        "SSL",
        secured_kafka.ssl,
        kafka_ca=authority.certificate,
        kafka_certificate=unknown.certificate,
        kafka_key=unknown.key,
    )
    assert "RASD_KAFKA_CERTIFICATE" in await refusal(foreign)
    plain = await refusal(settings_of("PLAINTEXT", secured_kafka.sasl_ssl))
    assert "RASD_KAFKA_SECURITY_PROTOCOL" in plain


async def test_a_broker_with_a_certificate_for_another_place_is_not_trusted(
    secured_kafka: Listeners, authority: Authority
) -> None:
    settings = sasl(secured_kafka, authority).model_copy(
        update={"kafka_bootstrap": f"localhost:{secured_kafka.sasl_ssl}"}
    )
    assert "localhost" in await refusal(settings)


async def test_elasticsearch_refuses_whoever_has_no_key_and_we_refuse_a_stranger(
    secured_elasticsearch: SecuredElasticsearch, authority: Authority, stranger: Authority
) -> None:
    url = HttpUrl(secured_elasticsearch.url)

    async def ask(**fields: Any) -> None:
        settings = Settings(_env_file=None, elasticsearch_url=url, **fields)
        client = make_client(settings)
        try:
            with translate_errors(settings):
                await client.cluster.health()
        finally:
            await client.close()

    await ask(elasticsearch_ca=authority.certificate, elasticsearch_api_key=SecretStr(secured_elasticsearch.api_key))
    with pytest.raises(OperatorError) as refused:
        await ask(elasticsearch_ca=authority.certificate)
    assert "RASD_ELASTICSEARCH_API_KEY" in (refused.value.hint or "")
    with pytest.raises(OperatorError) as distrusted:
        await ask(elasticsearch_ca=stranger.certificate, elasticsearch_api_key=SecretStr("unused"))
    assert "RASD_ELASTICSEARCH_CA" in (distrusted.value.hint or "")


def test_the_whole_pipeline_over_secured_servers(
    secured_kafka: Listeners, secured_elasticsearch: SecuredElasticsearch, authority: Authority, tmp_path: Path
) -> None:
    """Run commands, worker, changelog, API and live feed with the rights that docs/guides/production.md asks for."""
    key = tmp_path / "api-key"
    key.write_text(secured_elasticsearch.api_key)
    settings = sasl(
        secured_kafka,
        authority,
        topic_prefix="whole.",
        app_id="whole",
        state_dir=tmp_path / "state",
        session_timeout=6.0,
        elasticsearch_url=HttpUrl(secured_elasticsearch.url),
        elasticsearch_ca=authority.certificate,
        elasticsearch_api_key_file=key,
        index_refresh="200ms",
    )
    file = write_lines(tmp_path / "articles.jsonl", records(20))
    logs = tmp_path / "worker.log", tmp_path / "api.log"
    port = free_port()
    with worker(settings, logs[0]) as running:
        api = start(settings, logs[1], "serve", "--port", str(port), port=port)
        try:
            wait_until(api.ready, 60, api.tail)
            sent = rasd("ingest", str(file), settings=settings)
            assert sent.returncode == 0, sent.stderr

            def found() -> bool:
                answer = httpx.get(f"{api.url}/search", params={"q": "الميناء", "fold": False}, timeout=30)
                return answer.status_code == 200 and answer.json()["total"] == 20

            wait_until(lambda: 'rasd_articles_total{outcome="ok",stage="index"} 20.0' in running.metrics(), 90)
            wait_until(found, 30, api.tail)
            posted = httpx.post(f"{api.url}/articles", json=records(21)[-1], timeout=30)
            assert posted.status_code in {200, 201, 202}, posted.text
            wait_until(
                lambda: 'rasd_articles_total{outcome="ok",stage="index"} 21.0' in running.metrics(), 60, running.tail
            )
            listed = rasd("dlq", "list", settings=settings)
            assert listed.returncode == 0, listed.stderr
            searched = rasd("search", "الميناء", settings=settings)
            assert searched.returncode == 0, searched.stderr
        finally:
            api.stop()
        assert running.stop() == 0
    text = "".join(log.read_text() for log in logs)
    assert PASSWORD not in text
    assert secured_elasticsearch.api_key not in text
