"""Cases of the fault suite with few articles, and the parts that the suite is made of. `make faults` runs all cases."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.__main__ import run_case
from tests.faults.cases import load_cases
from tests.faults.trial import Account, judge
from tests.support.bad_line import BadLine
from tests.support.processes import wait_until

ARTICLES = 200
SHORT = ("poison",)


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.timeout(900)
def test_case(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    servers = request.getfixturevalue("stack").settings
    account = run_case(load_cases()[name], servers, ARTICLES, tmp_path / name)
    assert account.problems == []
    assert account.sent == account.indexed + account.dead_letters > ARTICLES


@pytest.mark.parametrize(
    ("index", "letters", "other", "problem"),
    [
        (["a"], ["bad"], [], "1 lost: ['b']"),
        (["a", "b", "b"], ["bad"], [], "1 twice: ['b']"),
        (["a", "b"], ["b", "bad"], [], "1 twice: ['b']"),
        (["a"], ["b", "bad"], [], "1 dead-lettered though they are good: ['b']"),
        (["a", "b", "bad"], [], [], "1 indexed though they must be refused: ['bad']"),
        (["a", "b"], ["bad"], ["a"], "1 in another cluster: ['a']"),
        (["a", "b", "x"], ["bad"], [], "1 unknown: ['x']"),
    ],
)
def test_what_is_wrong_is_found(index: list[str], letters: list[str], other: list[str], problem: str) -> None:
    account = Account("case", "fault")
    judge(account, {"a", "b", "bad"}, Counter(index), Counter(letters), set(other), refused={"bad"})
    assert problem in account.problems
    assert not account.passed


def test_a_dead_letter_that_is_repeated_or_expected_is_not_wrong() -> None:
    account = Account("case", "fault")
    judge(account, {"a", "bad"}, Counter("a"), Counter(["bad", "bad"]), set(), refused={"bad"})
    assert account.passed
    assert (account.sent, account.indexed, account.dead_letters, account.repeated_letters) == (2, 1, 1, 1)


@pytest.fixture
def echo() -> int:
    """Port of a server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(1000):
                connection.sendall(data)

    def serve() -> None:
        while True:
            threading.Thread(target=answer, args=[server.accept()[0]], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def connect(line: BadLine) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), 5)


def test_a_line_that_is_cut_resets_its_connections_and_refuses_new_ones_until_it_is_mended(echo: int) -> None:
    with BadLine(echo) as line:
        before = connect(line)
        before.sendall(b"one")
        assert before.recv(10) == b"one"
        line.cut()
        with pytest.raises(OSError):
            before.recv(10)
        with pytest.raises(OSError):
            connect(line)
        line.mend()
        after = connect(line)
        after.sendall(b"two")
        assert after.recv(10) == b"two"


def test_a_half_open_line_passes_nothing_and_closes_nothing(echo: int) -> None:
    with BadLine(echo) as line:
        connection = connect(line)
        connection.sendall(b"one")
        assert connection.recv(10) == b"one"
        line.set(frozen=True)
        connection.sendall(b"two")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        line.mend()
        wait_until(lambda: line.now.up, 5)
        again = connect(line)
        again.sendall(b"three")
        assert again.recv(10) == b"three"


def test_a_line_breaks_answers_off(echo: int) -> None:
    with BadLine(echo) as line:
        line.set(answer_bytes=4)
        connection = connect(line)
        connection.sendall(b"one, two")
        found = b""
        with pytest.raises(OSError):
            while data := connection.recv(10):
                found += data
            raise ConnectionResetError
        assert found in {b"", b"one,"}
