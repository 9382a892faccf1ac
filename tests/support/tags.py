"""Tags, and probabilities of tags, as taggers give them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents.entities.bio import TAGS
from agents.entities.taggers.base import Tagger


def tags_of(tagger: Tagger, tokens: Sequence[str]) -> list[str]:
    """The BIO tags of a text of one sentence."""
    ((tagging,),) = tagger.tag_texts([[tokens]])
    return tagging.tags


def row(**chances: float) -> NDArray[np.float32]:
    """[tags] with these chances (B_PER is B-PER); O has what is left."""
    found = np.zeros(len(TAGS), dtype=np.float32)
    for name, chance in chances.items():
        found[TAGS.index(name.replace("_", "-"))] = chance
    found[0] = 1 - found.sum()
    return found
