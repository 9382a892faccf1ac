"""A few hundred inputs for every fuzz target; `make fuzz` tries many more, guided by coverage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.broken import SEED, broken
from tests.fuzz.mutation import Failed, try_mutations
from tests.fuzz.targets import SEEDS, TARGETS

RUNS = {"query": 600, "positions": 3000, "records": 1000, "page": 60, "encoded": 100}


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_makes_it_fail(name: str) -> None:
    try_mutations(TARGETS[name], SEEDS[name], runs=RUNS[name])


def test_the_same_seed_makes_the_same_inputs() -> None:
    seen: list[list[bytes]] = [[], []]
    for inputs in seen:
        try_mutations(inputs.append, SEEDS["query"], runs=200, seed=7)
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 100


def test_a_failure_is_found_and_kept(tmp_path: Path) -> None:
    with pytest.raises(Failed) as error:
        try_mutations(broken, [SEED], runs=1_000_000)
    with pytest.raises(ZeroDivisionError):
        broken(error.value.data)
    command = [sys.executable, "-m", "tests.fuzz", "broken", "--seconds", "60", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr[-2000:]
    (kept,) = [path for path in (tmp_path / "broken").iterdir() if path.is_file()]
    assert subprocess.run([*command, "--input", str(kept)], capture_output=True, check=False).returncode == 1
