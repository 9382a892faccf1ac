"""All settings, from environment variables (prefix RASD_) or a .env file.

`.env.example` and docs/reference/settings.md list them.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Settings", "get_settings"]

MIB = 1024 * 1024


def default_state_dir() -> Path:
    """Return the default folder of the workers' tables, which does not depend on the working directory."""
    return Path.home() / ".local" / "state" / "rasd"


class Settings(BaseSettings):
    """The settings of every process of Rasd.

    Raises:
        pydantic.ValidationError: a value is invalid, or contradicts another one.
    """

    model_config = SettingsConfigDict(
        env_prefix="RASD_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Kafka
    kafka_bootstrap: str = Field(
        "127.0.0.1:29092", description="addresses of one or more Kafka brokers as host:port, comma separated"
    )
    kafka_connect_timeout: float = Field(
        10.0, gt=0, description="timeout of one attempt to connect to a broker, in seconds"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="protocol of the broker's listener: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_ca: Path | None = Field(
        None, description="PEM file of the authorities that certify brokers; the system's when unset"
    )
    kafka_certificate: Path | None = Field(
        None, description="PEM file of the client certificate, if brokers require one"
    )
    kafka_key: Path | None = Field(
        None, description="PEM file of the client certificate's key, if it is not in the same file"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_user: str | None = Field(None, description="user name for SASL")
    kafka_password: SecretStr | None = Field(None, description="password for SASL")
    kafka_password_file: Path | None = Field(
        None, description="file that holds the password for SASL, instead of RASD_KAFKA_PASSWORD"
    )
    topic_prefix: str = Field("", pattern=r"^[a-zA-Z0-9._-]*$", description="prefix of every topic's name")
    partitions: int = Field(4, ge=1, le=1000, description="number of partitions of the topics that workers share")
    replication: int = Field(1, ge=1, description="number of copies that Kafka keeps of every topic")
    max_message_bytes: int = Field(
        128 * MIB, ge=MIB, description="size limit of a record in articles.raw and articles.dlq, in bytes"
    )

    # Workers
    app_id: str = Field("rasd", description="consumer group of the workers, and prefix of their changelog topics")
    stages: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="stages that this worker runs, comma separated; all of them when empty"
    )
    batch_size: int = Field(64, ge=1, description="maximum number of records that a map stage takes at once")
    record_seconds: float = Field(
        30.0, gt=0, description="longest time that a stage may take for one record, in seconds; then a dead letter"
    )
    record_memory: int = Field(
        1024 * MIB,
        ge=MIB,
        description="memory that map stages may take for their records, in bytes; a record beyond it is a dead letter",
    )
    batch_seconds: float = Field(0.05, gt=0, description="longest wait for a batch to fill, in seconds")
    retry_first: float = Field(
        0.5,
        gt=0,
        description="wait before the first retry after a transient error, in seconds; doubled for each further one",
    )
    retry_most: float = Field(30.0, gt=0, description="longest wait between two retries, in seconds")
    state_dir: Path = Field(default_factory=default_state_dir, description="folder of the workers' tables")
    session_timeout: float = Field(
        20.0,
        ge=6,
        description="silence after which Kafka reassigns a worker's partitions, in seconds; brokers refuse less than 6 "
        "by default",
    )
    worker_host: str = Field(
        "127.0.0.1",
        description="address on which a worker serves /metrics, /livez and /readyz, or `unix:` and a path",
    )
    worker_port: int = Field(
        26066,
        ge=0,
        le=65535,
        description="port on which a worker serves /metrics, /livez and /readyz; 0 picks a free one",
    )

    # Watched sources
    watch_contact: str | None = Field(
        None, description="address or e-mail address that publishers find in the User-Agent of `rasd watch`"
    )
    watch_interval: float = Field(
        30.0,
        ge=1,
        description="shortest time between two visits to a source, in seconds, unless the source has its own",
    )
    watch_interval_most: float = Field(
        3600.0, ge=1, description="longest time between two visits to a source that answers, in seconds"
    )
    watch_host_delay: float = Field(1.0, ge=0, description="pause between two requests to one host, in seconds")
    watch_requests: int = Field(256, ge=1, le=1000, description="maximum number of requests at once, to all hosts")
    watch_timeout: float = Field(30.0, gt=0, description="timeout of one request to a source, in seconds")
    watch_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="networks that may be requested although they are not public, such as 10.1.0.0/16, comma separated",
    )
    watch_proxy: str | None = Field(None, description="HTTP proxy for all requests to sources")
    watch_callback: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="public address under which WebSub hubs reach `rasd watch`; without it feeds are polled",
    )
    watch_callback_secret: SecretStr | None = Field(
        None, min_length=16, description="secret from which those of subscriptions are derived; with a callback"
    )
    watch_host: str = Field(
        "127.0.0.1", description="address on which `rasd watch` serves /metrics, /livez and /readyz"
    )
    watch_port: int = Field(
        26067,
        ge=0,
        le=65535,
        description="port on which `rasd watch` serves /metrics, /livez and /readyz; 0 picks a free one",
    )

    # Standing searches
    alerts_url: HttpUrl | None = Field(
        None,
        description="URL under which readers reach the query API, for links in alerts: to the story, to unsubscribe",
    )
    alerts_signing_key: SecretStr | None = Field(
        None,
        description="secret of at least 16 characters from which the keys follow that sign webhooks and links to "
        "unsubscribe; the same for `rasd deliver` and `rasd serve`",
    )
    alerts_signing_key_file: Path | None = Field(
        None, description="file that holds this secret, instead of RASD_ALERTS_SIGNING_KEY"
    )
    alerts_secrets_dir: Path | None = Field(
        None, description="folder of the secrets that targets name: a file for each, called NAME, or OWNER.NAME"
    )
    alerts_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="networks to which webhooks may lead although they are not public, such as 10.1.0.0/16, comma "
        "separated",
    )
    alerts_timeout: float = Field(15.0, gt=0, description="timeout of one attempt to deliver an alert, in seconds")
    alerts_retry_hours: float = Field(
        24.0, gt=0, description="how long the delivery of an alert is tried again before it counts as dead, in hours"
    )
    alerts_host: str = Field(
        "127.0.0.1", description="address on which `rasd deliver` serves /metrics, /livez and /readyz"
    )
    alerts_port: int = Field(
        26068,
        ge=0,
        le=65535,
        description="port on which `rasd deliver` serves /metrics, /livez and /readyz; 0 picks a free one",
    )
    smtp_host: str | None = Field(None, description="mail server that takes alerts by e-mail")
    smtp_port: int = Field(587, ge=1, le=65535, description="port of the mail server")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="encryption of the connection to the mail server: starttls, tls or none"
    )
    smtp_user: str | None = Field(None, description="user name at the mail server, if it requires one")
    smtp_password: SecretStr | None = Field(None, description="password at the mail server")
    smtp_password_file: Path | None = Field(
        None, description="file that holds the password at the mail server, instead of RASD_SMTP_PASSWORD"
    )
    smtp_from: str | None = Field(None, description="sender of alerts by e-mail, such as Rasd <alerts@example.com>")

    # Cleaning
    max_content_bytes: int = Field(
        5 * MIB, ge=1, description="size limit of a page, in bytes; a larger page becomes a dead letter"
    )
    max_paragraphs: int = Field(
        2000, ge=1, description="maximum number of paragraphs in one article; a page beyond it becomes a dead letter"
    )
    max_articles: int = Field(
        200, ge=1, description="maximum number of articles on one page; a page beyond it becomes a dead letter"
    )
    explain: bool = Field(False, description="keep what cleaning removed, with the reason, in trace.clean.removed")

    # Near-duplicates
    dedupe_window_hours: float = Field(
        72.0, gt=0, description="how long an article is remembered for comparison with later ones, in hours"
    )

    # Entities
    entities_backend: str = Field(
        "fast",
        description="tagger: fast; accurate, slower, which needs the extra accurate; camel, camel-tools' model; or one "
        "of a plugin",
    )
    entities_quotes: bool = Field(
        False,
        description="find quotations and their speakers; switch it on when no worker of version 0.1.0 runs any more, "
        "as they refuse records that have any; rasd enrich always finds them",
    )

    # Elasticsearch
    elasticsearch_url: HttpUrl = Field(HttpUrl("http://127.0.0.1:29200"), description="URL of Elasticsearch")
    elasticsearch_api_key: SecretStr | None = Field(None, description="API key for Elasticsearch, if it requires one")
    elasticsearch_api_key_file: Path | None = Field(
        None, description="file that holds the API key for Elasticsearch, instead of RASD_ELASTICSEARCH_API_KEY"
    )
    elasticsearch_ca: Path | None = Field(
        None, description="PEM file of the authorities that certify Elasticsearch (https); the system's when unset"
    )
    elasticsearch_timeout: float = Field(30.0, gt=0, description="timeout of one request to Elasticsearch, in seconds")
    index_prefix: str = Field(
        "rasd", pattern=r"^[a-z0-9][a-z0-9_-]*$", description="prefix of the names of indices and aliases"
    )
    index_shards: int = Field(1, ge=1, description="number of primary shards of an index")
    index_replicas: int = Field(0, ge=0, description="number of copies of each primary shard")
    index_refresh: str = Field(
        "1s",
        pattern=r"^(-1|\d+(ms|s|m))$",
        description="refresh interval of the index, after which a new document can be found",
    )
    rollover_age: str = Field(
        "30d", pattern=r"^[1-9]\d*(d|h|m|s)$", description="age of the current index beyond which a new one is started"
    )
    rollover_size: str = Field(
        "30gb",
        pattern=r"^[1-9]\d*(b|kb|mb|gb|tb)$",
        description="size of the current index's largest primary shard beyond which a new index is started",
    )
    rollover_documents: int = Field(
        50_000_000, ge=1, description="number of articles in the current index beyond which a new one is started"
    )
    bulk_documents: int = Field(500, ge=1, description="maximum number of documents in one bulk request")
    bulk_bytes: int = Field(8 * MIB, ge=1024, description="size limit of a bulk request of several documents, in bytes")
    bulk_in_flight: int = Field(2, ge=1, le=16, description="maximum number of bulk requests in flight at once")
    pipeline_revision: int = Field(
        0,
        ge=0,
        le=999,
        description="revision of the pipeline; a higher one lets re-processed articles replace those in the index",
    )

    # Query API
    api_host: str = Field("127.0.0.1", description="address on which the query API listens")
    api_port: int = Field(28000, ge=0, le=65535, description="port on which the query API listens")
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="API keys for submitting and exporting articles, as printed by `rasd api-key new`, comma separated",
    )
    api_keys_file: Path | None = Field(None, description="file with further API keys, one entry a line")
    api_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins whose web pages may read the API (CORS), comma separated; * for all"
    )
    api_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="host names under which clients may call the API (Host header), comma separated; *.example.com for "
        "all below it, * for all. IP addresses and localhost are always allowed. When empty, only those on loopback, "
        "and every name beyond",
    )
    api_trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="addresses or networks of reverse proxies whose X-Forwarded-For names the client, comma separated",
    )
    api_identity_header: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]*$",
        description="header in which the trusted proxies name the user whom they authenticated, such as Remote-User; "
        "it stands for an API key that reads and exports, and for every scope if there are no keys",
    )
    api_rate: int = Field(
        6000, ge=0, description="requests a minute from one address, in bursts of up to as many; 0 for no limit"
    )
    api_key_rate: int = Field(60_000, ge=0, description="the same for requests with one API key")
    api_connections: int = Field(2000, ge=1, description="maximum number of open connections to the API")
    api_connections_per_address: int = Field(
        1000, ge=0, description="maximum number of those from one address but a trusted proxy's; 0 for no limit"
    )
    api_live_readers: int = Field(1000, ge=1, description="maximum number of readers of the live feed")
    api_live_per_client: int = Field(
        500, ge=0, description="maximum number of those from one address or with one API key; 0 for no limit"
    )
    api_open: bool = Field(
        False,
        description="let the API listen beyond loopback without API keys, and let anybody read, where a proxy or a "
        "firewall restricts access",
    )

    # Archive of raw pages
    archive_dir: Path | None = Field(None, description="folder of the WARC files that the tap archive writes")
    archive_file_bytes: int = Field(
        1024 * MIB, ge=1, description="size from which on the tap archive begins another file, in bytes"
    )
    archive_file_seconds: float = Field(
        3600.0, gt=0, description="age from which on the tap archive begins another file, in seconds"
    )

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least severe level of messages that are logged"
    )
    tracing: bool = Field(
        False, description="send OpenTelemetry traces; needs the extra tracing, and is configured by OTEL_* variables"
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="format of log lines: console for people, json for ECS"
    )

    # The native stack of deploy/local
    local_dir: Path | None = Field(
        None, description="folder of the native Kafka and Elasticsearch; a default when unset"
    )
    local_kafka_port: int = Field(29092, ge=1, le=65535, description="port of the native Kafka")
    local_elasticsearch_port: int = Field(29200, ge=1, le=65535, description="port of the native Elasticsearch")
    local_kafka_heap: str = Field("1g", pattern=r"^\d+[mg]$", description="heap size of the native Kafka")
    local_elasticsearch_heap: str = Field(
        "1g", pattern=r"^\d+[mg]$", description="heap size of the native Elasticsearch"
    )
    local_java_options: str = Field(
        "",
        description="more options, parted by blanks, for the Java of both servers: -XX:TieredStopAtLevel=1 halves the "
        "processor time of a start and lowers the throughput",
    )

    # The demo
    demo_web_port: int = Field(28080, ge=0, le=65535, description="port of the demo's invented outlets")

    @field_validator(
        "stages",
        "api_keys",
        "api_origins",
        "api_hosts",
        "api_trusted_proxies",
        "watch_allow",
        "alerts_allow",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _callback_with_secret(self) -> Settings:
        if (self.watch_callback is None) != (self.watch_callback_secret is None):
            raise ValueError("RASD_WATCH_CALLBACK and RASD_WATCH_CALLBACK_SECRET go together")
        return self

    @field_validator("watch_allow", "alerts_allow", "api_trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @model_validator(mode="after")
    def _security_fits_together(self) -> Self:
        """Reject combinations of which one setting would silently be ignored."""
        faults = {
            "SASL requires RASD_KAFKA_USER, and RASD_KAFKA_PASSWORD or RASD_KAFKA_PASSWORD_FILE": (
                self._sasl and not (self.kafka_user and (self.kafka_password or self.kafka_password_file))
            ),
            "RASD_KAFKA_USER is set, so RASD_KAFKA_SECURITY_PROTOCOL must be SASL_SSL or SASL_PLAINTEXT": (
                self.kafka_user is not None and not self._sasl
            ),
            "RASD_KAFKA_CA or RASD_KAFKA_CERTIFICATE is set, so RASD_KAFKA_SECURITY_PROTOCOL must be SSL or SASL_SSL": (
                not self.kafka_security_protocol.endswith("SSL") and bool(self.kafka_ca or self.kafka_certificate)
            ),
            "RASD_KAFKA_KEY needs RASD_KAFKA_CERTIFICATE": self.kafka_key is not None and not self.kafka_certificate,
            "RASD_ELASTICSEARCH_CA is set, so RASD_ELASTICSEARCH_URL must begin with https": (
                self.elasticsearch_ca is not None and self.elasticsearch_url.scheme != "https"
            ),
            "RASD_KAFKA_PASSWORD and RASD_KAFKA_PASSWORD_FILE are both set; set only one": (
                self.kafka_password is not None and self.kafka_password_file is not None
            ),
            "RASD_ELASTICSEARCH_API_KEY and RASD_ELASTICSEARCH_API_KEY_FILE are both set; set only one": (
                self.elasticsearch_api_key is not None and self.elasticsearch_api_key_file is not None
            ),
            "RASD_ALERTS_SIGNING_KEY and RASD_ALERTS_SIGNING_KEY_FILE are both set; set only one": (
                self.alerts_signing_key is not None and self.alerts_signing_key_file is not None
            ),
            "RASD_SMTP_PASSWORD and RASD_SMTP_PASSWORD_FILE are both set; set only one": (
                self.smtp_password is not None and self.smtp_password_file is not None
            ),
            "RASD_SMTP_HOST needs RASD_SMTP_FROM": self.smtp_host is not None and self.smtp_from is None,
        }
        for fault, found in faults.items():
            if found:
                raise ValueError(fault)
        return self

    @property
    def _sasl(self) -> bool:
        return self.kafka_security_protocol.startswith("SASL")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, which are read once.

    Raises:
        pydantic.ValidationError: a value is invalid, or contradicts another one.
    """
    return Settings()
