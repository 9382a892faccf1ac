"""Ranking figures and how sure they are. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import fmean

DEPTH = 100


def reciprocal_rank(rank: int | None) -> float:
    """1/rank of the one relevant document; 0 when it is not among the first DEPTH."""
    return 0.0 if rank is None else 1 / rank


def ndcg10(rank: int | None) -> float:
    """nDCG@10 with one relevant document."""
    return 0.0 if rank is None or rank > 10 else 1 / math.log2(rank + 1)


def figures(ranks: Sequence[int | None]) -> dict[str, float]:
    """Mean figures over questions."""
    return {
        "R@1": fmean(rank == 1 for rank in ranks),
        "R@10": fmean(rank is not None and rank <= 10 for rank in ranks),
        "MRR": fmean(map(reciprocal_rank, ranks)),
        "nDCG@10": fmean(map(ndcg10, ranks)),
    }


def paired_bootstrap(
    one: Sequence[int | None], other: Sequence[int | None], rounds: int = 2000, seed: int = 7
) -> tuple[float, float, float]:
    """Difference of MRR (one - other) with its 95 % percentile interval; both ranked the same questions."""
    differences = [reciprocal_rank(a) - reciprocal_rank(b) for a, b in zip(one, other, strict=True)]
    chance = random.Random(seed)
    means = sorted(fmean(chance.choices(differences, k=len(differences))) for _ in range(rounds))
    return fmean(differences), means[int(0.025 * rounds)], means[int(0.975 * rounds) - 1]
