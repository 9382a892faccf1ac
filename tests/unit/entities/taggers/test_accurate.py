"""The tagger `accurate`: what it reads again, and what it then believes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.model.context_network import SHIPPED
from agents.entities.taggers import accurate
from agents.entities.taggers.accurate import SecondReading
from agents.entities.taggers.registry import load_tagger
from streams.errors import OperatorError
from tests.support.tags import row

SURE, UNSURE = row(B_PER=0.001), row(B_PER=0.3, B_LOC=0.2)


class Chain:
    """A model that scores each token the same, and remembers what it read; the log potentials are of `chances`."""

    transitions = np.zeros((1, len(TAGS), len(TAGS)), dtype=np.float32)

    def __init__(self, **chances: float) -> None:
        self.row = np.log(row(**chances) + 1e-12)
        self.read: list[list[str]] = []

    def scores(self, sentences: Sequence[Sequence[str]], _: object = None) -> NDArray[np.float32]:
        self.read += map(list, sentences)
        return np.stack([self.row] * sum(map(len, sentences)))[None]


class Field(Chain):
    """The same as a random field: one chain."""

    transitions = Chain.transitions[0]

    def scores(self, sentences: Sequence[Sequence[str]], _: object = None) -> NDArray[np.float32]:
        return np.asarray(super().scores(sentences)[0])


class Context:
    """A network that reads context vectors, and remembers what was printed."""

    def __init__(self, **chances: float) -> None:
        self.networks = Chain(**chances)
        self.printed: list[list[str]] = []

    def vectors(self, sentences: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        self.printed += map(list, sentences)
        return np.zeros((sum(map(len, sentences)), 4), dtype=np.float32)


def reading(unsure: float) -> Any:
    field: Any = Field(B_LOC=0.8)
    network: Any = Chain(B_LOC=0.4)
    context: Any = Context(B_LOC=0.1)
    return SecondReading(field, network, context, unsure)


def test_only_sentences_with_an_unsure_token_are_read_again() -> None:
    second = reading(0.1)
    sentences = [["وصل", "امس"], ["زار", "اسيا", "ثم"], ["عاد"]]
    printed = [["وصل", "أمس"], ["زار", "آسيا", "ثم"], ["عاد"]]
    probability = np.stack([SURE, SURE, SURE, UNSURE, SURE, SURE])
    revised = second(probability, sentences, printed)
    assert second.linear.read == second.networks.read == second.context.networks.read == [sentences[1]]
    assert second.context.printed == [printed[1]]
    np.testing.assert_array_equal(revised[[0, 1, 5]], probability[[0, 1, 5]])
    place, outside = (0.8 * 0.4 * 0.1) ** (1 / 3), (0.2 * 0.6 * 0.9) ** (1 / 3)
    np.testing.assert_allclose(revised[2:5, TAGS.index("B-LOC")], place / (place + outside), rtol=1e-3)
    np.testing.assert_allclose(revised.sum(axis=1), 1, rtol=1e-5)


def test_nothing_is_read_where_all_is_sure() -> None:
    second = reading(0.1)
    probability = np.stack([SURE, SURE])
    assert second(probability, [["وصل", "امس"]], [["وصل", "أمس"]]) is probability
    assert second.context.printed == []


def test_it_is_another_tagger_than_fast() -> None:
    assert SHIPPED.stat().st_size <= 20_000_000
    # Of «غريغوتشي», which the news of the training never named, `fast` is unsure.
    text = ["وقع", "أنخيلو", "غريغوتشي", "عقدا", "مع", "كروتوني", "."]
    (fast,), (first,) = (load_tagger(name).tag_texts([[text]])[0] for name in ("fast", "accurate"))
    assert first.scores[1] > fast.scores[1] + 0.1
    # What is beside a text changes nothing, to the last digit.
    several = load_tagger("accurate").tag_texts([[["وصل", "باولو", "أمس"]], [text], [text[1:], text]])
    assert several[1][0] == first


def test_without_onnxruntime_the_operator_learns_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accurate, "find_spec", lambda _: None)
    with pytest.raises(OperatorError, match="accurate needs onnxruntime") as error:
        accurate.load.__wrapped__()
    assert "requirements-accurate.lock" in (error.value.hint or "")
