"""The Elasticsearch client, the translation of its errors, and detection of what the server supports.

The native stack's distribution answers neither `GET /` nor `HEAD /`, so readiness is read from the cluster's health.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from elastic_transport import ConnectionError as TransportConnectionError
from elastic_transport import ConnectionTimeout, SniffingError, TlsError
from elasticsearch import ApiError, AsyncElasticsearch, AuthenticationException, AuthorizationException
from elasticsearch.serializer import CompatibilityModeJsonSerializer

from streams.errors import OperatorError, Retryable
from streams.security import elasticsearch_options
from streams.settings import Settings

# Worth retrying: too many requests, and what a node, or a proxy before it, answers while it starts or is overloaded.
TRANSIENT_STATUSES = frozenset({408, 429, 502, 503, 504})


class _Json(CompatibilityModeJsonSerializer):
    """Reads answers in a third of the time that the client's own serializer takes."""

    def json_loads(self, data: bytes) -> Any:
        """Decode JSON."""
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return super().json_loads(data)  # which takes half of a surrogate pair, too


def make_client(settings: Settings) -> AsyncElasticsearch:
    """Return a client for the configured cluster; the caller closes it.

    It does not retry: its callers decide whether to wait, to answer 503 or to split a request.

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
        serializers={_Json.mimetype: _Json()},
    )


def bulk_requests(documents: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], most: int) -> Iterator[list[bytes]]:
    """Divide documents into bulk requests, in order.

    Args:
        documents: the action of each (`_index`, `_id` and so on), and the document.
        most: bytes of a request; a larger document gets one of its own.

    Yields:
        The lines of a request, two for each document.
    """
    lines: list[bytes] = []
    size = 0
    for action, document in documents:
        pair = (orjson.dumps({"index": action}), orjson.dumps(document))
        cost = sum(map(len, pair))
        if lines and size + cost > most:
            yield lines
            lines, size = [], 0
        lines += pair
        size += cost
    if lines:
        yield lines


@contextmanager
def translate_errors(settings: Settings) -> Iterator[None]:
    """Translate the client's transport and API errors into Rasd's; let all other exceptions through.

    Raises:
        Retryable: the server is unavailable, starting or overloaded.
        OperatorError: TLS fails or the server refuses our credentials; retrying does not help.
    """
    try:
        yield
    except TlsError as error:
        raise OperatorError(
            f"TLS to Elasticsearch fails: {error.message}",
            hint="check RASD_ELASTICSEARCH_URL and RASD_ELASTICSEARCH_CA",
        ) from error
    except (TransportConnectionError, ConnectionTimeout, SniffingError) as error:
        raise Retryable(f"no Elasticsearch at {shown_address(settings)}: {error.message}") from error
    except (AuthenticationException, AuthorizationException) as error:
        raise OperatorError(
            f"Elasticsearch refuses access: {error_text(error)}", hint="set RASD_ELASTICSEARCH_API_KEY"
        ) from error
    except ApiError as error:
        if error.meta.status in TRANSIENT_STATUSES:
            raise Retryable(f"Elasticsearch answers {error.meta.status}: {error_text(error)}") from error
        raise


def shown_address(settings: Settings) -> str:
    """Return Elasticsearch's URL for messages: without a password that someone put into it."""
    url = urlsplit(str(settings.elasticsearch_url))
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))


def error_text(error: ApiError) -> str:
    """Return the server's error message on one line."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        cause = body["error"]
        # The root cause of a failed search names the field; the outer reason is "all shards failed".
        deepest = (cause.get("root_cause") or [cause])[0]
        return str(deepest.get("reason") or cause.get("type") or "no reason given").replace("\n", " ")
    return str(error.message or body).replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Optional features of the server.

    Attributes:
        lifecycle: index lifecycle management (ILM).
    """

    lifecycle: bool


async def capabilities(client: AsyncElasticsearch, settings: Settings) -> Capabilities:
    """Ask the server which optional features it has.

    Raises:
        Retryable: Elasticsearch is unavailable.
    """
    with translate_errors(settings):
        try:
            await client.perform_request("GET", "/_ilm/status", headers={"accept": "application/json"})
        except ApiError as error:
            # 400 "no handler found for uri": not part of this distribution; 410: not offered on serverless.
            if error.meta.status not in {400, 404, 405, 410}:
                raise
            return Capabilities(lifecycle=False)
    return Capabilities(lifecycle=True)


async def health(client: AsyncElasticsearch, settings: Settings) -> dict[str, Any]:
    """Return the body of the cluster health API.

    Raises:
        Retryable: Elasticsearch is unavailable, or its status is red.
    """
    with translate_errors(settings):
        answer = await client.cluster.health(timeout="1s")
    if answer["status"] == "red":
        raise Retryable("Elasticsearch is red: primary shards are missing")
    return dict(answer)
