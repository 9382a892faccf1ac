"""Alerts by Apprise (Slack, Telegram, Matrix, ntfy, Teams, Discord and others) and by notifiers of plugins."""

from __future__ import annotations

import asyncio

from streams.alerts.channels.base import DeliveryFailed
from streams.alerts.message import AlertMessage
from streams.alerts.secret_store import named_secret
from streams.alerts.standing_search import StandingSearch, Target
from streams.errors import OperatorError, Retryable
from streams.installation import install_hint
from streams.notify import Notification, load_notifier
from streams.settings import Settings


class AppriseChannel:
    """Sends messages to the service that an Apprise URL names. The URL is a secret, as it holds tokens."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:
        """Send a message; returns when the service has accepted it.

        Raises:
            DeliveryFailed: it has not, the secret cannot be read, or Apprise is not installed.
        """
        try:
            url = await asyncio.to_thread(named_secret, self._settings, target.address, search.owner)
        except OperatorError as error:
            raise DeliveryFailed(error.message) from error
        await asyncio.to_thread(_notify, url, message, target.address)


def _notify(url: str, message: AlertMessage, name: str) -> None:
    try:
        from apprise import Apprise  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError as error:
        raise DeliveryFailed(f"Apprise is not installed; {install_hint('apprise')}") from error
    service = Apprise()
    if not service.add(url):
        raise DeliveryFailed(f"the secret {name} is not a URL that Apprise knows")
    if not service.notify(title=message.subject, body=message.text):
        raise DeliveryFailed(f"the service of the secret {name} did not accept the message")


class NotifierChannel:
    """Sends messages through the notifiers that packages offer (docs/guides/add-a-notifier.md)."""

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:  # noqa: ARG002
        """Send a message; returns when the notifier has accepted it.

        Raises:
            DeliveryFailed: it has not, or there is no such notifier.
        """
        notification = Notification(message.id, message.subject, message.text, message.url)
        try:
            await load_notifier(target.channel).send(notification, target.address)
        except (Retryable, OperatorError) as error:
            raise DeliveryFailed(str(error)) from error
