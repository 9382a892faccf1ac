"""The analysis of names, read from the template. The real server makes the same terms (tests/pipeline/search)."""

from typing import Any

import pytest

from streams.search.analysis import Analyzer, analyzer, name_normalizer


def test_names_keep_their_stop_words() -> None:
    assert [term.text for term in analyzer("ar_name").terms("من وإلى")] == ["من", "والي"]


def test_folded_names() -> None:
    assert name_normalizer()("القاهرةُ") == "القاهره"
    assert name_normalizer()("São Paulo") == "sao paulo"


def test_an_unknown_filter_is_an_error_and_not_ignored() -> None:
    analysis: dict[str, Any] = {
        "char_filter": {},
        "filter": {},
        "analyzer": {"a": {"tokenizer": "standard", "filter": ["phonetic"]}},
    }
    with pytest.raises(ValueError, match="phonetic"):
        Analyzer(analysis, "a")
