import json
from pathlib import Path

import pytest

from agents.entities.evaluation import score_tagger, score_tags
from agents.scoring import Score
from streams.cli.main import run
from tests.support.tags import Digits


def test_only_a_span_with_both_borders_and_its_class_is_right() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"], ["B-LOC", "B-LOC"]]
    guess = [["B-PER", "O", "O", "B-LOC"], ["B-LOC", "O"], ["B-LOC", "I-LOC"]]
    scores = score_tags(gold, guess)
    assert scores["PER"] == Score(0, 1, 1)
    assert scores["LOC"] == Score(1, 3, 3)
    assert scores["ORG"] == Score(0, 0, 1)
    assert scores["micro"] == Score(1, 4, 5)
    assert scores["micro"].f1 == pytest.approx(2 * (1 / 4) * (1 / 5) / (1 / 4 + 1 / 5))
    assert scores["ORG"].precision == scores["ORG"].recall == scores["ORG"].f1 == 0.0


def test_evaluate_reads_the_last_column_as_gold() -> None:
    scores = score_tagger(["أ1 x B-PERS\n", "ب2 x I-PERS\n", "\n", "ج3 x B-MISC\n"], Digits())
    assert scores["PER"] == Score(1, 1, 1)
    assert scores["LOC"] == Score(0, 1, 0)


@pytest.mark.parametrize(
    ("line", "fault"), [("ب\n", "^3: a token without a tag"), ("ب S-PER\n", "^3: S-PER is no BIO tag")]
)
def test_evaluate_names_the_line_that_it_cannot_read(line: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        score_tagger(["أ1 O\n", "\n", line], Digits())


def test_counts_are_those_of_seqeval() -> None:
    cases = json.loads((Path(__file__).parent / "seqeval_counts.json").read_text())
    scores = score_tags([line.split() for line in cases["gold"]], [line.split() for line in cases["guess"]])
    for name, figures in cases["seqeval"].items():
        score = scores[name.removesuffix(" avg")]
        assert {key: getattr(score, key) for key in figures} == pytest.approx(figures, abs=1e-12)


GOLD = "التقى O\nبنيامين B-PERS\nنتنياهو I-PERS\nنظيره O\nفي O\nباريس B-LOC\n. O\n"


def test_the_command_prints_a_line_for_each_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "gold.txt"
    path.write_text(GOLD + "\n" + GOLD)
    assert run(["evaluate", "entities", str(path)]) == 0
    rows = {words[0]: words[1:] for line in capsys.readouterr().out.splitlines() if (words := line.split())}
    assert rows["PER"] == rows["LOC"] == ["1.000"] * 3 + ["2"] * 3
    assert rows["micro"] == ["1.000"] * 3 + ["4"] * 3


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xd8\xa8 O\n\n\xd8\xa8\n", "gold.txt:3: a token without a tag"),
        (b"\xd8\xa8 O\n\xff O\n", "gold.txt:2: byte 5 is not UTF-8"),
        (b"\xd8\xa8 O\n", "gold.txt: no person, place or organisation is tagged"),
        (b"", "gold.txt: no person, place or organisation is tagged"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_file(
    content: bytes, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gold.txt"
    path.write_bytes(content)
    assert run(["evaluate", "entities", str(path)]) == 1
    assert fault in capsys.readouterr().err


def test_the_command_names_a_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "entities", "no-such-file"]) == 2
    assert "no-such-file: No such file" in capsys.readouterr().err
