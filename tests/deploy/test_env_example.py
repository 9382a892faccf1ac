""".env.example lists every setting with its default and meaning, and nothing else."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from streams.settings import Settings, default_state_dir
from tests.deploy.sources import ROOT

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
# Read by docker-compose.yml alone, or, from the containers' environment, by OpenTelemetry.
COMPOSE_ONLY = {
    "ELASTICSEARCH_MEMORY",
    "ELASTICSEARCH_SNAPSHOTS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PROMETHEUS_PORT",
    "GRAFANA_PORT",
}


def entries() -> dict[str, tuple[str, str]]:
    """(description, default) of every variable of the example."""
    pairs = re.findall(r"^# (?P<text>[^\n]+)\n# (?P<name>[A-Z_]+)=(?P<value>[^\n]*)$", EXAMPLE, re.MULTILINE)
    return {name: (text, value) for text, name, value in pairs}


def shown_default(name: str) -> str:
    """The default of a setting as a line of the example shows it."""
    field = Settings.model_fields[name]
    if field.default_factory is default_state_dir:
        return "${HOME}/" + str(default_state_dir().relative_to(Path.home()))
    if field.default is None:
        return ""
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_there_with_its_default_and_description(name: str) -> None:
    wanted = (Settings.model_fields[name].description, shown_default(name))
    assert entries().get(f"RASD_{name.upper()}") == wanted, (
        f"it should say:\n# {wanted[0]}\n# RASD_{name.upper()}={wanted[1]}"
    )


def test_there_is_nothing_else() -> None:
    assert set(entries()) == {f"RASD_{name.upper()}" for name in Settings.model_fields} | COMPOSE_ONLY


def test_a_copy_changes_nothing_until_it_is_edited() -> None:
    assert not dotenv_values(stream=io.StringIO(EXAMPLE))


def test_the_values_shown_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RASD_{name.upper()}", raising=False)
    unset = {f"RASD_{name.upper()}" for name, field in Settings.model_fields.items() if field.default is None}
    lines = [f"{name}={value}" for name, (_, value) in entries().items() if name not in unset]
    edited = tmp_path / ".env"
    edited.write_text("\n".join(lines), encoding="utf-8")
    assert Settings(_env_file=edited) == Settings(_env_file=None)
