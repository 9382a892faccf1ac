"""Hits on a terminal."""

import io

from rich.console import Console

from streams.cli.print_hits import is_rtl, marked, print_page
from streams.search.highlight import Highlight, Highlights
from streams.search.hits import Hit, SearchPage, outline
from tests.support.articles import article


def _page(*hits: Hit, total: int = 1, exact: bool = True, partial: bool = False) -> SearchPage:
    return SearchPage(total=total, total_is_exact=exact, partial=partial, took_ms=7, hits=list(hits))


def _shown(page: SearchPage, width: int = 80, *, terminal: bool = True) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    print_page(page, console, query="كتاب")
    return stream.getvalue().splitlines()


def test_direction_is_that_of_the_first_strong_letter() -> None:
    assert is_rtl("«قمة» G20")
    assert not is_rtl("G20 قمة")
    assert not is_rtl("2024 – 30%")


def test_matches_are_styled_where_the_marks_are() -> None:
    text = marked(Highlight(text="معرض الكتاب", marks=[(5, 11)]))
    assert [text.plain[span.start : span.end] for span in text.spans] == ["الكتاب"]


def test_arabic_stands_on_the_right_and_latin_on_the_left() -> None:
    first = outline(article(id="a0", source="alufuq"))
    arabic = Hit(score=1, article=article(), highlights=Highlights(), stories=3, first=first)
    latin = Hit(score=1, article=article(title="Budget vote", language="en"), highlights=Highlights())
    lines = _shown(_page(arabic, latin, total=12, exact=False))
    title = next(line for line in lines if "افتتاح" in line)
    assert title.startswith(" ")
    assert title.rstrip() == title
    assert any(line.startswith("Budget vote") for line in lines)
    assert any("3 copies" in line and "first: " in line and "alufuq" in line for line in lines)
    assert any("at least 12 articles in 7 ms" in line for line in lines)


def test_markup_in_a_title_is_text() -> None:
    hit = Hit(score=1, article=article(title="[bold]عاجل[/bold]"), highlights=Highlights())
    assert any("[bold]عاجل[/bold]" in line for line in _shown(_page(hit)))


def test_nothing_found_and_time_run_out_are_said() -> None:
    assert "no article found" in _shown(_page(total=0))[0]
    hit = Hit(score=1, article=article(), highlights=Highlights())
    assert any("search timed out" in line for line in _shown(_page(hit, partial=True)))


def test_a_pipe_gets_plain_lines_without_padding_marks_of_direction_or_escapes() -> None:
    highlights = Highlights(title=Highlight(text="افتتاح معرض الكتاب", marks=[(13, 18)]))
    lines = _shown(_page(Hit(score=1, article=article(), highlights=highlights)), width=100, terminal=False)
    assert all(line == line.rstrip() for line in lines)
    assert lines[:4] == ["1.", "افتتاح معرض الكتاب", "almina", "https://almina.example.com/news/1"]
    assert not any(character in line for line in lines for character in "\u2068\u2069\x1b")
    assert _shown(_page(total=0), terminal=False) == ["no article found for كتاب"]


def test_matches_are_coloured_on_a_terminal_alone() -> None:
    hit = Hit(score=1, article=article(), highlights=Highlights(title=Highlight(text="معرض الكتاب", marks=[(5, 11)])))

    def printed(*, terminal: bool) -> str:
        stream = io.StringIO()
        console = Console(
            file=stream, width=60, force_terminal=terminal, color_system="standard" if terminal else "auto"
        )
        print_page(_page(hit), console)
        return stream.getvalue()

    assert "\x1b[1;33mالكتاب" in printed(terminal=True)
    assert "\x1b" not in printed(terminal=False)
