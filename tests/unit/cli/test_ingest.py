"""rasd ingest without Kafka: what it would send, and what it refuses to begin."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.app import all_commands
from streams.errors import OperatorError
from tests.support.articles import BODY, raw_bytes


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(all_commands(), ["ingest", *map(str, arguments)])


def test_a_rehearsal_shows_what_would_be_sent_and_what_is_wrong(tmp_path: Path) -> None:
    day = tmp_path / "day.jsonl"
    lines = [raw_bytes(id=str(number)) for number in range(8)]
    lines[3] = b'{"title": "x"}'
    lines[4] = raw_bytes(published_at="yesterday")
    day.write_bytes(b"\n".join(lines))
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\0\1")
    result = run(tmp_path, "--dry-run")
    assert "7 records would be sent to articles.raw" in result.stdout
    assert "almina" in result.stdout
    assert f"{day}:1: https://almina.example.com/news/1 | no time | افتتاح معرض الكتاب في بيروت" in result.stdout
    assert "1 times published_at: " in result.stdout
    assert f"{day}:5: published_at" in result.stdout
    assert f"{day}:4: url: Field required" in result.stderr
    assert "skipped 1 .png files (logo.png)" in result.stderr
    assert isinstance(result.exception, OperatorError)
    assert "1 records cannot be read" in str(result.exception)


def test_a_rehearsal_without_faults_ends_well(tmp_path: Path) -> None:
    with (tmp_path / "x.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["headline", "n", "txt"], ["عنوان", "https://almina.example/1", BODY]])
    result = run(tmp_path, "--dry-run", "--map", "content=txt", "--map", "url=n", "--source", "المينا")
    assert result.exit_code == 0, result.output
    assert "المينا" in result.stdout
    assert "1 records would be sent" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["", "--dry-run"], "a path is empty"),
        (["gone.json", "--dry-run"], "no such file or folder"),
        (["x.json", "--map", "headline=title", "--dry-run"], "not a field of raw records"),
        (["x.json", "--map", "title", "--dry-run"], "not a field of raw records"),
        (["x.json", "--format", "word", "--dry-run"], "unknown format word"),
        (["x.json", "--source", " ", "--dry-run"], "--source is empty"),
        (["x.json", "--from", "nowhere"], "nowhere"),
    ],
)
def test_wrong_arguments_end_it_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.json").write_bytes(raw_bytes())
    result = run(*arguments)
    assert isinstance(result.exception, OperatorError)
    assert result.exception.status == 2
    assert fault in str(result.exception)


def test_enrich_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "x.jl"
    file.write_text(json.dumps({"link": "https://almina.example/1", "headline": "عنوان الخبر", "text": BODY}))
    result = CliRunner().invoke(all_commands(), ["enrich", str(file), "--source", "المينا"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["source"] == "المينا"
