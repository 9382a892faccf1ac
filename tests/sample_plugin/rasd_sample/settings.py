"""The settings of this package. Rasd does not know them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SampleSettings(BaseSettings):
    """Settings from the environment, or from `.env`, whose names begin with RASD_SAMPLE_.

    A password would be a field of the type `pydantic.SecretStr`, which is not shown in logs and errors.
    """

    model_config = SettingsConfigDict(env_prefix="RASD_SAMPLE_", env_file=".env", extra="ignore", frozen=True)

    words_a_minute: int = Field(180, ge=1, description="reading speed")
    folder: Path = Field(Path("sample-output"), description="where the tap and the notifier write")
