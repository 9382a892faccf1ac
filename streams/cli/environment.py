"""The settings of this process, imported when a command asks for them.

The modules of this package import pydantic, Kafka's client and the records inside functions: `rasd --help` and every
typing mistake answer in a fraction of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.settings import Settings


def get_settings() -> Settings:
    """Return the settings of this process, see `streams.settings.get_settings`."""
    from streams import settings

    return settings.get_settings()
