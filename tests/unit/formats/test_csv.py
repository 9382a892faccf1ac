"""CSV that a spreadsheet can open and a program can read back."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.formats.csv import COLUMNS, JOINT, defused, line, looks_like_formula, row
from tests.support.articles import article

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def _read(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))


@given(st.lists(TEXT, min_size=1, max_size=5), st.sampled_from([",", ";", "\t"]))
def test_every_text_comes_back_as_it_was(cells: list[str], separator: str) -> None:
    assert _read(line(cells, separator, safe=False), separator) == [cells]


@given(TEXT)
def test_no_cell_begins_like_a_formula_and_the_apostrophe_can_be_undone(text: str) -> None:
    shown = defused(text)
    assert not re.match(r"\s*[=+\-@＝＋－＠]", shown)
    restored = shown[1:] if shown.startswith("'") and looks_like_formula(shown) else shown
    assert restored == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+966 11", "-قال", "@SUM(A1)", "＝1", "\t=1", "\r=1", "  =1", "\u200f=HYPERLINK(1)", "\n", "'=1",
        "\ufeff-1", "=cmd|'/c calc'!A0",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "خبر", "«قال» = نعم", "2024-02-03", "a@b", "'نص'", "\u200fخبر", "١-٢", "…"])
def test_all_other_text_is_left_as_it_is(text: str) -> None:
    assert defused(text) == text


def test_a_row_holds_what_the_columns_are_called() -> None:
    places: list[dict[str, object]] = [
        {"name": n, "country": "LB", "kind": "city", "lat": 33, "lon": 35, "confidence": 1, "mentions": []}
        for n in ("بيروت", "صيدا")
    ]
    entities = [
        {"text": n, "name": n, "type": t, "start": 0, "end": 1, "score": 1}
        for n, t in (("سالم العمري", "PER"), ("وزارة الثقافة", "ORG"), ("سالم العمري", "PER"))
    ]
    cluster = {"id": "c1", "relation": "near", "score": 1, "canonical_id": "a0"}
    made = article(places=places, entities=entities, cluster=cluster, agencies=["رويترز", "أ ف ب"])
    cells = dict(zip(COLUMNS, row(made.model_dump(mode="json"), tuple(COLUMNS)), strict=True))
    assert cells["persons"] == "سالم العمري"
    assert cells["organisations"] == "وزارة الثقافة"
    assert cells["places"] == f"بيروت{JOINT}صيدا"
    assert cells["countries"] == "LB"
    assert cells["agencies"] == f"رويترز{JOINT}أ ف ب"
    assert (cells["cluster"], cells["relation"]) == ("c1", "near")
    assert (cells["byline"], cells["published_at"]) == ("", "")
    assert cells["ingested_at"] == "2024-02-03T04:05:06Z"
    assert cells["body"] == made.body
