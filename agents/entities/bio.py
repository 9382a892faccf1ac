"""BIO tags and the spans they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

Kind = Literal["PER", "LOC", "ORG"]
TYPES: tuple[Kind, ...] = get_args(Kind)
TAGS = ("O", *(f"{prefix}-{kind}" for kind in TYPES for prefix in "BI"))
# [before][after]: whether `after` is an I- that continues nothing of its class.
BREAKS = [[after[0] == "I" and before[2:] != after[2:] for after in TAGS] for before in TAGS]


@dataclass(frozen=True, slots=True, order=True)
class TagSpan:
    """One entity: tokens `start` to `end` (exclusive) of its sentence, and its class."""

    start: int
    end: int
    kind: Kind


def repair(tags: Sequence[str]) -> list[str]:
    """Tags in which every I- continues an entity of its class: an I- that continues none begins one."""
    if tags.count("O") == len(tags):  # most sentences
        return list(tags)
    fixed: list[str] = []
    before = "O"
    for tag in tags:
        fixed.append(f"B-{tag[2:]}" if tag.startswith("I-") and before[2:] != tag[2:] else tag)
        before = tag
    return fixed


def spans(tags: Sequence[str]) -> list[TagSpan]:
    """The entities of one sentence, left to right."""
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
