"""The camel backend on a tiny random BERT that the test makes: loading, batching and alignment really run."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from agents.entities.bio import read_tag, repair
from agents.entities.mentions.extract import find_entities
from agents.entities.taggers.camel import CamelTagger
from agents.entities.taggers.registry import load_tagger
from streams.errors import Retryable
from tests.support.tags import tags_of

pytestmark = pytest.mark.neural

LABELS = ["B-LOC", "B-ORG", "B-PERS", "B-MISC", "I-LOC", "I-ORG", "I-PERS", "I-MISC", "O"]
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآءئؤ.،«»-123"
# The Arabic letter mark is a token of ours, and nothing to BERT's tokenizer.
DROPPED = "\u061c"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `camel_data` fills it."""
    import torch
    from transformers import BertConfig, BertForTokenClassification

    folder = tmp_path_factory.mktemp("camel")
    model = folder / "data" / "ner" / "arabert"
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=5 + 2 * len(LETTERS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.7,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    BertForTokenClassification(config).save_pretrained(model)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (model / "vocab.txt").write_text("\n".join(vocabulary))
    (model / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": False})
    )
    component = {"default": "arabert", "datasets": {"arabert": {"path": "ner/arabert"}}}
    catalogue = {"version": "1.6", "packages": {}, "components": {"NamedEntityRecognition": component}}
    (folder / "catalogue.json").write_text(json.dumps(catalogue))
    return folder


@pytest.fixture(scope="module")
def tagger(data: Path) -> Any:
    # camel-tools reads the variable once, when it is imported.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMELTOOLS_DATA", str(data))
        found = load_tagger("camel")
        tags_of(found, ["بيروت"])
    return found


def sentences(count: int, longest: int) -> list[list[str]]:
    chance = random.Random(3)
    return [
        ["".join(chance.choices(LETTERS, k=chance.randint(1, 9))) for _ in range(chance.randint(1, longest))]
        for _ in range(count)
    ]


def test_labels_are_those_of_camel_tools(tagger: CamelTagger) -> None:
    texts = [*sentences(70, 40), *sentences(2, 200)]
    predicted = tagger._recognizer().predict(texts)
    assert [t.tags for t in tagger.tag_texts([texts])[0]] == [repair([read_tag(x) for x in row]) for row in predicted]
    assert len({tag for row in predicted for tag in row}) > 4


def test_words_that_the_tokenizer_drops_shift_nothing(tagger: CamelTagger) -> None:
    texts = sentences(40, 20)
    with_dropped = [[word for token in tokens for word in (token, DROPPED)] for tokens in texts]
    for bare, full in zip(tagger.tag_texts([texts])[0], tagger.tag_texts([with_dropped])[0], strict=True):
        assert [tag[2:] for tag in full.tags[::2]] == [tag[2:] for tag in bare.tags]
        assert full.scores[::2] == pytest.approx(bare.scores, abs=1e-4)
        assert set(full.tags[1::2]) == {"O"}
    assert tagger.tag_texts([[[DROPPED], [], ["بيروت"]]])[0][0].tags == ["O"]


def test_scores_are_probabilities_and_batches_change_nothing(tagger: CamelTagger) -> None:
    texts = sentences(45, 30)
    together = tagger.tag_texts([texts])[0]
    assert [found.tags for found in together] == [tags_of(tagger, tokens) for tokens in texts]
    assert all(1 / len(LABELS) <= score <= 1 for found in together for score in found.scores)


def test_a_word_of_too_many_pieces_is_no_name(tagger: CamelTagger) -> None:
    assert tags_of(tagger, ["-" * 400])[0] == "O"
    assert len(tags_of(tagger, ["بيروت", "-" * 400, "باريس"])) == 3


def test_mentions_in_a_body_are_exact(tagger: CamelTagger) -> None:
    body = "زارت سلمى الحمداني بيروت \u061c والقاهرة.\n" * 30
    (found,) = find_entities([body], tagger)
    assert found
    assert all(body[entity.start : entity.end] == entity.text for entity in found)


def test_a_damaged_model_is_no_record_s_fault(tagger: CamelTagger, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(Retryable, match="camel-tools cannot load"):
        tags_of(CamelTagger({}, tmp_path), ["بيروت"])
