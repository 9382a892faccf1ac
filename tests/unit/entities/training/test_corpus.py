import json
import zipfile
from pathlib import Path

import pytest

from agents.entities.training.corpus import (
    FINE_TAGS,
    NEWS,
    Tagged,
    read_columns,
    splits,
    unlabelled,
    wikifane,
)
from agents.entities.training.place_words import place_words


def test_columns_with_the_corpora_s_habits(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("\ufeffسلمى B-PERS\nالحمداني I-PERS\n. O\n\n\nكأس B-MISC\nإربد I-LOC\n", encoding="utf-8")
    assert read_columns(path) == [
        Tagged(("سلمى", "الحمداني", "."), ("B-PER", "I-PER", "O")),
        Tagged(("كأس", "إربد"), ("O", "B-LOC")),
    ]


def test_a_token_without_a_tag_is_named(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("سلمى O\nإربد\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"corpus\.txt:2"):
        read_columns(path)


def test_splits_are_contiguous_and_cover_all() -> None:
    items = [Tagged((str(number),), ("O",)) for number in range(11)]
    parts = list(splits(items, 3))
    assert [sentence for _, held in parts for sentence in held] == items
    assert all(sorted([*training, *held], key=lambda s: int(s.tokens[0])) == items for training, held in parts)


def test_unlabelled_news_gives_each_line_once(tmp_path: Path) -> None:
    (tmp_path / "saudinewsnet").mkdir()
    pages = [{"title": "خبر أول", "content": "جملة. أخرى\nخبر أول"}, {"title": "خبر أول", "content": " \n"}]
    with zipfile.ZipFile(tmp_path / "saudinewsnet" / "2020-01-01.zip", "w") as archive:
        archive.writestr("day.json", json.dumps(pages))
    assert list(unlabelled(tmp_path)) == [["خبر", "أول"], ["جملة", "."], ["أخرى"]]


def test_the_gazetteer_tells_countries_from_towns_and_parts_of_names() -> None:
    places = place_words()
    assert "c" in places["لبنان"]
    assert "t" in places["بيروت"]
    assert "cI" in places["المتحدة"]


def test_wikifane_has_fine_classes_and_those_sentences_on_which_the_guidelines_agree(tmp_path: Path) -> None:
    folder = tmp_path / "ner-more" / "wikifane"
    folder.mkdir(parents=True)
    rows = [
        "فاز\tO\tO",
        "الاتحاد\tB-Sports\tB-ORG",
        "في\tO\tO",
        "جدة\tB-Population-Center\tB-LOC",
        "",
        "قالت\tO\tO",
        "الوزارة\tB-Government\tB-ORG",
        "",
        "غدا\tO\tO",
        "",
    ]
    (folder / "wikifane-gold.txt").write_text("\n".join(rows), encoding="utf-8")
    everything = wikifane(tmp_path)
    assert [sentence.tags for sentence in everything] == [
        ("O", "B-ORG-club", "O", "B-LOC-settled"),
        ("O", "B-X-government"),
        ("O",),
    ]
    assert {tag for sentence in everything for tag in sentence.tags} <= set(FINE_TAGS)
    (folder / "wikifane-gold.txt").write_text("فاز\tO\tO\nجدة\tB-LOC\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"wikifane-gold\.txt:2"):
        wikifane(tmp_path)


def test_news_is_read_from_all_its_folders(tmp_path: Path) -> None:
    for folder, text in (("saudinewsnet", "خبر"), ("ner-more/ant", "قصة")):
        (tmp_path / folder).mkdir(parents=True)
        with zipfile.ZipFile(tmp_path / folder / "day.zip", "w") as archive:
            archive.writestr("day.json", json.dumps([{"title": text, "content": ""}]))
    assert list(unlabelled(tmp_path)) == [["خبر"], ["قصة"]]
    assert list(unlabelled(tmp_path, NEWS[:1])) == [["خبر"]]
