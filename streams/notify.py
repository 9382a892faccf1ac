"""Send messages to people. Notifiers are found by entry points of the group `rasd.notifiers`.

docs/guides/add-a-notifier.md shows how a package adds its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from streams.errors import OperatorError
from streams.observability.logs import get_logger
from streams.plugins import Group, find

__all__ = ["Notification", "Notifier", "load_notifier"]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notification:
    """One message.

    Attributes:
        id: the same when the message is sent again, so that a receiver can drop the repetition.
        title: one line.
        text: plain text, paragraphs separated by newlines.
        url: where to read more.
    """

    id: str
    title: str
    text: str
    url: str | None = None


@runtime_checkable
class Notifier(Protocol):
    """Delivers messages by one channel. The entry point is an instance: read settings in `send`."""

    async def send(self, notification: Notification, target: str) -> None:
        """Deliver a message; returns when the channel has accepted it. Must not block the event loop.

        Args:
            notification: what to send. It may come again under the same id.
            target: the receiver as the channel names it: an address, a webhook's URL, a room. Not checked by Rasd.

        Raises:
            Retryable: the channel is unavailable; the same message may be sent again.
            OperatorError: the target or our credentials are wrong.
        """
        ...


class LogNotifier:
    """Writes messages to the log."""

    async def send(self, notification: Notification, target: str) -> None:
        """Write one line at level `info`."""
        message = notification
        log.info(message.title, notification=message.id, target=target, text=message.text, url=message.url)


LOG = LogNotifier()


def load_notifier(name: str) -> Notifier:
    """Import a notifier.

    Raises:
        OperatorError: it is unknown, or cannot be imported.
    """
    plugin = find(Group.NOTIFIERS, name)
    notifier = plugin.load()
    if isinstance(notifier, type) or not isinstance(notifier, Notifier):
        raise OperatorError(f"notifier {name} of {plugin.distribution} has no method send")
    return notifier
