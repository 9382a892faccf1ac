"""What a reader types, taken apart. Pure.

    هجوم صنعاء          both words should occur (of three and more, three quarters)
    "مجلس الأمن"        these words, in this order; «…» and “…” do as well
    -رياضة  -"كرة قدم"  must not occur
    صنعاء أو عدن        one of them must occur; OR and | do as well, and chains of more than two

Everything is forgiving: a quote that is never closed, a lone minus or an operator without neighbours is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_OPERANDS = 32

_PIECE = re.compile(
    r"(?P<minus>(?<!\S)[-−–](?=[^\s\-−–]))?"
    r'(?:"(?P<straight>[^"]*)"|«(?P<french>[^»]*)»|“(?P<english>[^”]*)”|„(?P<german>[^“”]*)[“”]'
    r'|(?P<word>[^\s"«»“”„]+))'
)
_OR = frozenset({"OR", "أو", "|", "||"})
_HAS_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Operand:
    """One word, or the words of one quoted phrase."""

    text: str
    phrase: bool


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query by what its parts ask for.

    Attributes:
        words: free words, of which most should occur.
        required: each inner tuple is a choice: one of its operands must occur. A phrase is a choice of one.
        excluded: none of these may occur.
    """

    words: tuple[str, ...]
    required: tuple[tuple[Operand, ...], ...]
    excluded: tuple[Operand, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.words or self.required or self.excluded)


def parse(text: str) -> ParsedQuery:
    """Read a query.

    Raises:
        ValueError: it has more than MAX_OPERANDS parts; each costs the server a look-up.
    """
    pieces = list(_pieces(text))
    if len(pieces) > MAX_OPERANDS:
        raise ValueError(f"the query has {len(pieces)} parts, at most {MAX_OPERANDS} are allowed")
    choices: list[list[Operand]] = []
    excluded: list[Operand] = []
    joins = False
    for piece in pieces:
        if piece is None:
            joins = bool(choices)
            continue
        operand, negative = piece
        if negative:
            excluded.append(operand)
        elif joins:
            choices[-1].append(operand)
        else:
            choices.append([operand])
        joins = False
    plain = [choice for choice in choices if len(choice) == 1 and not choice[0].phrase]
    return ParsedQuery(
        words=tuple(choice[0].text for choice in plain),
        required=tuple(tuple(choice) for choice in choices if choice not in plain),
        excluded=tuple(excluded),
    )


def _pieces(text: str) -> Iterator[tuple[Operand, bool] | None]:
    """Operands with whether they are negated; None for each OR."""
    for match in _PIECE.finditer(text):
        negative = match["minus"] is not None
        word = match["word"]
        if word in _OR and not negative:
            yield None
            continue
        quoted = next((match[name] for name in ("straight", "french", "english", "german") if match[name]), None)
        content = (word if word is not None else quoted or "").strip()
        if _HAS_WORD.search(content):
            yield Operand(content, phrase=word is None), negative
