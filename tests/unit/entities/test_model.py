import tracemalloc
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from agents.entities.bio import TAGS
from agents.entities.model.cnn import Layers, row_by_row
from agents.entities.model.features import WordEntry, core, split_clitics, word_features
from agents.entities.model.file import SHIPPED, Model, load, save
from agents.entities.taggers.base import Tagging
from agents.entities.taggers.embedded import assemble
from agents.entities.taggers.registry import load_tagger
from agents.entities.training import fitting
from agents.entities.training.corpus import Tagged
from agents.entities.training.train import know_kinds, train, train_networks, with_kinds
from agents.entities.training.word_statistics import DIMENSIONS, WordStatistics
from tests.support.tags import tags_of

SENTENCES = [
    Tagged(("زارت", "سلمى", "الحمداني", "بيروت", "."), ("O", "B-PER", "I-PER", "B-LOC", "O")),
    Tagged(("قالت", "وزارة", "الري", "في", "إربد"), ("O", "B-ORG", "I-ORG", "O", "B-LOC")),
    Tagged(("نادر",), ("B-PER",)),
] * 4
WORDS = {
    "بيروت": WordEntry(9, (1, 2, 3), places=("t",)),
    "وزارة": WordEntry(8, (3, 4, 5)),
    "سلمى": WordEntry(2, (5, 6, 7)),
    "اربد": WordEntry(1, (-1, -1, -1), places=("s", "sB")),
}
VECTORS = np.random.default_rng(0).integers(-127, 128, size=(3, 2 * DIMENSIONS)).astype(np.int8)


STATISTICS = WordStatistics(WORDS, VECTORS)


@pytest.fixture(scope="module")
def model() -> Model:
    linear = train(SENTENCES, WORDS)
    networks = tuple(train_networks(SENTENCES, [], STATISTICS, 2))
    return Model(VECTORS, DIMENSIONS, linear, networks)


@pytest.fixture(scope="module")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save(model, path)
    return path


def test_a_trained_linear_model_knows_its_sentences(model: Model) -> None:
    probability = model.linear.probabilities([sentence.tokens for sentence in SENTENCES])
    assert [TAGS[i] for i in probability.argmax(axis=1)] == [tag for s in SENTENCES for tag in s.tags]


def test_sentences_do_not_see_each_other(model: Model) -> None:
    tokens = [sentence.tokens for sentence in SENTENCES[:3]]
    together = model.linear.probabilities(tokens)
    np.testing.assert_allclose(together, np.concatenate([model.linear.probabilities([t]) for t in tokens]), atol=1e-5)


def test_a_saved_model_is_the_same_tagger_and_the_same_bytes(model: Model, saved: Path, tmp_path: Path) -> None:
    loaded = load(saved, 2)
    save(loaded, tmp_path / "two.safetensors")
    assert saved.read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    assert loaded.words == model.words
    tokens = [sentence.tokens for sentence in SENTENCES]
    np.testing.assert_allclose(assemble(loaded).probabilities(tokens), assemble(model).probabilities(tokens), atol=5e-3)


def test_fewer_networks_can_be_read_and_more_cannot(saved: Path, tmp_path: Path) -> None:
    assert len(load(saved, 1).networks) == 1
    with pytest.raises(ValueError, match=r"model\.safetensors: 3 networks are wanted, and the file has 2"):
        load(saved, 3)
    path = tmp_path / "model.safetensors"
    path.write_bytes(saved.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"model\.safetensors: no safetensors file, or a damaged one"):
        load(path, 1)


def test_kinds_are_average_probabilities(model: Model) -> None:
    words = with_kinds(WORDS, model.linear.probabilities, [["بيروت"], ["وبيروت", "بيروت"], []])
    apart = model.linear.probabilities([["بيروت"], ["وبيروت", "بيروت"]])
    expected = (apart[0] + apart[2]) / 2
    assert words["بيروت"].kinds == pytest.approx(
        [expected[1:3].sum(), expected[3:5].sum(), expected[5:7].sum()], abs=0.5 / 255 + 1e-5
    )
    assert words["وزارة"].kinds == (0, 0, 0)


