"""API keys, which authorise submitting, exporting and reading articles.

A key is 32 random bytes, so one round of SHA-256 protects it: it cannot be guessed like a password, and a slow hash
would let strangers exhaust the server. The server knows only the hashes; a key is shown once, at its creation.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from streams.errors import OperatorError
from streams.settings import Settings

PREFIX = "rasd_"
_RANDOM_BYTES = 32
_ENTRY = re.compile(r"(?P<name>[\w.-]{1,64}):(?P<scopes>[a-z+]+):(?P<digest>[0-9a-f]{64})")
_SECRET = re.compile(rf"{PREFIX}[\w-]{{43}}", re.ASCII)
# Addresses that work without a key, so whoever has one may read or unsubscribe.
_SECRET_ADDRESS = re.compile(r"(/feeds/)[a-z0-9]{12}\.[\w.-]+|(/alerts/unsubscribe/)[^\s/?#]+", re.ASCII)
_HOW = "an entry has the form name:scopes:hash, as printed by rasd api-key new"


class Scope(StrEnum):
    """Permission of a key: submit articles, export them, keep standing searches, or only read."""

    INTAKE = "intake"
    EXPORT = "export"
    ALERTS = "alerts"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as known to the server: its name, scopes, and the SHA-256 of the secret in hexadecimal."""

    name: str
    scopes: frozenset[Scope]
    digest: str

    def entry(self) -> str:
        """Format the key for RASD_API_KEYS and for key files."""
        return f"{self.name}:{'+'.join(sorted(self.scopes))}:{self.digest}"


def has_key(text: str) -> bool:
    """Return whether something in a text looks like an API key."""
    return _SECRET.search(text) is not None


def redact(text: str) -> str:
    """Replace what looks like an API key, and the tokens in addresses of feeds and of links to unsubscribe."""
    return _SECRET_ADDRESS.sub(r"\1\2…", _SECRET.sub(f"{PREFIX}…", text))


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_key(name: str, scopes: Iterable[Scope]) -> tuple[str, Key]:
    """Generate a key; return the secret for its holder, and the key as the server stores it.

    Raises:
        OperatorError: the name has characters other than letters, digits, `_`, `.`, `-`, or there is no scope.
    """
    secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    key = Key(name, frozenset(scopes), digest(secret))
    if not _ENTRY.fullmatch(key.entry()):
        raise OperatorError(
            "a key needs a name of letters, digits, _ . or - (at most 64) and a scope",
            hint="rasd api-key new --name newsroom --scope export",
            status=2,
        )
    return secret, key


def read_keys(settings: Settings) -> tuple[Key, ...]:
    """Read the keys in RASD_API_KEYS and in RASD_API_KEYS_FILE.

    Raises:
        OperatorError: an entry is malformed, two have the same name, or the file cannot be read. No message repeats an
            entry, as it may be a secret that was put where its hash belongs.
    """
    found = [_read(entry, f"RASD_API_KEYS, entry {number}") for number, entry in enumerate(settings.api_keys, 1)]
    if settings.api_keys_file is not None:
        found += read_file(settings.api_keys_file)
    names = [key.name for key in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise OperatorError(f"two API keys are named {twice[0]}", hint="rename or remove one of them", status=2)
    return tuple(found)


def read_file(path: Path) -> list[Key]:
    """Read the keys in a file: one entry per line; blank lines and # comments are ignored. Raises like `read_keys`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise OperatorError(
            f"cannot read the API keys in {path}: {reason}", hint="RASD_API_KEYS_FILE", status=2
        ) from error
    entries = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    return [_read(line, f"{path}, line {number}") for number, line in entries if line and not line.startswith("#")]


def _read(entry: str, where: str) -> Key:
    match = _ENTRY.fullmatch(entry)
    scopes = match["scopes"].split("+") if match else []
    if match is None or not set(scopes) <= set(Scope):
        found = "is a key itself, not its hash" if PREFIX in entry else "is not an API key entry"
        raise OperatorError(f"{where} {found}", hint=_HOW, status=2)
    return Key(match["name"], frozenset(map(Scope, scopes)), match["digest"])


def holder(keys: Sequence[Key], secret: str) -> Key | None:
    """Return the key with this secret, or None.

    All keys are compared, each in constant time, so that the duration reveals nothing about them.
    """
    presented = digest(secret)
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, presented):
            found = key
    return found


def check_exposed(host: str, keys: Sequence[Key], settings: Settings) -> None:
    """Refuse to listen beyond loopback without API keys, unless RASD_API_OPEN or an identity header allows it.

    Raises:
        OperatorError: the address is not loopback, there are no keys, and neither is set; or the identity header is
            set and no proxy is trusted with it.
    """
    if settings.api_identity_header and not settings.api_trusted_proxies:
        raise OperatorError(
            "RASD_API_IDENTITY_HEADER is believed from trusted proxies only, and there are none",
            hint="set RASD_API_TRUSTED_PROXIES to the proxy's address",
            status=2,
        )
    if not keys and not settings.api_open and not settings.api_identity_header and not is_loopback(host):
        raise OperatorError(
            f"listening on {host or 'all addresses'} requires API keys, and there are none",
            hint="create one with rasd api-key new; set RASD_API_OPEN=true if access is restricted by other means",
            status=2,
        )


def is_loopback(host: str) -> bool:
    """Return whether an address or host name is reachable from this machine only.

    A host name must resolve to loopback addresses alone.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)} if host else set()
    except OSError:
        return False
    return bool(addresses) and all(ipaddress.ip_address(entry).is_loopback for entry in addresses)
