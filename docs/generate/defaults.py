"""The settings that pages are made with."""

from __future__ import annotations

from streams.settings import Settings

# Without validation and so without the environment and .env of whoever runs this: every setting has its default.
DEFAULTS = Settings.model_construct()
