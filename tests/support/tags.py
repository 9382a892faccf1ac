"""Probabilities of tags as a tagger gives them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS


def row(**chances: float) -> NDArray[np.float32]:
    """[tags] with these chances (B_PER is B-PER); O has what is left."""
    found = np.zeros(len(TAGS), dtype=np.float32)
    for name, chance in chances.items():
        found[TAGS.index(name.replace("_", "-"))] = chance
    found[0] = 1 - found.sum()
    return found
