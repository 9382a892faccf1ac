"""`rasd enrich` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from streams.cli.main import app

PAGE = "افتتاح معرض الكتاب في العاصمة\nTT\nافتتح معرض الكتاب أمس في العاصمة بمشاركة مئتي دار نشر من عشرين بلداً.\n"


def _enriched(path: Path, *options: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["enrich", str(path), "-o", str(path.with_suffix(".jsonl")), *options])
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
