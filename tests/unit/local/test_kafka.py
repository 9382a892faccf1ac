"""Kafka's configuration and its readiness, without Kafka."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local import kafka
from deploy.local.jdk import Jdk
from deploy.local.service import Program, ServerFolders, Site
from tests.unit.local.answering import answering

MIB = 1024 * 1024


def site(folder: Path) -> Site:
    return Site(
        layout=ServerFolders(folder),
        port=29092,
        heap="1g",
        java_options=["-XX:TieredStopAtLevel=1"],
        max_message_bytes=128 * MIB,
        version="4.1.1",
        jdk=Jdk(Path("/jdk"), 25),
        program=Program(Path("/cache"), (Path("/cache/a.jar"), Path("/cache/b.jar"))),
        user=None,
    )


def test_a_largest_record_passes_every_limit(tmp_path: Path) -> None:
    values = kafka.properties(site(tmp_path), 40000)

    record = int(values["message.max.bytes"])
    assert record > 128 * MIB
    assert int(values["replica.fetch.max.bytes"]) >= record
    assert int(values["socket.request.max.bytes"]) > record


def test_only_the_loopback_interface_listens(tmp_path: Path) -> None:
    values = kafka.properties(site(tmp_path), 40000)

    addresses = [part.rpartition("://")[2] for part in values["listeners"].split(",")]
    assert addresses == ["127.0.0.1:29092", "127.0.0.1:40000"]
    assert values["advertised.listeners"] == "PLAINTEXT://127.0.0.1:29092"
    assert values["auto.create.topics.enable"] == "false"


def test_a_formatted_data_folder_is_left_alone(tmp_path: Path) -> None:
    layout = ServerFolders(tmp_path / "مجلد")
    for part in layout.parts:
        part.mkdir(parents=True)
    (layout.data / "meta.properties").write_text("version=1\n", encoding="utf-8")

    launch = kafka.Kafka().prepare(site(layout.folder))

    written = (layout.config / "server.properties").read_bytes()
    assert "log.dirs=" + kafka.escaped(str(layout.data)) in written.decode("ascii").splitlines()
    assert f"-Drasd.service={layout.folder}" in launch.command
    assert "/cache/a.jar:/cache/b.jar" in launch.command
    assert "-XX:TieredStopAtLevel=1" in launch.command


def as_java_reads(text: str) -> str:
    """What java.util.Properties makes of an escaped value."""
    units = text.encode("ascii").decode("unicode_escape")
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_values_are_read_back(value: str) -> None:
    assert as_java_reads(kafka.escaped(value)) == value


def response(brokers: int, correlation: int = 1) -> bytes:
    """The start of a metadata response, with its length in front."""
    broker = struct.pack(">ih", 1, 9) + b"127.0.0.1" + struct.pack(">ih", 29092, -1)
    body = struct.pack(">ii", correlation, brokers) + broker * brokers + struct.pack(">ii", 1, 0)
    return struct.pack(">i", len(body)) + body


def test_it_is_ready_when_a_broker_is_registered() -> None:
    with answering(response(1)) as port:
        assert kafka.Kafka().trouble(port) is None


def test_it_is_not_ready_without_a_broker() -> None:
    with answering(response(0)) as port:
        assert kafka.Kafka().trouble(port) == "it does not serve clients yet"


@pytest.mark.parametrize(
    "answer",
    [b"", response(1)[:10], response(1, correlation=7), b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">i", 0)],
    ids=["closed", "cut off", "another request's", "a web server", "empty"],
)
def test_anything_else_is_no_answer(answer: bytes) -> None:
    with answering(answer) as port:
        trouble = kafka.Kafka().trouble(port)

    assert trouble is not None
    assert f"no answer on port {port}" in trouble


def test_nobody_there() -> None:
    assert "refused" in (kafka.Kafka().trouble(1) or "")
