"""What `make growth` calls too much; and each kind of page is cleaned or refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fuzz import growth
from tests.fuzz.growth import KINDS, Cost

SIZE = 8_000


def faults(monkeypatch: pytest.MonkeyPatch, power: int, memory: int = 300) -> list[str]:
    def measure(_kind: str, sizes: Sequence[int]) -> list[Cost]:
        return [Cost(2.0 * (size / SIZE) ** power, memory, "articles") for size in sizes]

    monkeypatch.setattr(growth, "measure", measure)
    return growth.faults("text: spaces", SIZE)[0]


def test_linear_time_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, 1) == []


def test_quadratic_time_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, 2) == ["0.50 s, and 2.00 s for twice the page"]


def test_too_much_memory_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, 1, memory=900) == ["900 MiB"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_cleaned_or_refused(kind: str) -> None:
    assert len(growth.page(kind, SIZE).encode()) >= SIZE
    (cost,) = growth.clean(kind, [SIZE])
    assert cost.end in {"articles", "no_article", "empty_body", "too_large"}
