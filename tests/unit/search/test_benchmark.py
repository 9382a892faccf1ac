"""The figures of benchmarks/search."""

import json
from pathlib import Path

import pytest

from benchmarks.search.__main__ import HALVES, read
from benchmarks.search.metrics import MEASURES, figures, paired_bootstrap
from benchmarks.search.pairs import read_sets, wrong


def test_figures_of_ranks_worked_out_by_hand() -> None:
    found = figures([1, 3, None, 20])
    assert found["R@1"] == 0.25
    assert found["R@10"] == 0.5
    assert found["MRR"] == pytest.approx((1 + 1 / 3 + 0 + 1 / 20) / 4)
    assert found["nDCG@10"] == pytest.approx((1 + 0.5 + 0 + 0) / 4)


def test_an_interval_holds_the_difference_and_a_clear_gain_excludes_zero() -> None:
    better, worse = [1, 1, 2, 1, 3] * 40, [2, 1, 4, 2, None] * 40
    for measure in MEASURES.values():
        change, low, high = paired_bootstrap(better, worse, measure)
        assert low <= change <= high
    assert paired_bootstrap(better, worse, MEASURES["MRR"])[1] > 0
    assert paired_bootstrap(worse, worse, MEASURES["MRR"]) == (0, 0, 0)


def test_a_question_set_is_read_and_parted_by_paragraph(tmp_path: Path) -> None:
    paragraphs = [{"context": f"نص {n}", "qas": [{"question": "من؟"}, {"question": "أين؟"}]} for n in (1, 2, 1, 3)]
    file = tmp_path / "set.json"
    file.write_text(json.dumps({"data": [{"title": "عنوان_ما", "paragraphs": paragraphs}]}), encoding="utf-8")
    documents, questions = read(file)
    assert [document["body"] for document in documents] == ["نص 1", "نص 2", "نص 3"]
    assert documents[0]["title"] == "عنوان ما"
    assert [question.answer for question in questions] == [0, 0, 1, 1, 0, 0, 2, 2]
    sizes = {half: len(list(filter(chosen, questions))) for half, chosen in HALVES.items()}
    assert sizes == {"all": 8, "tuned": 6, "held": 2}


@pytest.mark.parametrize("content", ["[]", "{", '{"data": []}', '{"data": [{"paragraphs": [{"context": "x"}]}]}'])
def test_another_file_is_refused_with_what_is_wrong(tmp_path: Path, content: str) -> None:
    file = tmp_path / "set.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"set\.json has"):
        read(file)


def test_pairs_that_must_meet_are_asked_one_way_and_others_both_ways() -> None:
    assert list(wrong("meet", [("السفن", "سفينة"), ("سفينة", "مطار")])) == [("سفينة", "مطار")]
    one, other = ("حريق", "حريق كبير"), ("حريق كبير", "حريق")
    assert list(wrong("apart", [one, other, ("حريق", "مطار")])) == [one, other]


def test_no_pair_is_in_the_sets_twice() -> None:
    sets = read_sets()
    pairs = [pair for parts in sets.values() for kinds in parts.values() for found in kinds.values() for pair in found]
    assert len(pairs) == len(set(pairs)) == 320
