from __future__ import annotations

from rasd_sample.tagger import load

from agents.entities.taggers.base import Tagger


def test_it_tags_the_names_of_its_list() -> None:
    tagger = load()
    assert isinstance(tagger, Tagger)
    ((first, second), (empty,)) = tagger.tag_texts([[["غنت", "فيروز", "في", "بيروت"], ["شكرا", "."]], [[]]])
    assert first.tags == ["O", "B-PER", "O", "B-LOC"]
    assert second.tags == ["O", "O"]
    assert (empty.tags, empty.scores) == ([], [])
    assert first.scores == [1.0] * 4
