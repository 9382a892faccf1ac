"""Secrets of targets. Records name them; their values are in files, and in memory only while a message is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac

from streams.alerts.standing_search import StandingSearch, Target, digest
from streams.errors import OperatorError
from streams.security import read_secret
from streams.settings import Settings

SHORTEST_KEY = 16


def named_secret(settings: Settings, name: str, owner: str) -> str:
    """Return the secret of this name. An API key's owner reaches only files that begin with its name.

    Raises:
        OperatorError: there is none, or it cannot be read.
    """
    folder = settings.alerts_secrets_dir
    if folder is None:
        raise OperatorError(f"the secret {name} needs a folder of secrets", hint="RASD_ALERTS_SECRETS_DIR")
    file = folder / (f"{owner}.{name}" if owner else name)
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not UTF-8 text"
        raise OperatorError(f"secret {file.name}: {reason}", hint="RASD_ALERTS_SECRETS_DIR") from error
    if not text:
        raise OperatorError(f"secret {file.name} is empty", hint="RASD_ALERTS_SECRETS_DIR")
    return text


def signing_key(settings: Settings) -> bytes | None:
    """Return RASD_ALERTS_SIGNING_KEY; None if it is not set.

    Raises:
        OperatorError: its file cannot be read, or it is too short.
    """
    text = read_secret(settings.alerts_signing_key, settings.alerts_signing_key_file, "RASD_ALERTS_SIGNING_KEY_FILE")
    if text is None:
        return None
    if len(text) < SHORTEST_KEY:
        raise OperatorError(f"RASD_ALERTS_SIGNING_KEY has fewer than {SHORTEST_KEY} characters", status=2)
    return text.encode()


def webhook_secret(settings: Settings, search: StandingSearch, target: Target) -> str | None:
    """Return the secret that signs the requests to a webhook, as `whsec_…` (Standard Webhooks).

    It is the named one; else it follows from RASD_ALERTS_SIGNING_KEY and the search. None if there is neither.

    Raises:
        OperatorError: a secret cannot be read.
    """
    if target.secret is not None:
        return named_secret(settings, target.secret, search.owner)
    key = signing_key(settings)
    if key is None:
        return None
    made = hmac.new(key, f"webhook {search.owner} {search.id}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(made).decode()


def unsubscribe_token(settings: Settings, search_id: str, target: Target) -> str | None:
    """Return the token of a link by which a target of a search unsubscribes; None without a signing key."""
    key = signing_key(settings)
    if key is None:
        return None
    name = f"{search_id}.{digest(target.to)}"
    return f"{name}.{_signature(key, name)}"


def read_token(settings: Settings, token: str) -> tuple[str, str] | None:
    """Return the search and the hash of the target that a token is for; None if it was not made here."""
    key = signing_key(settings)
    name, _, signature = token.rpartition(".")
    search_id, parted, target = name.partition(".")
    if key is None or not parted or not hmac.compare_digest(_signature(key, name).encode(), signature.encode()):
        return None
    return search_id, target


def _signature(key: bytes, name: str) -> str:
    return hmac.new(key, f"unsubscribe {name}".encode(), hashlib.sha256).hexdigest()[:32]
