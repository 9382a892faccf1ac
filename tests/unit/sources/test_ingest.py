"""What a source does wrong is not blamed on Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from streams.errors import OperatorError
from streams.sources.base import Item
from streams.sources.ingest import _each


def reading() -> Iterator[Item]:
    yield Item("a:1", b"{}")
    raise ConnectionError("the archive refused")


async def fetching() -> AsyncIterator[Item]:
    yield Item("a:1", b"{}")
    raise ConnectionError("the archive refused")


@pytest.mark.parametrize("source", [reading, fetching])
async def test_a_source_that_fails_is_named_after_its_items_were_taken(source: object) -> None:
    taken = []
    with pytest.raises(OperatorError, match="the source cannot be read any further: the archive refused"):
        async for item in _each(source()):  # type: ignore[operator]
            taken.append(item.location)
    assert taken == ["a:1"]
