"""The measure itself: what counts as right, spurious, missed."""

from __future__ import annotations

import json
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.geotag.evaluation import evaluate_places, same_place
from streams.cli.app import all_commands
from streams.errors import OperatorError
from streams.records import Place, Span

GOLD = Path(__file__).parents[3] / "benchmarks" / "places" / "gold.jsonl"
TEXT = "زار الوفد باريس ثم محافظة حلب وعاد إلى قرية المجهولة."


def _mention(text: str, **place: object) -> dict[str, object]:
    start = TEXT.index(text)
    return {"start": start, "end": start + len(text), **place}


PARIS = {"kind": "city", "country": "FR", "lat": 48.85, "lon": 2.35}
ALEPPO = {"kind": "division", "country": "SY", "lat": 36.2, "lon": 37.16}
NOWHERE = {"kind": "city", "country": "SY", "lat": 35.0, "lon": 38.0}


def _write(folder: Path, mentions: list[dict[str, object]], length: int = len(TEXT)) -> Path:
    record = {"url": "https://example.org/1", "source": "wire", "title": "", "content": TEXT}
    with zipfile.ZipFile(folder / "day.zip", "w") as archive:
        archive.writestr("day.json", json.dumps([record]))
    gold = folder / "gold.jsonl"
    row = {"url": record["url"], "source": "wire", "half": "tune", "length": length, "mentions": mentions}
    gold.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return gold


def test_counts(tmp_path: Path) -> None:
    gold = _write(tmp_path, [_mention("باريس", **PARIS), _mention("حلب", **ALEPPO), _mention("المجهولة", **NOWHERE)])
    report = evaluate_places(gold, tmp_path, "tune")
    assert (report.mentions.right, report.mentions.found, report.mentions.gold) == (2, 2, 3)
    assert [mistake.cause for mistake in report.mistakes] == ["missed"]
    assert report.mentions.recall == pytest.approx(2 / 3)


def test_spurious_misplaced_and_optional(tmp_path: Path) -> None:
    wrong = PARIS | {"lat": 33.66, "lon": -95.55}
    gold = _write(tmp_path, [_mention("باريس", **wrong), _mention("المجهولة", optional=True)])
    report = evaluate_places(gold, tmp_path)
    assert sorted(mistake.cause for mistake in report.mistakes) == ["misplaced", "spurious"]
    assert report.mentions.gold == 1


def test_other_half_is_left_alone(tmp_path: Path) -> None:
    gold = _write(tmp_path, [])
    with pytest.raises(OperatorError, match="no lines of the half test"):
        evaluate_places(gold, tmp_path, "test")


def test_a_gold_with_its_texts_needs_no_corpus(tmp_path: Path) -> None:
    gold = _write(tmp_path, [_mention("باريس", **PARIS)])
    with pytest.raises(OperatorError, match="has no text"):
        evaluate_places(gold)
    gold.write_text(json.dumps(json.loads(gold.read_text(encoding="utf-8")) | {"content": TEXT}), encoding="utf-8")
    assert evaluate_places(gold).mentions.gold == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "Invalid JSON"),
        ('{"url": "https://example.org/1", "source": "w", "length": 3}', "mentions: Field required"),
        (
            '{"url": "https://example.org/1", "source": "w", "length": 3, "mentions": [{"start": 0, "end": 1}]}',
            "mentions.0: .*needs kind, lat and lon",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n" + line, encoding="utf-8")
    with pytest.raises(OperatorError, match=f"gold.jsonl:2: {fault}"):
        evaluate_places(gold)


def test_the_command_prints_figures_and_mistakes(tmp_path: Path) -> None:
    wrong = PARIS | {"lat": 33.66, "lon": -95.55}
    gold = _write(
        tmp_path, [_mention("باريس", **wrong), _mention("حلب", **ALEPPO), _mention("المجهولة", optional=True)]
    )
    arguments = ["evaluate", "places", str(gold), "--corpus", str(tmp_path), "--mistakes", "--no-entities"]
    result = CliRunner().invoke(all_commands(), arguments)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert ["mentions", "0.500", "0.500", "0.500", "1", "2", "2"] in rows
    assert "misplaced: باريس" in result.output


def test_a_changed_corpus_is_an_error(tmp_path: Path) -> None:
    gold = _write(tmp_path, [], length=7)
    with pytest.raises(OperatorError, match="as it was labelled"):
        evaluate_places(gold, tmp_path)


def test_a_missing_gold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot read"):
        evaluate_places(tmp_path / "none.jsonl", tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"url": "https://example.org/1"\n', "gold.jsonl:1: Invalid JSON"),
        (b"\n\xff\n", "gold.jsonl:2: byte 1 is not UTF-8"),
        (
            b'{"url": "https://example.org/1", "source": "s", "length": 0, "content": "", "mentions": []}\n',
            "gold.jsonl:1: content: String should have at least 1 character",
        ),
    ],
)
def test_a_fault_in_a_gold_file_names_its_line(tmp_path: Path, content: bytes, fault: str) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_bytes(content)
    with pytest.raises(OperatorError, match=fault) as raised:
        evaluate_places(gold)
    assert raised.value.status == 1


def test_a_gold_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    gold = _write(tmp_path, [])
    gold.write_bytes(b"\xef\xbb\xbf" + gold.read_bytes())
    assert evaluate_places(gold, tmp_path).articles == 1


def test_countries_and_divisions_by_identity() -> None:
    place = Place(
        name="حلب", country="SY", kind="city", lat=36.2, lon=37.16, confidence=1, mentions=[Span(start=0, end=1)]
    )
    assert not same_place(place, ALEPPO)
    assert same_place(place.model_copy(update={"kind": "division"}), ALEPPO)
    assert not same_place(place, ALEPPO | {"kind": "country"})


def test_the_gold_is_whole() -> None:
    rows = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 40
    assert len({row["source"] for row in rows}) == 12
    assert {row["half"] for row in rows} == {"tune", "test"}
    second = GOLD.with_name("second.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["url"] for line in second}.isdisjoint(row["url"] for row in rows)
    for row in (*rows, *map(json.loads, second)):
        assert "content" not in row
        spans = [(m["start"], m["end"]) for m in row["mentions"]]
        assert all(0 <= start < end <= row["length"] for start, end in spans)
        assert all(first[1] <= second[0] for first, second in pairwise(spans))