def test_kinds_are_known_after_a_first_network_and_last_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 60)
    (layers,) = train_networks(SENTENCES, [], STATISTICS, 1)
    words = know_kinds(STATISTICS, layers, [["زارت", "سلمى", "الحمداني", "بيروت", "."]] * 3)
    assert words["بيروت"].kinds[1] > 0.5 > words["بيروت"].kinds[0]
    assert any(name.startswith("n1=") for name in word_features("بيروت", words).kinds)
    assert word_features("بيروت", WORDS).kinds == ()
    assert word_features("بيروت", WORDS).names == word_features("بيروت", words).names
    linear = train(SENTENCES, words)
    save(Model(VECTORS, DIMENSIONS, linear, ()), tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors", 0).words == words


def test_empty_sentences_get_empty_taggings(model: Model) -> None:
    tagger = assemble(model)
    found = tagger.tag_texts([[[], ["بيروت"], []], [], [[]]])
    assert [[len(tagging.tags) for tagging in text] for text in found] == [[0, 1, 0], [], [0]]
    assert tags_of(tagger, []) == []
    assert tagger.tag_texts([]) == []
    assert tagger.tag_texts([[], [[]]]) == [[], [Tagging([], [])]]


def test_a_row_of_a_product_does_not_depend_on_the_others() -> None:
    chance = np.random.default_rng(1)
    left, right = chance.random((2, 300, 128), dtype=np.float32), chance.random((2, 128, 7), dtype=np.float32)
    whole = row_by_row(left, right)
    np.testing.assert_allclose(whole, left @ right, rtol=1e-5)
    for rows in (1, 2, 3, 31, 32, 33, 299):
        np.testing.assert_array_equal(row_by_row(left[:, :rows], right), whole[:, :rows])


def test_an_endless_sentence_takes_no_more_memory_for_its_neighbours(model: Model) -> None:
    tagger = assemble(model)
    endless, short = ["بيروت", "و"] * 20_000, ["زارت", "بيروت"]
    tracemalloc.start()
    try:
        ((alone,),) = tagger.tag_texts([[endless]])
        least = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        ((beside, *_),) = tagger.tag_texts([[endless, *[short] * 200]])
        assert tracemalloc.get_traced_memory()[1] < 1.5 * least
    finally:
        tracemalloc.stop()
    assert alone == beside
    assert least < 2500 * len(endless), "it is read in pieces"


def test_a_word_without_end_spoils_neither_its_neighbours_nor_other_articles() -> None:
    tagger = load_tagger()
    sentence = ["وصل", "بنيامين", "نتنياهو", "إلى", "باريس", "."]
    words = [["قال"], ["a" * 1_000_000, *sentence], sentence]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ((_, beside, behind), (other,)) = tagger.tag_texts([words, [sentence]])
    ((alone,),) = tagger.tag_texts([[sentence]])
    assert other == alone
    assert beside.tags[1:] == behind.tags == alone.tags
    assert np.isfinite(beside.scores).all()


def test_the_scores_of_a_sentence_are_the_same_in_any_company(model: Model) -> None:
    networks = assemble(model).networks
    assert networks is not None
    tokens = [sentence.tokens for sentence in SENTENCES] * 30
    together = networks.scores(tokens)
    for count in (1, 2, 3, 17):
        alone = networks.scores(tokens[:count])
        np.testing.assert_array_equal(alone, together[:, : alone.shape[1]])


def test_the_persons_of_each_text_lend_to_each_other_alone(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[list[str]], np.ndarray]] = []

    def lend(sentences: list[list[str]], probability: np.ndarray, *_: object) -> np.ndarray:
        asked.append((sentences, probability.copy()))
        return np.eye(len(TAGS), dtype=np.float32)[[len(asked)] * len(probability)]

    monkeypatch.setattr("agents.entities.taggers.embedded.lend", lend)
    tagger = assemble(model)
    texts = [[["زارت", "سالم"], [], ["بيروت"]], [], [["قالت"], ["نادر", "نادر"]]]
    found = tagger.tag_texts(texts)
    filled = [[tokens for tokens in text if tokens] for text in texts]
    assert [sentences for sentences, _ in asked] == filled
    for sentences, probability in (asked[0], asked[2]):
        np.testing.assert_array_equal(probability, tagger.probabilities(sentences))
    assert [[tagging.tags for tagging in text] for text in found] == [
        [["B-PER", "B-PER"], [], ["B-PER"]],
        [],
        [["B-LOC"], ["B-LOC", "B-LOC"]],
    ]


def test_the_shipped_file_is_small_and_serves_every_backend() -> None:
    assert SHIPPED.stat().st_size <= 20_000_000
    for backend in ("fast", "accurate"):
        assert tags_of(load_tagger(backend), ["وصل", "بنيامين", "نتنياهو", "إلى", "باريس", "."]) == [
            "O", "B-PER", "I-PER", "O", "B-LOC", "O",
        ]  # fmt: skip


def test_signs_on_a_corpus_token_are_no_part_of_its_word() -> None:
    assert core("(د") == "د"
    assert core("بيروت،") == "بيروت"
    assert core("«»") == "«»"
    assert core("أ.ف.ب") == "ا.ف.ب"


def test_the_news_decides_what_a_clitic_is() -> None:
    assert split_clitics("وبيروت", WORDS) == ("و", "بيروت")
    assert split_clitics("وزارة", WORDS) == ("", "وزارة")
    assert split_clitics("مجهول", WORDS) == ("", "مجهول")


def test_a_word_with_a_clitic_has_the_place_of_its_stem() -> None:
    assert "g=t" in word_features("وبيروت", WORDS).at(0)
    assert {"g=s", "g=sB"} <= set(word_features("إربد", WORDS).at(1))


def test_layers_are_stored_in_their_order(model: Model, saved: Path) -> None:
    for before, after in zip(model.networks, load(saved, 2).networks, strict=True):
        assert before.context is after.context is None
        for name in [field.name for field in fields(Layers) if field.name != "context"]:
            np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-2, atol=1e-3)
