"""The gate for speed: what counts as too slow, and that all that it measures has a bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quick import __main__ as quick
from benchmarks.quick.__main__ import Bounds, Measured, read_bounds
from streams.pipeline import load_pipeline

BOUNDS = Bounds(most={"clean": 0.2}, least={"worker": 0.5})


@pytest.mark.parametrize(
    ("name", "ratios", "crossed"),
    [
        ("clean", [0.1, 0.2, 0.9], False),
        ("clean", [0.1, 0.21, 0.3], True),
        ("worker", [0.1, 0.5, 0.6], False),
        ("worker", [0.4, 0.49, 0.9], True),
    ],
)
def test_the_median_decides(name: str, ratios: list[float], crossed: bool) -> None:
    assert BOUNDS.crossed(Measured(name, ratios)) is crossed


def test_what_has_no_bound_is_an_error() -> None:
    with pytest.raises(KeyError, match="new"):
        BOUNDS.crossed(Measured("new", [1.0]))


def test_every_stage_with_results_has_a_bound() -> None:
    stages = {link.stage for link in load_pipeline().links if link.writes is not None}
    assert stages <= read_bounds().most.keys()


def test_a_crossed_bound_is_named_and_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bounds.toml"
    file.write_text("[most]\nclean = 0.2\ngeotag = 0.2\n[least]\n", encoding="utf-8")
    monkeypatch.setattr(quick, "read_bounds", lambda: read_bounds(file))
    monkeypatch.setattr(quick, "stages", lambda _: iter([Measured("clean", [0.3]), Measured("geotag", [0.2])]))
    monkeypatch.setattr("sys.argv", ["quick", "--only", "stages"])

    assert quick.main() == 1

    printed = capsys.readouterr()
    assert printed.err == "beyond bounds.toml: clean\n"
    assert "| geotag | 0.200 [0.200, 0.200] | ≤ 0.2 | held |" in printed.out


def test_records_of_two_rounds_share_no_id() -> None:
    samples = quick.sample_records()
    assert len(samples) > 50
    first, second = (set(quick.changed(samples, number)) for number in range(2))
    assert len(first) == len(samples)
    assert not first & second
