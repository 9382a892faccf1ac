"""Hits on a terminal."""

import io

from rich.console import Console

from streams.search.hits import Highlight, Highlights, Hit, SearchPage
from streams.search.terminal import is_rtl, marked, print_page
from tests.support.articles import article


def _page(*hits: Hit, total: int = 1, exact: bool = True, partial: bool = False) -> SearchPage:
    return SearchPage(total=total, total_is_exact=exact, partial=partial, took_ms=7, hits=list(hits))


def _shown(page: SearchPage, width: int = 80) -> list[str]:
    stream = io.StringIO()
    print_page(page, Console(file=stream, width=width, no_color=True), query="كتاب")
    return stream.getvalue().splitlines()


def test_direction_is_that_of_the_first_strong_letter() -> None:
    assert is_rtl("«قمة» G20")
    assert not is_rtl("G20 قمة")
    assert not is_rtl("2024 – 30%")


def test_matches_are_styled_where_the_marks_are() -> None:
    text = marked(Highlight(text="معرض الكتاب", marks=[(5, 11)]))
    assert [text.plain[span.start : span.end] for span in text.spans] == ["الكتاب"]


def test_arabic_stands_on_the_right_and_latin_on_the_left() -> None:
    arabic = Hit(score=1, article=article(), highlights=Highlights(), stories=3)
    latin = Hit(score=1, article=article(title="Budget vote", language="en"), highlights=Highlights())
    lines = _shown(_page(arabic, latin, total=12, exact=False))
    title = next(line for line in lines if "افتتاح" in line)
    assert title.startswith(" ")
    assert title.rstrip() == title
    assert any(line.startswith("Budget vote") for line in lines)
    assert any("3 copies" in line for line in lines)
    assert any("at least 12 articles in 7 ms" in line for line in lines)


def test_markup_in_a_title_is_text() -> None:
    hit = Hit(score=1, article=article(title="[bold]عاجل[/bold]"), highlights=Highlights())
    assert any("[bold]عاجل[/bold]" in line for line in _shown(_page(hit)))


def test_nothing_found_and_time_run_out_are_said() -> None:
    assert "no article found" in _shown(_page(total=0))[0]
    hit = Hit(score=1, article=article(), highlights=Highlights())
    assert any("ran out of time" in line for line in _shown(_page(hit, partial=True)))
