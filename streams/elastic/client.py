"""The client of Elasticsearch, its errors in our words, and what the server can do.

The local distribution answers neither `GET /` nor `HEAD /`, so readiness is asked of the cluster's health.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elastic_transport import ConnectionError as TransportConnectionError
from elastic_transport import ConnectionTimeout, SniffingError, TlsError
from elasticsearch import ApiError, AsyncElasticsearch, AuthenticationException, AuthorizationException

from streams.errors import OperatorError, Retryable
from streams.security import elasticsearch_options
from streams.settings import Settings

# Statuses that pass: too many requests, and what a node or a proxy before it answers while it starts or is overloaded.
TRANSIENT_STATUSES = frozenset({408, 429, 502, 503, 504})


def make_client(settings: Settings) -> AsyncElasticsearch:
    """A client for the cluster of the settings; the caller closes it.

    It does not retry by itself: its callers know whether to wait, to answer 503 or to split a request.

    Raises:
        OperatorError: the certificate or the API key cannot be read.
    """
    return AsyncElasticsearch(
        str(settings.elasticsearch_url),
        **elasticsearch_options(settings),
        request_timeout=settings.elasticsearch_timeout,
        max_retries=0,
        retry_on_timeout=False,
        connections_per_node=32,
        http_compress=False,
    )


@contextmanager
def translate_errors(settings: Settings) -> Iterator[None]:
    """Translate what may pass by itself; everything else goes through as it is.

    Raises:
        Retryable: the server is away, starting, or has too much to do.
        OperatorError: the server refuses our credentials or certificate; waiting does not help.
    """
    try:
        yield
    except TlsError as error:
        raise OperatorError(
            f"TLS to Elasticsearch fails: {error.message}",
            hint="check RASD_ELASTICSEARCH_URL and RASD_ELASTICSEARCH_CA",
        ) from error
    except (TransportConnectionError, ConnectionTimeout, SniffingError) as error:
        raise Retryable(f"no Elasticsearch at {settings.elasticsearch_url}: {error.message}") from error
    except (AuthenticationException, AuthorizationException) as error:
        raise OperatorError(
            f"Elasticsearch refuses access: {error_text(error)}", hint="set RASD_ELASTICSEARCH_API_KEY"
        ) from error
    except ApiError as error:
        if error.meta.status in TRANSIENT_STATUSES:
            raise Retryable(f"Elasticsearch answers {error.meta.status}: {error_text(error)}") from error
        raise


def error_text(error: ApiError) -> str:
    """The server's own words, on one line."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        cause = body["error"]
        # The root cause of a failed search names the field; the outer reason is "all shards failed".
        deepest = (cause.get("root_cause") or [cause])[0]
        return str(deepest.get("reason") or cause.get("type") or "no reason given").replace("\n", " ")
    return str(error.message or body).replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this server offers beyond the common ground.

    Attributes:
        lifecycle: index lifecycle management (ILM).
    """

    lifecycle: bool


async def capabilities(client: AsyncElasticsearch, settings: Settings) -> Capabilities:
    """Ask the server what it can do.

    Raises:
        Retryable: it is away.
    """
    with translate_errors(settings):
        try:
            await client.perform_request("GET", "/_ilm/status", headers={"accept": "application/json"})
        except ApiError as error:
            # "no handler found for uri": the module is not part of this distribution; 410: not offered on serverless.
            if error.meta.status not in {400, 404, 405, 410}:
                raise
            return Capabilities(lifecycle=False)
    return Capabilities(lifecycle=True)


async def health(client: AsyncElasticsearch, settings: Settings) -> dict[str, Any]:
    """The cluster's health as it says it.

    Raises:
        Retryable: it is away, or red.
    """
    with translate_errors(settings):
        answer = await client.cluster.health(timeout="1s")
    if answer["status"] == "red":
        raise Retryable("Elasticsearch is red: primary shards are missing")
    return dict(answer)
