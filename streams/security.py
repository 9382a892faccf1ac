"""Credentials for Kafka and Elasticsearch: TLS, SASL, API key. No other module reads certificates and secrets.

A secret is the value of a setting, or the content of a file that a setting (`..._FILE`) names, as Kubernetes and Docker
mount secrets. The file is read each time a client is created, so a changed secret takes effect after a restart.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from streams.errors import OperatorError
from streams.settings import Settings


def kafka_password(settings: Settings) -> str | None:
    """Return the password of `kafka_user`, or None without SASL.

    Raises:
        OperatorError: the file with the password cannot be read.
    """
    return read_secret(settings.kafka_password, settings.kafka_password_file, "RASD_KAFKA_PASSWORD_FILE")


def kafka_tls(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of Kafka's clients, or None without TLS. Host names are always verified.

    Raises:
        OperatorError: a certificate or key cannot be read.
    """
    if not settings.kafka_security_protocol.endswith("SSL"):
        return None
    context = _tls_context(settings.kafka_ca, "RASD_KAFKA_CA")
    if settings.kafka_certificate is not None:
        try:
            context.load_cert_chain(settings.kafka_certificate, settings.kafka_key)
        except (OSError, ssl.SSLError) as error:
            raise OperatorError(
                f"RASD_KAFKA_CERTIFICATE {settings.kafka_certificate} with its key cannot be used: {_message(error)}",
                hint="both must be unencrypted PEM; the key is in the same file or in RASD_KAFKA_KEY",
            ) from error
    return context


def kafka_options(settings: Settings) -> dict[str, Any]:
    """Return the security options of aiokafka's clients.

    Raises:
        OperatorError: a certificate, key or secret cannot be read.
    """
    options: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol}
    if (tls := kafka_tls(settings)) is not None:
        options["ssl_context"] = tls
    if settings.kafka_security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": kafka_password(settings),
        }
    return options


def elasticsearch_options(settings: Settings) -> dict[str, Any]:
    """Return the security options of Elasticsearch's client.

    Raises:
        OperatorError: the certificate or the API key cannot be read.
    """
    options: dict[str, Any] = {}
    key = read_secret(
        settings.elasticsearch_api_key, settings.elasticsearch_api_key_file, "RASD_ELASTICSEARCH_API_KEY_FILE"
    )
    if key is not None:
        options["api_key"] = key
    if settings.elasticsearch_url.scheme == "https":
        options["ssl_context"] = _tls_context(settings.elasticsearch_ca, "RASD_ELASTICSEARCH_CA")
    return options


def _tls_context(authority: Path | None, setting: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(
            f"{setting} {authority} cannot be used: {_message(error)}", hint="it must be a file of PEM certificates"
        ) from error


def read_secret(value: SecretStr | None, file: Path | None, setting: str) -> str | None:
    """Return a secret that is given as a value or as a file; None if neither is.

    Raises:
        OperatorError: the file cannot be read, or is empty.
    """
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{setting} {file} cannot be read: {_message(error)}") from error
    if not text:
        raise OperatorError(f"{setting} {file} is empty")
    return text


def _message(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
