"""Ports of the loopback interface."""

from __future__ import annotations

import socket

import pytest

from deploy.local import service

# First port of Linux's default range for outgoing connections.
FIRST_OUTGOING = 32768


def test_a_free_port_can_be_listened_on_and_is_no_clients() -> None:
    port = service.free_port()

    assert port < FIRST_OUTGOING
    socket.create_server((service.HOST, port)).close()


def test_a_taken_port_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    other = service.free_port()
    with socket.create_server((service.HOST, 0)) as listener:
        taken = listener.getsockname()[1]
        monkeypatch.setattr("random.sample", lambda *_: [taken, other])
        assert service.free_port() == other

        monkeypatch.setattr("random.sample", lambda *_: [taken])
        with pytest.raises(OSError, match="no free port"):
            service.free_port()


def test_a_connection_never_comes_from_the_port_it_goes_to(monkeypatch: pytest.MonkeyPatch) -> None:
    port, other = service.free_port(), service.free_port()
    monkeypatch.setattr("random.sample", lambda *_: [port, other])

    assert service.source(port) == (service.HOST, other)
