"""Alerts by e-mail: plain text and HTML, with one-click unsubscription (RFC 8058)."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from streams.alerts.channels.base import DeliveryFailed
from streams.alerts.message import FSI, PDI, AlertMessage
from streams.alerts.standing_search import StandingSearch, Target, digest
from streams.errors import OperatorError
from streams.security import read_secret
from streams.settings import Settings

# Replies (RFC 5321) that no later attempt changes: no such mailbox, no such domain.
_FINAL = frozenset({521, 550, 551, 553, 556})


class MailChannel:
    """Hands messages to the mail server of RASD_SMTP_HOST."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, message: AlertMessage, target: Target, search: StandingSearch) -> None:  # noqa: ARG002
        """Send one mail; returns when the server has taken it.

        Raises:
            DeliveryFailed: it has not; final if the mailbox does not exist.
        """
        mail = compose_mail(message, target, self._settings)
        await asyncio.to_thread(self._send, mail, target.address)

    def _send(self, mail: EmailMessage, receiver: str) -> None:
        settings = self._settings
        if settings.smtp_host is None:
            raise DeliveryFailed("no mail server is set (RASD_SMTP_HOST)")
        tls = ssl.create_default_context()
        try:
            password = read_secret(settings.smtp_password, settings.smtp_password_file, "RASD_SMTP_PASSWORD_FILE")
            if settings.smtp_security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    settings.smtp_host, settings.smtp_port, timeout=settings.alerts_timeout, context=tls
                )
            else:
                server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=settings.alerts_timeout)
            with server:
                if settings.smtp_security == "starttls":
                    server.starttls(context=tls)
                if settings.smtp_user is not None:
                    server.login(settings.smtp_user, password or "")
                server.send_message(mail, to_addrs=[receiver])
        except OperatorError as error:
            raise DeliveryFailed(error.message) from error
        except smtplib.SMTPRecipientsRefused as error:
            ((code, reason),) = error.recipients.values()
            detail = f"the mail server refuses the receiver: {code} {reason.decode('utf-8', 'replace')}"
            raise DeliveryFailed(_one_line(detail), final=code in _FINAL) from error
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryFailed(f"the mail server refuses RASD_SMTP_USER: {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(_one_line(f"mail server: {error or type(error).__name__}")) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def compose_mail(message: AlertMessage, target: Target, settings: Settings) -> EmailMessage:
    """Write the mail of a message. Its Message-ID is the same when it is sent again."""
    mail = EmailMessage(policy=SMTP)
    name, address = parseaddr(settings.smtp_from or "")
    local, _, domain = address.partition("@")
    mail["From"] = Address(name, local, domain)
    mail["To"] = target.address
    # Headers are no place for invisible marks: some servers count them as an attempt to deceive.
    mail["Subject"] = message.subject.replace(FSI, "").replace(PDI, "")
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.id}.{digest(target.to)[:8]}@{domain or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.unsubscribe is not None:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(message.text, charset="utf-8", cte="base64")
    mail.add_alternative(message.html, subtype="html", charset="utf-8", cte="base64")
    return mail
