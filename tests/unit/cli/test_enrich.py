"""`rasd enrich` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.app import all_commands
from streams.errors import OperatorError

PAGE = "افتتاح معرض الكتاب في العاصمة\nTT\nافتتح معرض الكتاب أمس في العاصمة بمشاركة مئتي دار نشر من عشرين بلداً.\n"


def _enriched(path: Path, *options: str) -> dict[str, object]:
    result = CliRunner().invoke(all_commands(), ["enrich", str(path), "-o", str(path.with_suffix(".jsonl")), *options])
    assert result.exit_code == 0, result.output
    trace: dict[str, object] = json.loads(path.with_suffix(".jsonl").read_text(encoding="utf-8"))["trace"]["clean"]
    return trace


def test_explain_tells_what_left_the_page_and_why(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    assert "removed" not in _enriched(page)
    assert _enriched(page, "--explain")["removed"] == [
        {"text": "TT", "reason": "widget"},
        {"text": "افتتاح معرض الكتاب في العاصمة", "reason": "title"},
    ]


def test_geojson_is_one_collection_of_points(tmp_path: Path) -> None:
    pages = [
        {"url": f"https://example.org/{n}", "source": "wire", "title": f"خبر {n}", "content": text}
        for n, text in enumerate(("وصل الوفد إلى دمشق ثم زار تدمر.", "قال الكاتب إن الوقت قد حان للعمل."))
    ]
    (tmp_path / "day.json").write_text(json.dumps(pages), encoding="utf-8")
    target = tmp_path / "day.geojson"
    result = CliRunner().invoke(all_commands(), ["enrich", str(tmp_path / "day.json"), "--geojson", "-o", str(target)])
    assert result.exit_code == 0, result.output
    collection = json.loads(target.read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    by_name = {feature["properties"]["name_en"]: feature for feature in collection["features"]}
    assert set(by_name) == {"Damascus", "Palmyra"}
    longitude, latitude = by_name["Palmyra"]["geometry"]["coordinates"]
    assert (round(longitude), round(latitude)) == (38, 35)
    assert by_name["Palmyra"]["properties"]["division"] == "حمص"
    assert [feature["properties"]["main"] for feature in collection["features"]] == [True, False]
    assert by_name["Damascus"]["properties"]["article_url"] == "https://example.org/0"


def test_geojson_without_any_place_is_valid(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    target = tmp_path / "none.geojson"
    result = CliRunner().invoke(all_commands(), ["enrich", str(page), "--geojson", "-o", str(target)])
    assert result.exit_code == 0, result.output
    assert json.loads(target.read_text(encoding="utf-8")) == {"type": "FeatureCollection", "features": []}


def test_refused_and_unreadable_records_are_named_in_their_place_and_the_rest_is_written(tmp_path: Path) -> None:
    def page(number: int, text: str) -> str:
        return json.dumps({"url": f"https://example.org/{number}", "source": "wire", "title": "خبر", "content": text})

    lines = [page(number, f"وصل الوفد رقم {number} إلى دمشق صباح اليوم.") for number in range(70)]
    lines[3], lines[66] = page(3, "   "), "{"
    day = tmp_path / "day.jsonl"
    day.write_text("\n".join(lines), encoding="utf-8")
    (broken := tmp_path / "broken.zip").write_bytes(b"PK")
    target = tmp_path / "out.jsonl"
    result = CliRunner().invoke(all_commands(), ["enrich", str(day), str(broken), "-o", str(target)])
    written = [json.loads(line)["url"] for line in target.read_text(encoding="utf-8").splitlines()]
    assert written == [f"https://example.org/{number}" for number in range(70) if number not in (3, 66)]
    assert f"{day}:4: " in result.stderr.replace("\n", "")
    assert f"{day}:67: " in result.stderr.replace("\n", "")
    assert isinstance(result.exception, OperatorError)
    assert "broken.zip" in str(result.exception)


@pytest.mark.parametrize(
    ("paths", "output"),
    [
        (["day.jsonl"], "day.jsonl"),
        (["day.jsonl"], "alias.jsonl"),
        (["."], "new.jsonl"),
        (["nowhere.jsonl"], "day.jsonl"),
        (["-", "nowhere.jsonl"], "day.jsonl"),
    ],
)
def test_no_file_is_emptied_that_is_still_to_be_read_or_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    line = json.dumps({"url": "https://example.org/1", "source": "wire", "title": "خبر", "content": "وصل الوفد أمس."})
    Path("day.jsonl").write_text(line, encoding="utf-8")
    Path("alias.jsonl").symlink_to("day.jsonl")
    result = CliRunner().invoke(all_commands(), ["enrich", *paths, "-o", output])
    assert isinstance(result.exception, OperatorError)
    assert result.exception.status == 2
    assert Path("day.jsonl").read_text(encoding="utf-8") == line
    assert not Path("new.jsonl").exists()


def test_of_copies_in_one_file_the_first_one_is_the_first(tmp_path: Path) -> None:
    text = "افتتحت بلدية الساحل أمس مكتبة عامة جديدة تضم خمسين ألف كتاب وقاعة للأطفال، وقالت إنها تستقبل الزوار كل يوم."
    pages = [
        {"url": f"https://example.org/{n}", "source": f"wire{n}", "title": "خبر", "content": text} for n in range(30)
    ]
    (tmp_path / "day.json").write_text(json.dumps(pages), encoding="utf-8")
    target = tmp_path / "out.jsonl"
    result = CliRunner().invoke(all_commands(), ["enrich", str(tmp_path / "day.json"), "-o", str(target)])
    assert result.exit_code == 0, result.output
    clusters = [json.loads(line)["cluster"] for line in target.read_text(encoding="utf-8").splitlines()]
    assert [cluster["relation"] for cluster in clusters] == ["first", *["exact"] * 29]
    assert len({cluster["id"] for cluster in clusters}) == 1
