"""Parses the text query that a user types. Pure.

    هجوم صنعاء            most of these words should occur
    "مجلس الأمن"          these words in this order; quotes of any kind, also mismatched ones
    -رياضة  -"كرة قدم"    must not occur; NOT is the same
    صنعاء أو عدن          at least one must occur; OR, او and | are the same; chains of any length
    صنعاء و عدن           both must occur; AND, & and +عدن are the same

أو binds more tightly than و, so parentheses around alternatives are optional: (صنعاء أو عدن) و انفجار. A minus before a
parenthesis excludes everything in it. Parsing never fails on malformed input: unclosed quotes and parentheses, lone
signs and operators without operands are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MAX_OPERANDS = 32

# Characters that close a quotation opened by the key. People mix them, and right-to-left text mirrors them.
_CLOSERS = {
    '"': '"', "＂": "＂", "″": "″", "«": "»", "»": "«", "‹": "›", "›": "‹", "“": "”“", "”": "“”", "„": "“”‟", "‟": "”“",
    "❝": "❞", "〝": "〞〟", "‘": "’", "’": "‘’", "‚": "‘’", "'": "'", "`": "'`",
}  # fmt: skip
# These also occur within words (l'Élysée), and count as quotes only around words.
_SINGLE = "‘’‚'`"
_DOUBLE = "".join(set("".join(_CLOSERS) + "".join(_CLOSERS.values())) - set(_SINGLE))
_OPENING, _CLOSING = "([{﴿", ")]}﴾"
# All characters that keyboards and word processors produce for a minus.
_MINUS = "-−–—‐‑－﹣"
_WORD = re.compile(rf"[^\s{re.escape(_DOUBLE + _OPENING + _CLOSING)}]+")
# Invisible characters in copied text: soft hyphens, joiners, direction marks.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_VOWELS = dict.fromkeys([0x640, *range(0x64B, 0x653)])
OPERATORS: dict[str, Literal["or", "and", "not"]] = {
    "OR": "or", "أو": "or", "او": "or", "|": "or", "||": "or",
    "AND": "and", "و": "and", "&": "and", "&&": "and", "+": "and",
    "NOT": "not",
}  # fmt: skip
_HAS_WORD = re.compile(r"[^\W_]")

Operator = Literal["or", "and", "not"]
Sign = Literal["", "-", "+"]


@dataclass(frozen=True, slots=True)
class Operand:
    """A word, or the words of a quoted phrase."""

    text: str
    phrase: bool


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A parsed query.

    Attributes:
        words: plain words, most of which should occur.
        required: groups of alternatives; of each group, one operand must occur. A phrase is a group of its own.
        excluded: operands that must not occur.
    """

    words: tuple[str, ...]
    required: tuple[tuple[Operand, ...], ...]
    excluded: tuple[Operand, ...]

    @property
    def empty(self) -> bool:
        """Whether the query has no operands."""
        return not (self.words or self.required or self.excluded)


@dataclass(slots=True)
class _Choice:
    operands: list[Operand]
    needed: bool


def parse(text: str) -> ParsedQuery:
    """Parse a query.

    Raises:
        ValueError: it has more than MAX_OPERANDS operands; each costs the server a look-up.
    """
    choices: list[_Choice] = []
    excluded: list[Operand] = []
    operator: Operator | None = None
    for piece in _pieces(text.translate(_INVISIBLE)):
        if isinstance(piece, str):
            operator = piece
            continue
        operand, sign = piece
        if sign == "-" or operator == "not":
            excluded.append(operand)
        elif operator == "or" and choices:
            choices[-1].operands.append(operand)
        else:
            if operator == "and" and choices:
                choices[-1].needed = True
            needed = sign == "+" or operand.phrase or (operator == "and" and bool(choices))
            choices.append(_Choice([operand], needed))
        operator = None
    count = len(excluded) + sum(len(choice.operands) for choice in choices)
    if count > MAX_OPERANDS:
        raise ValueError(f"the query has {count} words and phrases; at most {MAX_OPERANDS} are allowed")
    required = [choice for choice in choices if choice.needed or len(choice.operands) > 1]
    return ParsedQuery(
        words=tuple(choice.operands[0].text for choice in choices if choice not in required),
        required=tuple(tuple(choice.operands) for choice in required),
        excluded=tuple(excluded),
    )


def _pieces(text: str) -> Iterator[tuple[Operand, Sign] | Operator]:
    """Yield operands with their signs, and operators, in order."""
    at = 0
    excluding = False  # inside -( … )
    while at < len(text):
        begins = at == 0 or text[at - 1].isspace() or text[at - 1] in _OPENING + _CLOSING
        sign: Sign = "-" if excluding else ""
        if begins and text[at] in _MINUS + "+" and _follows(text, at):
            sign = "-" if text[at] in _MINUS or excluding else "+"
            at += 1
        character = text[at]
        if character in _OPENING:
            excluding = excluding or (sign == "-" and any(closing in text[at:] for closing in _CLOSING))
            at += 1
        elif character in _CLOSING:
            excluding = False
            at += 1
        elif character in _DOUBLE or (begins and character in _SINGLE):
            end = _end_of_quote(text, at)
            content = text[at + 1 : end].strip() if end else ""
            if _HAS_WORD.search(content):
                yield Operand(content, phrase=True), sign
            at = end + 1 if end else at + 1
        elif match := _WORD.match(text, at):
            yield from _word(match.group(), sign, excluding=excluding)
            at = match.end()
        else:
            at += 1


def _follows(text: str, at: int) -> bool:
    """Return whether an operand follows the sign at `at` immediately."""
    after = text[at + 1 : at + 2]
    return bool(after) and not after.isspace() and after not in _MINUS + "+"


def _word(word: str, sign: Sign, *, excluding: bool) -> Iterator[tuple[Operand, Sign] | Operator]:
    operator = OPERATORS.get(word.translate(_VOWELS).strip("،,؛;"))
    if operator is not None and (sign == "" or excluding):
        if not excluding:
            yield operator
    elif _HAS_WORD.search(word):
        yield Operand(word.strip(_SINGLE).lstrip(_MINUS + "+"), phrase=False), sign


def _end_of_quote(text: str, start: int) -> int | None:
    """Return the index of the character that closes the quotation opened at `start`, or None."""
    opener = text[start]
    closers = _CLOSERS.get(opener, "")
    if opener in _SINGLE:
        ends = (at for at in range(start + 1, len(text)) if text[at] in closers)
        return next((at for at in ends if at + 1 == len(text) or not text[at + 1].isalnum()), None)
    if opener == '"':
        return _end_of_straight_quote(text, start)
    own = next((at for at in range(start + 1, len(text)) if text[at] in closers), None)
    straight = text.find('"', start + 1)
    if own is not None and text.count('"', start + 1, own) % 2 == 0:
        return own
    if straight >= 0:
        return straight
    # “…» and the like: accept mismatched quotes rather than none.
    return next((at for at in range(start + 1, len(text)) if text[at] in _DOUBLE), None)


def _end_of_straight_quote(text: str, start: int) -> int | None:
    depth = 0
    for at in range(start + 1, len(text)):
        if text[at] == '"':
            return at
        if text[at] in "«“„‹":
            depth += 1
        elif text[at] in "»”›":
            if not depth:
                return at  # "…”: opened straight, closed curly
            depth -= 1
    return None
