"""Finding taggers among installed distributions; the tests install tiny ones in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.entities.mentions.extract import find_entities
from agents.entities.taggers.registry import load_tagger
from streams.cli.main import run
from streams.errors import OperatorError
from streams.plugins import Group
from streams.settings import get_settings

Install = Callable[..., None]

CODE = """
from agents.entities.taggers.base import Tagging


class Cities:
    words = {}
    most_texts = 8

    def tag_texts(self, texts):
        return [[Tagging(["B-LOC"] * len(tokens), [0.75] * len(tokens)) for tokens in text] for text in texts]


def load():
    return Cities()


def load_nothing():
    return None


answer = 42
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution: its metadata and entry points, and one module."""

    def installed(distribution: str, **offered: str) -> None:
        # Installers write the name so; the part before the first hyphen is the distribution to importlib.metadata.
        metadata = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"{name} = {value}\n" for name, value in offered.items()]
        (metadata / "entry_points.txt").write_text(f"[{Group.TAGGERS}]\n{''.join(lines)}")

    (tmp_path / "city_tagger.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    return installed


def test_a_tagger_of_another_distribution_is_found_and_used(install: Install) -> None:
    install("rasd-cities", cities="city_tagger:load")
    ((entity,),) = find_entities(["دمشق"], load_tagger("cities"))
    assert (entity.text, entity.type, entity.score) == ("دمشق", "LOC", 0.75)


def test_the_setting_chooses_it(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    install("rasd-cities", cities="city_tagger:load")
    monkeypatch.setenv("RASD_ENTITIES_BACKEND", "cities")
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("قال\n")
    get_settings.cache_clear()
    try:
        assert run(["tag", str(tokens)]) == 0
    finally:
        get_settings.cache_clear()
    assert capsysbinary.readouterr().out.decode() == "قال\tB-LOC\n"


def test_an_unknown_name_is_refused_with_the_known_ones(install: Install) -> None:
    install("rasd-cities", cities="city_tagger:load")
    with pytest.raises(OperatorError, match=r"^unknown tagger slow; choose from accurate, camel, cities, fast$"):
        load_tagger("slow")


def test_a_checkout_without_its_entry_points_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.plugins.installed", lambda _: {})
    with pytest.raises(OperatorError, match="no tagger is installed") as error:
        load_tagger()
    assert error.value.hint is not None
    assert "pip install --no-deps ." in error.value.hint


@pytest.mark.parametrize("asked", ["cities", "fast"])
def test_one_name_of_two_distributions_is_refused_naming_both(install: Install, asked: str) -> None:
    install("rasd-cities", cities="city_tagger:load")
    install("other-cities", cities="city_tagger:load")
    with pytest.raises(OperatorError, match=r"rasd\.taggers cities is in both other-cities and rasd-cities"):
        load_tagger(asked)


def test_a_built_in_name_cannot_be_taken_over(install: Install) -> None:
    install("rasd-cities", fast="city_tagger:load")
    with pytest.raises(OperatorError, match=r"rasd\.taggers fast is in both rasd and rasd-cities"):
        load_tagger()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("no_such_module:load", "cannot be loaded: ModuleNotFoundError(\"No module named 'no_such_module'\")"),
        ("city_tagger:lood", "cannot be loaded: AttributeError(\"module 'city_tagger' has no attribute 'lood'\")"),
        ("city_tagger:answer", "is not a function"),
        ("city_tagger:load_nothing", "returned NoneType, which lacks parts of the Tagger protocol"),
    ],
)
def test_what_is_no_tagger_is_named(install: Install, value: str, fault: str) -> None:
    install("rasd-cities", cities=value)
    with pytest.raises(OperatorError) as error:
        load_tagger("cities")
    assert error.value.message == f"rasd.taggers cities of rasd-cities ({value}) {fault}"
