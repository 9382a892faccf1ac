"""Two searches over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.api.desk.comparison import align, draw, to_csv

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def _days(*counts: int) -> list[tuple[datetime, int]]:
    return [(DAY + timedelta(days=number), count) for number, count in enumerate(counts) if count]


def test_a_share_is_of_what_was_delivered_and_gaps_stay_gaps() -> None:
    steps = align(_days(10, 0, 40), [dict(_days(5, 0, 10)), {}], "day")
    assert [(step.delivered, step.counts, step.share(0), step.share(1)) for step in steps] == [
        (10, (5, 0), 0.5, 0.0),
        (0, (0, 0), None, None),
        (40, (10, 0), 0.25, 0.0),
    ]
    picture = draw(steps, 2, shares=True, mirrored=False)
    assert picture.highest == 0.5
    # Two lines of one point each, as nothing leads across the gap.
    assert [len(lines) for lines in picture.lines] == [2, 2]
    assert picture.lines[0][0].split()[0].endswith(",0.0")
    assert picture.gaps == [(333.3, 333.3)]
    assert draw(steps, 2, shares=False, mirrored=False).highest == 10


def test_time_runs_from_right_to_left_where_mirrored() -> None:
    steps = align(_days(1, 1, 1), [dict(_days(1, 1, 1))], "day")
    (line,) = draw(steps, 1, shares=True, mirrored=True).lines[0]
    across = [float(point.partition(",")[0]) for point in line.split()]
    assert across == sorted(across, reverse=True)


def test_days_that_summer_time_shortens_are_no_gaps() -> None:
    # As the API answers in Cairo: the clocks go forward in April and back in October.
    for texts in (
        ("2026-04-23T00:00:00+02:00", "2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"),
        ("2026-10-29T00:00:00+03:00", "2026-10-30T00:00:00+02:00", "2026-10-31T00:00:00+02:00"),
    ):
        days = [datetime.fromisoformat(text) for text in texts]
        steps = align([(day, 2) for day in days], [dict.fromkeys(days, 1)], "day")
        assert [(step.start, step.delivered, step.counts) for step in steps] == [(day, 2, (1,)) for day in days]


def test_nothing_delivered_is_nothing_to_draw() -> None:
    assert align([], [{}], "day") == []
    assert draw([], 1, shares=True, mirrored=False).lines == [[]]


def test_the_table_leaves_unknown_shares_empty() -> None:
    steps = align(_days(4, 0, 3), [dict(_days(1))], "day")
    assert to_csv(steps, 1).splitlines()[:3] == [
        "start,delivered,articles_1,share_1",
        "2026-03-01T00:00:00+00:00,4,1,0.25",
        "2026-03-02T00:00:00+00:00,0,0,",
    ]
