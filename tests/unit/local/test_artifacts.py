"""The pinned files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deploy.local.artifacts import PINS, load_product, sha256_of


@pytest.mark.parametrize("name", ["kafka", "elasticsearch"])
def test_every_file_is_pinned(name: str) -> None:
    product = load_product(name)

    assert len({pin.coordinate for pin in product.files}) == len(product.files)
    for pin in product.files:
        assert all(pin.parts)
        assert pin.size > 0
        assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256)


@pytest.mark.parametrize("name", ["kafka", "elasticsearch"])
def test_the_pins_were_rebuilt_after_the_last_change_of_a_version(name: str) -> None:
    entry = json.loads(PINS.read_text(encoding="utf-8"))[name]
    product = load_product(name)

    assert set(entry["roots"]) <= {pin.coordinate for pin in product.files}
    assert entry["roots"][0].split(":")[2] == product.version


def test_kafka_can_log() -> None:
    names = {pin.parts[1] for pin in load_product("kafka").files}

    assert {"kafka_2.13", "kafka-clients", "log4j-core", "log4j-slf4j-impl"} <= names


def test_the_pins_name_no_host() -> None:
    text = PINS.read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"\.(com|org|io)/", text)


def test_sha256_is_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")

    assert sha256_of(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
