import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agents.entities.bio import read_tag
from agents.entities.columns import tag_lines
from agents.entities.evaluation import Score, score_tagger, score_tags
from agents.entities.model.features import WordEntry
from agents.entities.taggers.base import Tagging
from streams.cli.main import run


class Digits:
    """Tags words by their last letter, so that a shifted or lost label shows; records what it was asked."""

    words: Mapping[str, WordEntry] = {}
    most_texts = 64

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def _tag(self, tokens: Sequence[str]) -> list[str]:
        return [{"1": "B-PER", "2": "I-PER", "3": "B-LOC"}.get(token[-1], "O") for token in tokens]

    def tag_texts(self, texts: Sequence[Sequence[Sequence[str]]]) -> list[list[Tagging]]:
        self.asked += [list(tokens) for text in texts for tokens in text]
        return [[Tagging(self._tag(tokens), [1.0] * len(tokens)) for tokens in text] for text in texts]


def test_lines_are_kept_and_sentences_parted_at_blank_lines() -> None:
    tagger = Digits()
    lines = ["\ufeffأ1\n", "ب2\r\n", "\n", " \t\n", "ج3 O\n", "د\tNN\tx  \n", "\n", "هـ1"]
    expected = [
        "\ufeffأ1\tB-PER\n",
        "ب2\tI-PER\r\n",
        "\n",
        " \t\n",
        "ج3 O\tB-LOC\n",
        "د\tNN\tx  \tO\n",
        "\n",
        "هـ1\tB-PER",
    ]
    assert list(tag_lines(lines, tagger)) == expected
    assert tagger.asked == [["\ufeffأ1", "ب2"], ["ج3", "د"], ["هـ1"]]


@pytest.mark.parametrize("lines", [[], ["\n"], ["\n", "\n", "أ1\n"]])
def test_blank_beginnings(lines: list[str]) -> None:
    tagged = list(tag_lines(lines, Digits()))
    assert len(tagged) == len(lines)
    assert [line for line in tagged if line.strip()] == ["أ1\tB-PER\n"][: sum(bool(line.strip()) for line in lines)]


def test_many_sentences_stay_in_step() -> None:
    lines = [line for number in range(1000) for line in (f"كلمة{number % 4}\n", "\n")]
    tagged = list(tag_lines(lines, Digits()))
    assert [line.split("\t")[0] for line in tagged[::2]] == [line.strip() for line in lines[::2]]
    assert [line.strip()[-5:] for line in tagged[2::8]] == ["B-PER"] * 250


def test_reading_goes_only_a_little_ahead() -> None:
    def endless() -> object:
        while True:
            yield "أ1\n"
            yield "\n"

    tagged = tag_lines(endless(), Digits())  # type: ignore[arg-type]
    assert next(tagged) == "أ1\tB-PER\n"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("B-PERS", "B-PER"),
        ("I-PER", "I-PER"),
        ("I--ORG", "I-ORG"),
        ("B-MISC", "O"),
        ("B-MIS1", "O"),
        ("O", "O"),
        ("IO", "O"),
    ],
)
def test_tags_of_the_corpora(text: str, tag: str) -> None:
    assert read_tag(text) == tag


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
