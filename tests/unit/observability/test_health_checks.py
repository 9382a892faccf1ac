"""A failed check is one line, and a defect is only taken for one where that is wanted."""

from __future__ import annotations

import pytest

from streams.errors import Retryable
from streams.observability.health_checks import find_fault


async def _check(error: Exception | None) -> None:
    if error is not None:
        raise error


async def test_a_check_that_passes_has_no_fault() -> None:
    assert await find_fault(_check(None)) is None


async def test_a_fault_is_one_line() -> None:
    assert await find_fault(_check(Retryable("no Kafka\nat all"))) == "no Kafka at all"


async def test_a_defect_is_raised_unless_everything_is_a_fault() -> None:
    with pytest.raises(KeyError):
        await find_fault(_check(KeyError("a")))
    assert await find_fault(_check(KeyError("a")), Exception) == "KeyError('a')"
