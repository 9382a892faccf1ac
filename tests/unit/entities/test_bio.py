import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.entities.bio import TAGS, TagSpan, repair, spans

SEQUENCES = st.lists(st.sampled_from(TAGS), max_size=12)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["O", "I-PER", "I-PER"], ["O", "B-PER", "I-PER"]),
        (["B-LOC", "I-ORG", "I-ORG"], ["B-LOC", "B-ORG", "I-ORG"]),
        (["B-ORG", "I-ORG", "B-ORG"], ["B-ORG", "I-ORG", "B-ORG"]),
        ([], []),
    ],
)
def test_repair(tags: list[str], expected: list[str]) -> None:
    assert repair(tags) == expected


def test_spans_of_adjacent_and_final_entities() -> None:
    assert spans(["B-PER", "I-PER", "B-PER", "O", "B-ORG", "B-LOC"]) == [
        TagSpan(0, 2, "PER"),
        TagSpan(2, 3, "PER"),
        TagSpan(4, 5, "ORG"),
        TagSpan(5, 6, "LOC"),
    ]


@given(SEQUENCES)
def test_spans_cover_exactly_the_tagged_tokens(tags: list[str]) -> None:
    found = spans(tags)
    covered = [index for span in found for index in range(span.start, span.end)]
    assert covered == [index for index, tag in enumerate(tags) if tag != "O"]
    assert all(tags[index].endswith(span.kind) for span in found for index in range(span.start, span.end))
