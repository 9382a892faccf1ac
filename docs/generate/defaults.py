"""The settings that pages are made with."""

from __future__ import annotations

from streams.settings import Settings

# model_construct does not read the environment or .env, so every setting has its default.
DEFAULTS = Settings.model_construct()
