"""Names that begin as typed."""

from __future__ import annotations

import re

import pytest

from streams.search.completion import build_completion, name_pattern, read_completion


@pytest.mark.parametrize(
    ("typed", "name", "found"),
    [
        ("الكس", "زياد الكسواني", True),
        ("زياد الك", "زياد الكسواني", True),
        ("احمد", "أحمد صالح", True),
        ("القاهره", "القاهرة", True),
        ("سواني", "زياد الكسواني", False),
        (".*", "زياد", False),
        ("a|b", "a", False),
        ("ا[", "ا[ب", True),
    ],
)
def test_a_word_of_the_name_begins_as_typed(typed: str, name: str, found: bool) -> None:
    # Lucene's syntax for what the pattern uses is that of Python.
    assert bool(re.fullmatch(name_pattern(typed), name)) is found


def test_names_of_all_kinds_are_ordered_by_frequency() -> None:
    assert set(build_completion("زي", 3)["aggs"]) == {"person", "organisation", "place"}
    answer = {
        "aggregations": {
            "person": {"buckets": [{"key": "زياد", "doc_count": 2}]},
            "organisation": {"buckets": []},
            "place": {"buckets": [{"key": "الزيتون", "doc_count": 5}, {"key": "زيلع", "doc_count": 1}]},
        }
    }
    assert [(one.kind, one.name) for one in read_completion(answer, 2)] == [("place", "الزيتون"), ("person", "زياد")]
