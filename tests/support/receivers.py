"""Receivers of alerts: a webhook and a mail server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP


@dataclass
class Hook:
    """A webhook.

    Attributes:
        url: where it listens.
        status: what it answers.
        requests: headers and body of every request that it took with a status of 200 to 299.
        refused: number of the others.
    """

    url: str = ""
    status: int = 204
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refused: int = 0

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The alerts, each once, in the order of their first request."""
        found = {headers["webhook-id"]: json.loads(body)["data"] for headers, body in self.requests}
        return list(found.values())

    @property
    def repeated(self) -> list[str]:
        """Ids of the messages that came more than once."""
        counted = Counter(headers["webhook-id"] for headers, _ in self.requests)
        return [key for key, times in counted.items() if times > 1]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if 200 <= self.status < 300:
            self.requests.append(({name.lower(): value for name, value in request.headers.items()}, body))
        else:
            self.refused += 1
        return web.Response(status=self.status)


@asynccontextmanager
async def open_hook() -> AsyncIterator[Hook]:
    """A webhook that accepts everything, until told otherwise."""
    hook = Hook()
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/hook", hook.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    hook.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield hook
    finally:
        await runner.cleanup()


@dataclass
class MailBox:
    """A mail server's mails."""

    port: int = 0
    reply: str = "250 OK"
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's names)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.reply

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[MailBox]:
    """A mail server that takes every mail."""
    box = MailBox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box, enable_SMTPUTF8=True), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
