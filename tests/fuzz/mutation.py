"""Fuzzing without guidance by coverage: for `make test`, and where atheris is not installed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

MOST_BYTES = 20_000


class Failed(Exception):
    """A target failed.

    Attributes:
        data: the input that it failed for.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(f"the target fails for {data!r:.500}")
        self.data = data


def try_mutations(
    target: Callable[[bytes], None], seeds: Sequence[str], *, runs: int, seconds: float = float("inf"), seed: int = 1
) -> None:
    """Run a target on the seeds and on random changes of them: pieces exchanged, dropped, doubled and invented.

    Args:
        target: what is fuzzed.
        seeds: inputs to begin with.
        runs: number of inputs; negative for no limit.
        seconds: most time.
        seed: of the random numbers; the same one makes the same inputs.

    Raises:
        Failed: the target raises.
    """
    rng = random.Random(seed)
    known = [text.encode() for text in seeds]
    inputs = list(known)
    deadline = time.monotonic() + seconds
    done = 0
    while done != runs and time.monotonic() < deadline:
        if inputs:
            data = inputs.pop()
        else:
            data = rng.choice(known)
            for _ in range(rng.randint(1, 8)):
                start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
                piece = rng.choice([b"", data[start:end] * 2, rng.randbytes(rng.randint(1, 8)), rng.choice(known)])
                data = (data[:start] + piece + data[end:])[:MOST_BYTES]
        try:
            target(data)
        except Exception as error:
            raise Failed(data) from error
        done += 1
