"""The settings of this package. They are its own: Rasd does not know them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SampleSettings(BaseSettings):
    """Read from the environment with a prefix of their own, or from the same .env file."""

    model_config = SettingsConfigDict(env_prefix="RASD_SAMPLE_", env_file=".env", extra="ignore", frozen=True)

    words_a_minute: int = Field(180, ge=1, description="reading speed")
    folder: Path = Field(Path("sample-output"), description="where the tap and the notifier write")
