"""The analysis chain, read from the template. That Elasticsearch makes the same terms is tested on the real server."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.search.analysis import Analyzer, analyzer, definition, name_normalizer

PAIRS = json.loads((Path(__file__).parents[3] / "benchmarks" / "search" / "pairs.json").read_text(encoding="utf-8"))


def terms(name: str, text: str) -> list[str]:
    return [term.text for term in analyzer(name).terms(text)]


def _meet(pair: list[str]) -> bool:
    first, second = (terms("ar_text", word) for word in pair)
    return bool(first) and first == second


def test_word_families_meet_and_strangers_do_not() -> None:
    """Floors of the reviewed pairs; lower them only on purpose."""
    assert sum(map(_meet, PAIRS["same"])) >= 58
    assert sum(map(_meet, PAIRS["different"])) <= 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("مُحَمَّد", ["محمد"]),
        ("الرِّيـــاض", ["الرياض"]),
        ("إلى الأمام", ["الامام"]),
        ("مسؤول", ["مسءول"]),
        ("١٬٥٠٠ 1,500 12,5", ["1500", "1500", "12,5"]),
        ("عبد الله وعبد الرحمن", ["عبدالله", "وعبدالرحمن"]),
        ("Élysée", ["elysee"]),
        ("کاتب", ["كاتب"]),
        ("صاروخ\u200fيّ", ["صاروخي"]),
    ],
)
def test_exact_terms_differ_in_nothing_that_is_only_spelling(text: str, expected: list[str]) -> None:
    assert terms("ar_exact", text) == expected


def test_stop_words_leave_a_gap_so_that_phrases_keep_their_distance() -> None:
    positions = [(term.text, term.position) for term in analyzer("ar_exact").terms("حرب على الإرهاب")]
    assert positions == [("حرب", 0), ("الارهاب", 2)]


def test_names_keep_their_stop_words() -> None:
    assert terms("ar_name", "من وإلى") == ["من", "والي"]


def test_folded_names() -> None:
    assert name_normalizer()("القاهرةُ") == "القاهره"
    assert name_normalizer()("São Paulo") == "sao paulo"


def test_every_override_is_written_as_the_chain_before_it_leaves_words() -> None:
    """A rule whose word an earlier filter changes would never apply; a stem that is changed again would never meet."""
    analysis = json.loads(json.dumps(definition()))
    rules = analysis["filter"]["ar_irregular"]["rules"]
    for chain in analysis["analyzer"].values():
        chain["filter"] = [name for name in chain["filter"] if name != "ar_irregular"]
    before = Analyzer(analysis, "ar_text")
    sources = [word.strip() for rule in rules for word in rule.partition("=>")[0].split(",")]
    targets = {rule.partition("=>")[2].strip() for rule in rules}
    assert len(sources) == len(set(sources))
    assert not set(sources) & targets
    normal = Analyzer(analysis, "ar_exact")
    for word in sources + sorted(targets):
        assert normal.term(word) in {word, None}, word
    assert before.term("الصواريخ") == "صواريخ"
    assert analyzer("ar_text").term("الصواريخ") == "صاروخ"


def test_an_unknown_filter_is_an_error_and_not_ignored() -> None:
    analysis: dict[str, Any] = {
        "char_filter": {},
        "filter": {},
        "analyzer": {"a": {"tokenizer": "standard", "filter": ["phonetic"]}},
    }
    with pytest.raises(ValueError, match="phonetic"):
        Analyzer(analysis, "a")
