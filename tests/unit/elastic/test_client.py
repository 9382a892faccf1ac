"""Bulk requests within a size."""

import orjson
import pytest

from streams.elastic.client import bulk_requests

DOCUMENTS = [({"_id": str(number)}, {"text": "س" * length}) for number, length in enumerate((10, 10, 200, 10))]
PAIRS = [[orjson.dumps({"index": action}), orjson.dumps(document)] for action, document in DOCUMENTS]
SIZES = [sum(map(len, pair)) for pair in PAIRS]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (sum(SIZES), [[0, 1, 2, 3]]),
        (sum(SIZES) - 1, [[0, 1, 2], [3]]),
        (SIZES[0] + SIZES[1], [[0, 1], [2], [3]]),  # the third is larger than a request may be
        (1, [[0], [1], [2], [3]]),
    ],
)
def test_documents_are_divided_in_order_within_the_size(most: int, expected: list[list[int]]) -> None:
    assert list(bulk_requests(DOCUMENTS, most)) == [[line for at in each for line in PAIRS[at]] for each in expected]


def test_no_documents_are_no_request() -> None:
    assert list(bulk_requests([], 100)) == []
