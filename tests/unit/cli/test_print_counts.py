"""Counts as the terminal shows them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from streams.api.counts import Count, Facets, Step, Timeline
from streams.cli import print_counts


def _timeline(*steps: tuple[str, int]) -> Timeline:
    made = [Step(start=start, articles=count, stories=1) for start, count in steps]
    return Timeline(
        total=sum(count for _, count in steps), partial=False, relaxed=False, notes=[], interval="day", steps=made
    )


@pytest.mark.parametrize(
    ("count", "shown"), [(100, "████"), (50, "██"), (0, "▏"), (1, "▏"), (28, "█▏"), (99, "████"), (97, "███▉")]
)
def test_a_bar_is_as_long_as_its_share(count: int, shown: str) -> None:
    assert print_counts.bar(count, 100, 4) == shown


def test_a_sparkline_shows_gaps_and_the_least_count() -> None:
    timeline = _timeline(
        ("2026-03-28T00:00:00+02:00", 1), ("2026-03-31T00:00:00+03:00", 8), ("2026-04-01T00:00:00+03:00", 400)
    )
    assert print_counts.without_gaps(timeline) == [1, 0, 0, 8, 400]
    assert print_counts.sparkline(print_counts.without_gaps(timeline)) == "▁  ▁█"
    assert print_counts.sparkline([]) == ""


def test_names_are_isolated_on_a_terminal_only() -> None:
    facets = Facets(
        total=3, partial=False, relaxed=False, notes=[], facets={"persons": [Count(value="زياد (BBC)", articles=3)]}
    )
    for terminal, shown in ((False, "  زياد (BBC) 3"), (True, "  \u2068زياد (BBC)\u2069 3")):
        file = io.StringIO()
        print_counts.print_facets(facets, Console(file=file, width=100, force_terminal=terminal, color_system=None))
        assert file.getvalue().splitlines()[1].startswith(shown)


def test_a_long_timeline_fits_the_line() -> None:
    file = io.StringIO()
    steps = [(f"2026-{month:02}-{day:02}T00:00:00+00:00", day) for month in (1, 2, 3, 4, 5, 7) for day in range(1, 29)]
    print_counts.print_timeline_row(_timeline(*steps), Console(file=file, width=60, color_system=None))
    (line,) = file.getvalue().splitlines()
    assert len(line) <= 60
    assert line.startswith("2026-01-01  ▂")
    # In June there was nothing.
    assert "▇     ▁" in line
    assert line.endswith("2026-07-28")
