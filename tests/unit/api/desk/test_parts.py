"""Addresses, marked passages, pictures and files."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.api.counts import interval_for
from streams.api.desk import charts
from streams.api.desk.addresses import Address
from streams.api.desk.assets import Assets, load_assets
from streams.api.desk.passages import marked, names_of, paragraphs
from tests.support.articles import article

HERE = Address("ar", "search", (("q", "a b"), ("source", "x"), ("source", "y"), ("cursor", "9")))


def test_an_address_is_changed_one_filter_at_a_time_and_begins_again() -> None:
    assert str(HERE) == "/ar/search?q=a+b&source=x&source=y&cursor=9"
    assert str(HERE.lacking("source", "x")) == "/ar/search?q=a+b&source=y"
    assert str(HERE.having("place", "مصر")) == "/ar/search?q=a+b&source=x&source=y&place=%D9%85%D8%B5%D8%B1"
    assert HERE.having("source", "x") == HERE
    assert str(HERE.setting(q="c", from_="2024")) == "/ar/search?source=x&source=y&q=c&from=2024"
    assert str(HERE.setting(q=None).at("12")) == "/ar/search?source=x&source=y&cursor=12"
    assert str(HERE.speaking("en")).startswith("/en/search?q=a+b")
    assert HERE.api("/export", format="csv") == "/export?q=a+b&source=x&source=y&format=csv"
    assert str(HERE.to("articles/a/ب?")) == "/ar/articles/a/%D8%A8%3F"


def test_names_do_not_overlap_and_the_longest_wins() -> None:
    body = "زار مجلس بيروت بلدة\nثم عاد"
    shown = article(
        body=body,
        entities=[
            {"text": "مجلس بيروت", "type": "ORG", "start": 4, "end": 14, "score": 1, "name": "مجلس بيروت"},
            {"text": "زار", "type": "PER", "start": 0, "end": 3, "score": 1, "name": "زار"},
            {"text": "?", "type": "PER", "start": 90, "end": 99, "score": 1, "name": "beyond the text"},
        ],
        places=[
            {
                "name": "بيروت",
                "kind": "city",
                "lat": 1,
                "lon": 1,
                "confidence": 1,
                "mentions": [{"start": 9, "end": 14}],
            }
        ],
    )
    assert [(name.kind, name.start) for name in names_of(shown)] == [("per", 0), ("org", 4)]


def test_paragraphs_keep_every_character_and_cut_at_names_and_matches() -> None:
    body = "أول سطر 😀\n\nثانٍ"
    runs = paragraphs(body, (), [(4, 7), (9, 13)])
    assert ["".join(run.text for run in one) for one in runs] == ["أول سطر 😀", "ثانٍ"]
    assert [(run.text, run.marked) for run in runs[0]] == [("أول ", False), ("سطر", True), (" 😀", False)]


def test_marks_are_the_only_markup() -> None:
    assert marked("<a> b & c", [(0, 3), (8, 9)]) == "<mark>&lt;a&gt;</mark> b &amp; <mark>c</mark>"
    assert marked("abc", [(1, 9), (2, 2)]) == "abc"


def test_a_histogram_keeps_gaps_and_runs_from_right_to_left_in_arabic() -> None:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    steps = [(day, 4), (day + timedelta(days=19), 2)]
    left = charts.histogram(steps, "day", 100, 10, mirrored=False)
    right = charts.histogram(steps, "day", 100, 10, mirrored=True)
    assert [round(bar.x) for bar in left] == [0, 95]
    assert [round(bar.x) for bar in right] == [95, 0]
    assert [bar.height for bar in left] == [10, 5]
    assert left[1].end == day + timedelta(days=20)
    assert charts.next_start(datetime(2024, 12, 1, tzinfo=UTC), "month") == datetime(2025, 1, 1, tzinfo=UTC)
    assert [bar.width < 10 for bar in charts.histogram(steps[:1], "day", 100, 10, mirrored=False)] == [True]
    assert charts.next_start(datetime(2024, 10, 1, tzinfo=UTC), "quarter") == datetime(2025, 1, 1, tzinfo=UTC)
    assert charts.next_start(datetime(2024, 1, 1, tzinfo=UTC), "year") == datetime(2025, 1, 1, tzinfo=UTC)
    assert charts.histogram([], "day", 100, 10, mirrored=False) == []


@pytest.mark.parametrize(
    ("days", "interval"),
    [(0.05, "minute"), (2, "hour"), (60, "day"), (500, "week"), (3000, "month"), (8000, "quarter"), (90000, "year")],
)
def test_the_interval_fits_the_span(days: float, interval: str) -> None:
    assert interval_for(timedelta(days=days)) == interval


def test_names_of_files_follow_their_content_and_that_of_what_they_refer_to(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("src: url(asset:b.svg)")
    (tmp_path / "b.svg").write_text("<svg/>")
    sources = {"a.css": tmp_path / "a.css", "b.svg": tmp_path / "b.svg"}
    before = Assets(sources)
    sheet = before.at(before.url("a.css"))
    assert sheet is not None
    assert before.url("b.svg").encode() in sheet.content
    assert gzip.decompress(sheet.compressed) == sheet.content
    (tmp_path / "b.svg").write_text("<svg></svg>")
    after = Assets(sources)
    assert before.url("a.css") != after.url("a.css")
    (tmp_path / "b.svg").unlink()
    with pytest.raises(FileNotFoundError):
        Assets(sources)


def test_the_first_view_is_small() -> None:
    """300 KB compressed, fonts apart: all styles and scripts together stay far below."""
    loaded = load_assets()
    scripts = ("page.js", "keys.js", "fragments.js", "brush.js", "complete.js", "png.js", "ticker.js")
    names = ("desk.css", *scripts, "icon.svg")
    assert sum(len(asset.compressed) for name in names if (asset := loaded.at(loaded.url(name)))) < 60_000
