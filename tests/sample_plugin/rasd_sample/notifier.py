"""A notifier: messages as files of a folder."""

from __future__ import annotations

from rasd_sample.settings import SampleSettings
from streams.errors import Retryable
from streams.notify import Notification


class Mailbox:
    """Writes each message into a file that is named after its id, so a repetition changes nothing."""

    async def send(self, notification: Notification, target: str) -> None:
        """Write the message into the target's folder.

        Raises:
            Retryable: the folder cannot be written to.
        """
        folder = SampleSettings().folder / target
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = f"{notification.title}\n\n{notification.text}\n"
            (folder / f"{notification.id}.txt").write_text(text, encoding="utf-8")
        except OSError as error:
            raise Retryable(f"{folder}: {error}") from error


MAILBOX = Mailbox()
