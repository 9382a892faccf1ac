"""TLS, SASL and API key: what fits together, where secrets come from, and that they are never shown."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from streams.cli.main import run
from streams.elastic.client import make_client
from streams.errors import OperatorError
from streams.security import elasticsearch_options, kafka_options
from streams.settings import Settings, get_settings
from tests.support.certificates import Authority

SECRET = "s3cret-w0rd"
HTTPS = "https://search.example.com:9200"


def made(**fields: Any) -> Settings:
    return Settings(_env_file=None, **fields)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "SASL requires RASD_KAFKA_USER"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_user": "rasd"}, "RASD_KAFKA_PASSWORD"),
        ({"kafka_user": "rasd", "kafka_password": SECRET}, "RASD_KAFKA_SECURITY_PROTOCOL must be SASL"),
        ({"kafka_user": "rasd", "kafka_password": SECRET, "kafka_security_protocol": "SSL"}, "must be SASL"),
        ({"kafka_ca": "ca.pem"}, "must be SSL or SASL_SSL"),
        ({"kafka_certificate": "me.pem"}, "must be SSL or SASL_SSL"),
        ({"kafka_key": "me.key", "kafka_security_protocol": "SSL"}, "needs RASD_KAFKA_CERTIFICATE"),
        ({"elasticsearch_ca": "ca.pem"}, "must begin with https"),
        ({"elasticsearch_api_key": SECRET, "elasticsearch_api_key_file": "key"}, "are both set"),
        ({"kafka_password": SECRET, "kafka_password_file": "password"}, "are both set"),
    ],
)
def test_what_would_be_less_safe_than_it_reads_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        made(**fields)


def test_a_fault_of_several_settings_is_one_line_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RASD_KAFKA_USER", "rasd")
    monkeypatch.setenv("RASD_KAFKA_PASSWORD", SECRET)
    get_settings.cache_clear()
    try:
        assert run(["dlq", "list"]) == 2
    finally:
        get_settings.cache_clear()
    said = capfd.readouterr().err
    assert "RASD_KAFKA_SECURITY_PROTOCOL" in said
    assert SECRET not in said


def test_secrets_do_not_show_in_the_settings() -> None:
    settings = made(
        kafka_security_protocol="SASL_SSL", kafka_user="rasd", kafka_password=SECRET, elasticsearch_api_key=SECRET
    )
    assert SECRET not in repr(settings) + settings.model_dump_json()


def test_without_settings_nothing_is_asked_for() -> None:
    assert kafka_options(made()) == {"security_protocol": "PLAINTEXT"}
    assert elasticsearch_options(made()) == {}


def test_sasl_over_tls(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    options = kafka_options(
        made(
            kafka_security_protocol="SASL_SSL",
            kafka_ca=authority.certificate,
            kafka_user="rasd",
            kafka_password_file=file,
        )
    )
    context = options.pop("ssl_context")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "rasd",
        "sasl_plain_password": SECRET,
    }


def test_a_certificate_with_its_key_in_one_file_or_two(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue("client")
    both = tmp_path / "both.pem"
    both.write_text(pair.joined())
    common = {"kafka_security_protocol": "SSL", "kafka_ca": authority.certificate}
    kafka_options(made(**common, kafka_certificate=pair.certificate, kafka_key=pair.key))
    kafka_options(made(**common, kafka_certificate=both))
    with pytest.raises(OperatorError, match="RASD_KAFKA_CERTIFICATE"):
        kafka_options(made(**common, kafka_certificate=pair.certificate))


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_an_unusable_secret_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(OperatorError, match=rf"RASD_ELASTICSEARCH_API_KEY_FILE {file}"):
        elasticsearch_options(made(elasticsearch_api_key_file=file))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_unusable_authority_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(OperatorError, match=rf"RASD_KAFKA_CA {file}"):
        kafka_options(made(kafka_security_protocol="SSL", kafka_ca=file))
    with pytest.raises(OperatorError, match=rf"RASD_ELASTICSEARCH_CA {file}"):
        elasticsearch_options(made(elasticsearch_url=HTTPS, elasticsearch_ca=file))


async def test_the_client_of_elasticsearch_sends_the_key(authority: Authority) -> None:
    settings = made(
        elasticsearch_url=HTTPS, elasticsearch_ca=authority.certificate, elasticsearch_api_key=SecretStr(SECRET)
    )
    client = make_client(settings)
    try:
        assert client._headers["authorization"] == f"ApiKey {SECRET}"
        (node,) = client.transport.node_pool.all()
        assert node.config.ssl_context is not None
        assert node.config.ssl_context.verify_mode is ssl.CERT_REQUIRED
    finally:
        await client.close()
