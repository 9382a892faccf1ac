"""BIO tags and the spans they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

Kind = Literal["PER", "LOC", "ORG"]
TYPES: tuple[Kind, ...] = get_args(Kind)
# The order of the columns of every array of tag probabilities, and of the model file.
TAGS = ("O", *(f"{prefix}-{kind}" for kind in TYPES for prefix in "BI"))
# [before][after]: whether `after` is an I- that continues no entity of its class.
BREAKS = [[after[0] == "I" and before[2:] != after[2:] for after in TAGS] for before in TAGS]
_PRINTED = re.compile(r"^([BI])-+(PER|LOC|ORG)S?$")


@dataclass(frozen=True, slots=True, order=True)
class TagSpan:
    """Mark one entity of a sentence.

    Attributes:
        start, end: indices of its first token and of the one after its last.
        kind: its class.
    """

    start: int
    end: int
    kind: Kind


def read_tag(text: str) -> str:
    """Read a tag as corpora print it: PERS is PER, and any class other than PER, LOC and ORG is O."""
    match = _PRINTED.match(text)
    return f"{match[1]}-{match[2]}" if match else "O"


def repair(tags: Sequence[str]) -> list[str]:
    """Turn each I- that continues no entity of its class into a B-; [tokens] in, [tokens] out."""
    if tags.count("O") == len(tags):  # most sentences
        return list(tags)
    fixed: list[str] = []
    before = "O"
    for tag in tags:
        fixed.append(f"B-{tag[2:]}" if tag.startswith("I-") and before[2:] != tag[2:] else tag)
        before = tag
    return fixed


def spans(tags: Sequence[str]) -> list[TagSpan]:
    """List the entities of one sentence, left to right; its tags are repaired first (`repair`)."""
    found: list[TagSpan] = []
    if tags.count("O") == len(tags):
        return found
    start = 0
    open_kind: Kind | None = None
    for index, tag in enumerate([*repair(tags), "O"]):
        if open_kind and not tag.startswith("I-"):
            found.append(TagSpan(start, index, open_kind))
            open_kind = None
        if tag.startswith("B-"):
            start, open_kind = index, cast(Kind, tag[2:])
    return found
