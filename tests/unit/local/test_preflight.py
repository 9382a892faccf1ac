"""What is said when a server cannot start."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import psutil
import pytest

from deploy.local import preflight as checks
from streams.errors import OperatorError

GIB = 1024**3


def test_a_busy_port_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OperatorError) as caught:
            checks.require_port(port, "Kafka", "RASD_LOCAL_KAFKA_PORT")

    name = psutil.Process().name()
    assert caught.value.message == f"port {port}, which Kafka needs, is in use by {name}, pid {os.getpid()}"
    assert caught.value.hint == f"stop that process, or choose another port: RASD_LOCAL_KAFKA_PORT={port + 1} rasd up"


def test_a_listener_on_all_addresses_is_seen_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener, pytest.raises(OperatorError, match="is in use"):  # noqa: S104
        checks.require_port(listener.getsockname()[1], "Kafka", "RASD_LOCAL_KAFKA_PORT")


def test_a_port_that_was_just_left_is_free() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", port))
    served, _ = listener.accept()
    served.close()  # the side that closes first keeps the port in TIME_WAIT
    client.close()
    listener.close()

    checks.require_port(port, "Kafka", "RASD_LOCAL_KAFKA_PORT")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line(tmp_path: Path, number: int) -> None:
    with pytest.raises(OperatorError, match=f"the disk of {tmp_path} is full"), checks.explained(tmp_path):
        raise OSError(number, os.strerror(number))


def test_space_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    later = tmp_path / "not" / "yet"

    checks.require_space(later, 1)
    with pytest.raises(OperatorError, match=f"the disk of {tmp_path} is full") as caught:
        checks.require_space(later, 1 << 60)
    assert caught.value.hint == f"free some space there: df -h {tmp_path}"


def test_an_unwritable_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no permission to write") as caught, checks.explained(tmp_path):
        raise PermissionError(13, "Permission denied", str(tmp_path / "file"))
    assert "chown" in (caught.value.hint or "")


def test_other_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), checks.explained(tmp_path):
        (tmp_path / "nothing").read_bytes()


@pytest.mark.parametrize(("heap", "expected"), [("512m", GIB // 2), ("1g", GIB), ("16g", 16 * GIB)])
def test_heap_sizes(heap: str, expected: int) -> None:
    assert checks.heap_bytes(heap) == expected


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "available_memory", lambda: 2 * GIB)

    checks.require_memory(["1g", "256m"])
    with pytest.raises(OperatorError, match=r"too little memory: 2\.1 GB free, 2\.7 GB needed") as caught:
        checks.require_memory(["1g", "1g"])
    assert "RASD_LOCAL_ELASTICSEARCH_HEAP=512m" in (caught.value.hint or "")


def test_a_container_may_have_less_than_the_machine(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000000\n", encoding="ascii")
    (tmp_path / "memory.current").write_text("1000000\n", encoding="ascii")
    assert checks.available_memory(tmp_path) == 2000000

    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert checks.available_memory(tmp_path) > 2000000
