"""All settings, from the environment (prefix RASD_) or a .env file.

`.env.example` lists them; a test holds it complete.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Settings", "get_settings"]

MIB = 1024 * 1024


def default_state_dir() -> Path:
    """Where a worker keeps its tables: under the user's state folder, never in the working directory."""
    return Path.home() / ".local" / "state" / "rasd"


class Settings(BaseSettings):
    """One flat set of values; every process of Rasd reads the same."""

    model_config = SettingsConfigDict(
        env_prefix="RASD_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Kafka
    kafka_bootstrap: str = Field("127.0.0.1:29092", description="host:port of one or more brokers, comma separated")
    kafka_connect_timeout: float = Field(10.0, gt=0, description="seconds for one attempt to reach a broker")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, as the broker's listener says"
    )
    kafka_ca: Path | None = Field(None, description="PEM file of whom to trust as a broker; the system's when unset")
    kafka_certificate: Path | None = Field(None, description="PEM file of our certificate, if brokers ask for one")
    kafka_key: Path | None = Field(None, description="PEM file of its key, if it is not in the same file")
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_user: str | None = Field(None, description="user name for SASL")
    kafka_password: SecretStr | None = Field(None, description="its password")
    kafka_password_file: Path | None = Field(None, description="or the file that holds it")
    topic_prefix: str = Field("", pattern=r"^[a-zA-Z0-9._-]*$", description="put before every topic's name")
    partitions: int = Field(4, ge=1, le=1000, description="partitions of the topics that workers share")
    replication: int = Field(1, ge=1, description="copies that Kafka keeps of every topic")
    max_message_bytes: int = Field(128 * MIB, ge=MIB, description="largest record in articles.raw and articles.dlq")

    # Workers
    app_id: str = Field("rasd", description="consumer group and prefix of the changelog topics")
    stages: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="stages that this worker runs, comma separated; all of them when empty"
    )
    batch_size: int = Field(64, ge=1, description="records a stage takes at once")
    batch_seconds: float = Field(0.05, gt=0, description="longest wait for a batch to fill, seconds")
    retry_first: float = Field(0.5, gt=0, description="first wait after a passing error, seconds; then doubled")
    retry_most: float = Field(30.0, gt=0, description="longest wait between two tries, seconds")
    state_dir: Path = Field(default_factory=default_state_dir, description="folder of the workers' tables")
    session_timeout: float = Field(20.0, gt=1, description="seconds until Kafka gives a dead worker's partitions away")
    worker_host: str = Field("127.0.0.1", description="address of a worker's /metrics, /livez, /readyz")
    worker_port: int = Field(26066, ge=0, le=65535, description="its port; 0 takes a free one")

    # Cleaning
    max_content_bytes: int = Field(5 * MIB, ge=1, description="largest page; beyond it, a dead letter")
    max_paragraphs: int = Field(2000, ge=1, description="most paragraphs of one article")
    max_articles: int = Field(200, ge=1, description="most articles on one page")
    explain: bool = Field(False, description="keep what cleaning removed, and why, in trace.clean.removed")

    # Near-duplicates
    dedupe_window_hours: float = Field(72.0, gt=0, description="how long an article is remembered, hours")

    # Entities
    entities_backend: str = Field(
        "fast",
        description="the tagger: fast (alias accurate), the bundled model; camel, w"
        "ith camel-tools' model; or one of an installed package",
    )

    # Elasticsearch
    elasticsearch_url: HttpUrl = Field(HttpUrl("http://127.0.0.1:29200"), description="address of the cluster")
    elasticsearch_api_key: SecretStr | None = Field(None, description="its API key, if it asks for one")
    elasticsearch_api_key_file: Path | None = Field(None, description="or the file that holds it")
    elasticsearch_ca: Path | None = Field(
        None, description="PEM file of whom to trust as the cluster, for https; the system's when unset"
    )
    elasticsearch_timeout: float = Field(30.0, gt=0, description="seconds for one request")
    index_prefix: str = Field(
        "rasd", pattern=r"^[a-z0-9][a-z0-9_-]*$", description="first part of index and alias names"
    )
    index_shards: int = Field(1, ge=1, description="primary shards of an index")
    index_replicas: int = Field(0, ge=0, description="copies of each shard")
    index_refresh: str = Field("1s", pattern=r"^(-1|\d+(ms|s|m))$", description="how soon a document can be found")
    rollover_age: str = Field(
        "30d", pattern=r"^[1-9]\d*(d|h|m|s)$", description="a new index begins when the last is older than this,"
    )
    rollover_size: str = Field(
        "30gb", pattern=r"^[1-9]\d*(b|kb|mb|gb|tb)$", description="or one of its shards is larger than this,"
    )
    rollover_documents: int = Field(50_000_000, ge=1, description="or it has more articles than this")
    bulk_documents: int = Field(500, ge=1, description="documents in one bulk request")
    bulk_bytes: int = Field(8 * MIB, ge=1024, description="bytes in one bulk request")
    bulk_in_flight: int = Field(2, ge=1, le=16, description="bulk requests under way at once")
    pipeline_revision: int = Field(
        0, ge=0, le=999, description="raise it to let a re-processed article replace the same article in the index"
    )

    # Query API
    api_host: str = Field("127.0.0.1", description="address of the query API")
    api_port: int = Field(28000, ge=0, le=65535, description="its port")
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="API keys for intake and exports: entries of `rasd api-key new`, comma separated"
    )
    api_keys_file: Path | None = Field(None, description="or a file with one entry a line")
    api_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins whose web pages may read the API (CORS), comma separated; * for all"
    )
    api_open: bool = Field(
        False, description="true: listen beyond loopback without API keys, as something else keeps strangers away"
    )

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe line shown")
    tracing: bool = Field(False, description="send traces; needs the extra tracing, and OTEL_* variables say where")
    log_format: Literal["console", "json"] = Field("console", description="for people, or ECS JSON for machines")

    # The native stack of deploy/local
    local_dir: Path | None = Field(
        None, description="folder of the native Kafka and Elasticsearch; a default when unset"
    )
    local_kafka_port: int = Field(29092, ge=1, le=65535, description="port of the native Kafka")
    local_elasticsearch_port: int = Field(29200, ge=1, le=65535, description="port of the native Elasticsearch")
    local_kafka_heap: str = Field("1g", pattern=r"^\d+[mg]$", description="memory of the native Kafka")
    local_elasticsearch_heap: str = Field("1g", pattern=r"^\d+[mg]$", description="memory of the native Elasticsearch")

    @field_validator("stages", "api_keys", "api_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _security_fits_together(self) -> Self:
        """Refuse what would silently be less safe than it reads."""
        faults = {
            "RASD_KAFKA_USER and RASD_KAFKA_PASSWORD or RASD_KAFKA_PASSWORD_FILE are needed for SASL": (
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
            "RASD_KAFKA_PASSWORD and RASD_KAFKA_PASSWORD_FILE are set: one of them": (
                self.kafka_password is not None and self.kafka_password_file is not None
            ),
            "RASD_ELASTICSEARCH_API_KEY and RASD_ELASTICSEARCH_API_KEY_FILE are set: one of them": (
                self.elasticsearch_api_key is not None and self.elasticsearch_api_key_file is not None
            ),
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
    """The settings of this process, read once."""
    return Settings()
