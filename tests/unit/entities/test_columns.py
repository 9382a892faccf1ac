import pytest

from agents.entities.bio import read_tag
from agents.entities.columns import tag_lines
from tests.support.tags import Digits


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
