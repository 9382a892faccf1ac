"""What a channel is."""

from __future__ import annotations

from typing import Protocol

from streams.alerts.message import AlertMessage
from streams.alerts.standing_search import StandingSearch, Target


class DeliveryFailed(Exception):
    """A channel did not take a message.

    Attributes:
        detail: why, in one line without secrets.
        wait: the time that the receiver asks us to wait, in seconds, if it does.
        final: whether another attempt is of no use.
    """

    def __init__(self, detail: str, *, wait: float | None = None, final: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.wait = wait
        self.final = final


class Channel(Protocol):
    """Delivers messages to targets of one kind."""

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:
        """Deliver a message; returns when the receiver has accepted it.

        Raises:
            DeliveryFailed: it was not accepted.
        """
        ...
