"""Ranking figures and how sure they are. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from statistics import fmean

DEPTH = 100


def reciprocal_rank(rank: int | None) -> float:
    """1/rank of the one relevant document; 0 when it is not among the first DEPTH."""
    return 0.0 if rank is None else 1 / rank


def ndcg10(rank: int | None) -> float:
    """nDCG@10 with one relevant document."""
    return 0.0 if rank is None or rank > 10 else 1 / math.log2(rank + 1)


MEASURES: dict[str, Callable[[int | None], float]] = {
    "R@1": lambda rank: float(rank == 1),
    "R@10": lambda rank: float(rank is not None and rank <= 10),
    "MRR": reciprocal_rank,
    "nDCG@10": ndcg10,
}


def figures(ranks: Sequence[int | None]) -> dict[str, float]:
    """Mean of every measure over the questions."""
    return {name: fmean(map(measure, ranks)) for name, measure in MEASURES.items()}


def paired_bootstrap(
    one: Sequence[int | None],
    other: Sequence[int | None],
    measure: Callable[[int | None], float],
    rounds: int = 2000,
    seed: int = 7,
) -> tuple[float, float, float]:
    """Difference of the means (one - other) with its 95 % percentile interval; both ranked the same questions."""
    differences = [measure(a) - measure(b) for a, b in zip(one, other, strict=True)]
    chance = random.Random(seed)
    means = sorted(fmean(chance.choices(differences, k=len(differences))) for _ in range(rounds))
    return fmean(differences), means[int(0.025 * rounds)], means[int(0.975 * rounds) - 1]
