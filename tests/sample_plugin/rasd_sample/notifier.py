"""A notifier: messages as files in a folder for each receiver."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from rasd_sample.settings import SampleSettings
from streams.errors import OperatorError, Retryable
from streams.notify import Notification


class Mailbox:
    """Writes each message to a file named after its id, so that sending it again changes nothing."""

    async def send(self, notification: Notification, target: str) -> None:
        """Write a message to the folder of a receiver.

        Raises:
            Retryable: the folder cannot be written to now.
            OperatorError: the receiver is not a plain name.
        """
        if re.fullmatch(r"[\w-]+", target) is None:
            raise OperatorError(f"{target!r} is not a plain name", hint="for example desk", status=2)
        # The event loop serves others meanwhile, so it must not wait for a disk.
        await asyncio.to_thread(self._write, notification, SampleSettings().folder / target)

    @staticmethod
    def _write(notification: Notification, folder: Path) -> None:
        paragraphs = [notification.title, notification.text, notification.url]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = "\n\n".join(filter(None, paragraphs)) + "\n"
            (folder / f"{notification.id}.txt").write_text(text, encoding="utf-8")
        except OSError as error:
            raise Retryable(f"{folder}: {error}") from error


MAILBOX = Mailbox()
