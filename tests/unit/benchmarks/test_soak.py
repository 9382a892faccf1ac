"""The slope that the soak reports."""

from __future__ import annotations

from benchmarks.soak.__main__ import Sample, slope


def test_the_slope_is_an_hour_s_and_one_peak_does_not_change_it() -> None:
    samples = [Sample(seconds=10.0 * at, memory=100 + at / 36, handles=50, threads=9) for at in range(20)]
    samples[7] = Sample(70.0, 900.0, 400, 9)
    assert round(slope(samples, "memory"), 6) == 10.0
    assert slope(samples, "handles") == 0
    assert slope(samples[:1], "memory") == 0
