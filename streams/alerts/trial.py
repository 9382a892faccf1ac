"""Test messages, and sending dead deliveries again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from streams.alerts.channels.base import DeliveryFailed
from streams.alerts.channels.registry import open_channels
from streams.alerts.message import compose
from streams.alerts.records import Alert, Replay
from streams.alerts.standing_search import StandingSearch, digest
from streams.alerts.store import MATCHES, open_writer, partition_of, read_outbox
from streams.errors import OperatorError
from streams.kafka.clients import translate_errors
from streams.settings import Settings


async def send_test(settings: Settings, search: StandingSearch) -> dict[str, str | None]:
    """Send a message to each target of a search, without Kafka.

    Returns:
        For each target why it did not accept the message; None if it did.
    """
    now = datetime.now(UTC)
    alert = Alert(
        id=digest("test", search.id, now.isoformat()),
        search=search.id,
        revision=search.revision,
        owner=search.owner,
        name=search.name,
        kind="test",
        moment=now,
        reason="a test message",
    )
    results: dict[str, str | None] = {}
    base = str(settings.alerts_url).rstrip("/") if settings.alerts_url else None
    async with open_channels(settings) as channels:
        for target in search.targets:
            try:
                await channels.send(compose(alert, search, base), target, search)
            except DeliveryFailed as error:
                results[target.shown] = error.detail
            else:
                results[target.shown] = None
    return results


async def request_replay(settings: Settings, deliveries: Sequence[str] | None, search: str | None = None) -> int:
    """Ask `rasd deliver` to send dead deliveries again.

    Args:
        settings: of the process.
        deliveries: their ids; None for all that are dead.
        search: only deliveries of this standing search; None for all.

    Returns:
        Their number.

    Raises:
        OperatorError: one of them is not dead.
        Retryable: no broker can be reached.
    """
    outbox = await (read_outbox(settings) if search is None else read_outbox(settings, [partition_of(search)]))
    own = [delivery for delivery in outbox.deliveries.values() if search in {None, delivery.search}]
    dead = {delivery.id: delivery for delivery in own if delivery.state == "dead"}
    chosen = list(dead) if deliveries is None else list(deliveries)
    if unknown := [key for key in chosen if key not in dead]:
        raise OperatorError(f"no dead delivery has the id {unknown[0]}", hint="rasd alerts deliveries", status=2)
    async with open_writer(settings) as writer:
        with translate_errors(settings):
            requests = [Replay(search=dead[key].search, delivery=key) for key in chosen]
            await writer.send(MATCHES, ((request.search, request.search, request) for request in requests))
    return len(chosen)
