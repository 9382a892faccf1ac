"""API keys: who may hand articles in and take exports out.

A key is 32 random bytes, so one round of SHA-256 protects it: there is no weak password to guess, and a slow hash would
only let strangers keep the server busy. The server knows hashes alone; a key is shown once, when it is made.
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
_HOW = "an entry is name:scopes:hash, as rasd api-key new prints it"


class Scope(StrEnum):
    """What a key opens."""

    INTAKE = "intake"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Key:
    """What the server knows of a key."""

    name: str
    scopes: frozenset[Scope]
    digest: str

    def entry(self) -> str:
        """The form in settings and files."""
        return f"{self.name}:{'+'.join(sorted(self.scopes))}:{self.digest}"


def digest(secret: str) -> str:
    """SHA-256 of a key, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_key(name: str, scopes: Iterable[Scope]) -> tuple[str, Key]:
    """A new key: the secret for its holder, and what the server is told.

    Raises:
        OperatorError: the name holds other characters than letters, digits, `_`, `.`, `-`, or there is no scope.
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
    """All keys of the settings and of the file that they name.

    Raises:
        OperatorError: an entry is none, two have one name, or the file cannot be read. No message repeats an entry: it
            may be a key that was put where its hash belongs.
    """
    found = [_read(entry, f"RASD_API_KEYS, entry {number}") for number, entry in enumerate(settings.api_keys, 1)]
    if settings.api_keys_file is not None:
        found += read_file(settings.api_keys_file)
    names = [key.name for key in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise OperatorError(f"two API keys are called {twice[0]}", hint="rename or remove one of them", status=2)
    return tuple(found)


def read_file(path: Path) -> list[Key]:
    """The keys of a file: one entry a line, blank lines and lines with # left out. Raises as `read_keys`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise OperatorError(
            f"cannot read the API keys in {path}: {reason}", hint="RASD_API_KEYS_FILE", status=2
        ) from error
    entries = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    return [_read(line, f"{path}, line {number}") for number, line in entries if line and not line.startswith("#")]


def _read(entry: str, where: str) -> Key:
    match = _ENTRY.fullmatch(entry)
    scopes = match["scopes"].split("+") if match else []
    if match is None or not set(scopes) <= set(Scope):
        found = "holds a key itself instead of its hash" if PREFIX in entry else "is no API key entry"
        raise OperatorError(f"{where} {found}", hint=_HOW, status=2)
    return Key(match["name"], frozenset(map(Scope, scopes)), match["digest"])


def holder(keys: Sequence[Key], secret: str) -> Key | None:
    """Whose key this is. Every key is compared, each in constant time, so the time tells nothing of them."""
    presented = digest(secret)
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, presented):
            found = key
    return found


def check_exposed(host: str, keys: Sequence[Key], settings: Settings) -> None:
    """Refuse to listen where strangers can reach the API without a key.

    Raises:
        OperatorError: the address is not loopback, there are no keys, and nobody said that this is wanted.
    """
    if not keys and not settings.api_open and not is_loopback(host):
        raise OperatorError(
            f"listening on {host or 'every address'} needs API keys, and there are none",
            hint="rasd api-key new makes one; RASD_API_OPEN=true if something else keeps strangers away",
            status=2,
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address. A name has to resolve to loopback addresses alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)} if host else set()
    except OSError:
        return False
    return bool(addresses) and all(ipaddress.ip_address(entry).is_loopback for entry in addresses)
