"""The last step of the demo: an alert comes to its receiver, which checks and shows it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from standardwebhooks import WebhookVerificationError

from deploy.demo import run
from deploy.demo.receiver import Receiver, open_receiver
from streams.alerts.channels.registry import open_channels
from streams.alerts.message import compose
from streams.alerts.rules import SearchMemory
from streams.alerts.standing_search import StandingSearch
from streams.settings import Settings
from tests.support.alert_records import match

SETTINGS = Settings(_env_file=None)
SENDING = SETTINGS.model_copy(update={"alerts_allow": ("127.0.0.1/32",), "alerts_signing_key": run.SIGNING_KEY})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as receiver:
        yield receiver


def send(standing: StandingSearch, title: str) -> None:
    memory = SearchMemory(standing)
    memory.take(match("a", title=title).model_copy(update={"search": standing.id}))

    async def deliver() -> None:
        async with open_channels(SENDING) as channels:
            for alert in memory.alerts.values():
                await channels.send(compose(alert, standing), standing.targets[0], standing)

    asyncio.run(deliver())


def test_the_request_is_checked_and_shown(receiver: Receiver) -> None:
    standing = run._standing_search(receiver)
    send(standing, "فرقة من تونس تفوز بجائزة [المسرح] المدرسي")
    said = io.StringIO()
    servers: Any = SimpleNamespace(check=lambda: None)
    run._show_alert(SETTINGS, Console(file=said, width=200), servers, receiver, standing)
    assert "فرقة من تونس تفوز بجائزة [المسرح] المدرسي" in said.getvalue()
    assert "webhook-signature: v1," in said.getvalue() and "its signature is right" in said.getvalue()


def test_another_signature_is_refused(receiver: Receiver) -> None:
    assert receiver.alert("whsec_AAAA") is None
    send(run._standing_search(receiver), "فرقة من تونس")
    with pytest.raises(WebhookVerificationError):
        receiver.alert("whsec_AAAA")
