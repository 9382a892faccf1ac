import importlib.util
from pathlib import Path

import pytest

from agents.entities.taggers import camel
from agents.entities.taggers.camel import Segment, find_model, segments
from streams.cli.main import run
from streams.errors import OperatorError
from streams.settings import get_settings


def test_a_sentence_is_cut_where_it_grows_too_long() -> None:
    words = [[1, 2], [3], [], [4, 5, 6], [7]]
    assert list(segments(words, 10, limit=4)) == [
        Segment([1, 2, 3], [(0, 10), (2, 11)]),
        Segment([4, 5, 6, 7], [(0, 13), (3, 14)]),
    ]


def test_words_without_a_piece_or_of_too_many_are_left_out() -> None:
    assert list(segments([[], [9] * 51], 0)) == []
    assert list(segments([], 0)) == []


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if torch and transformers were there."""
    find = importlib.util.find_spec
    neural = {"torch", "transformers"}
    monkeypatch.setattr(camel, "find_spec", lambda name: find("json") if name in neural else find(name))


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camel, "find_spec", lambda _: None)
    with pytest.raises(OperatorError, match="needs torch and transformers") as error:
        find_model()
    assert error.value.hint is not None
    assert "pip install '.[neural]'" in error.value.hint


@pytest.mark.usefixtures("installed")
def test_a_missing_model_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAMELTOOLS_DATA", str(tmp_path))
    monkeypatch.setenv("RASD_ENTITIES_BACKEND", "camel")
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("بيروت\n")
    get_settings.cache_clear()
    try:
        assert run(["tag", str(tokens)]) == 1
    finally:
        get_settings.cache_clear()
    said = capsys.readouterr().err
    assert "camel_data -i ner-arabert" in said
    assert str(tmp_path) in said


@pytest.mark.usefixtures("installed")
def test_the_model_is_found_where_camel_data_puts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMELTOOLS_DATA", str(tmp_path))
    model = tmp_path / "data" / "ner" / "arabert"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (tmp_path / "catalogue.json").write_text("{}")
    assert find_model() == model
