"""All channels, by the kind of target."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.alerts.channels.base import Channel
from streams.alerts.channels.mail import MailChannel
from streams.alerts.channels.services import AppriseChannel, NotifierChannel
from streams.alerts.channels.webhook import open_webhooks
from streams.alerts.message import AlertMessage
from streams.alerts.standing_search import APPRISE, MAIL, NAMED_WEBHOOK, WEB, StandingSearch, Target
from streams.settings import Settings


class Channels:
    """Delivers a message by the channel of its target.

    Args:
        channels: by the target's part before the colon.
        other: for all others.
    """

    def __init__(self, channels: dict[str, Channel], other: Channel) -> None:
        self._channels = channels
        self._other = other

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:
        """Deliver a message.

        Raises:
            DeliveryFailed: the receiver did not accept it.
        """
        await self._channels.get(target.channel, self._other).send(message, target, search)


@asynccontextmanager
async def open_channels(settings: Settings) -> AsyncIterator[Channels]:
    """Open all channels."""
    async with open_webhooks(settings) as webhooks:
        named: dict[str, Channel] = dict.fromkeys((*WEB, NAMED_WEBHOOK), webhooks)
        named |= {MAIL: MailChannel(settings), APPRISE: AppriseChannel(settings)}
        yield Channels(named, NotifierChannel())
