import pytest

from agents.entities.bio import TagSpan
from agents.entities.mentions.institutions import named_institutions
from agents.entities.model.features import WordEntry

WORDS = {"جامعة": WordEntry(90, ()), "بجامعة": WordEntry(9, ()), "مستشفي": WordEntry(80, ())}


def found(sentence: str, *spans: TagSpan) -> list[TagSpan]:
    return named_institutions(sentence.split(), spans, WORDS)


def test_a_person_behind_an_institution_is_the_institution() -> None:
    assert found("نقل إلى مستشفى نادر", TagSpan(3, 4, "PER")) == [TagSpan(2, 4, "ORG")]
    assert found("عميد بجامعة الملك نادر", TagSpan(3, 4, "PER")) == [TagSpan(1, 4, "ORG")]


def test_what_the_institution_covers_goes() -> None:
    sentence = "بجامعة الإمام نادر بن سالم في إربد"
    before = (TagSpan(0, 2, "ORG"), TagSpan(2, 5, "PER"), TagSpan(6, 7, "LOC"))
    assert found(sentence, *before) == [TagSpan(0, 5, "ORG"), TagSpan(6, 7, "LOC")]


@pytest.mark.parametrize("sentence", ["زار الملك نادر", "في مستشفى قال نادر", "نادر"])
def test_other_persons_stay(sentence: str) -> None:
    count = len(sentence.split())
    span = TagSpan(count - 1, count, "PER")
    assert found(sentence, span) == [span]


def test_spans_before_and_places_behind_stay() -> None:
    before = (TagSpan(0, 1, "PER"), TagSpan(2, 3, "LOC"))
    assert found("نادر وجامعة إربد", *before) == list(before)
