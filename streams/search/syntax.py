"""Parses the text query that a user types. Pure.

    هجوم صنعاء            most of these words should occur
    "مجلس الأمن"          these words in this order; quotes of any kind, also mismatched ones
    "وزير"                one word in quotes: this form only, without clitics or other inflections
    =أحمد  ="مجلس الأمن"  the same letter by letter: hamza, ة/ه and ى/ي count
    وزار*                 words that begin so
    title:زلزال           in this text of the article only; source:almina and the like filter
    -رياضة  -"كرة قدم"    must not occur; NOT is the same
    صنعاء أو عدن          at least one must occur; OR, او and | are the same; chains of any length
    صنعاء و عدن           both must occur; AND, & and +عدن are the same

أو binds more tightly than و, so parentheses around alternatives are optional: (صنعاء أو عدن) و انفجار. A minus before a
parenthesis excludes everything in it. Unclosed quotes and parentheses, lone signs and operators without operands are
ignored, and a note says so. Only unknown fields and too many operands are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from streams.words.tokens import tokenize

MAX_OPERANDS = 32
# Each prefix is looked up among all terms of the index, several times.
MAX_PREFIXES = 4
# Letters of a prefix; shorter ones would find most articles.
LEAST_PREFIX = 3
MAX_VALUE = 200
ARTICLE = "ال"

# Names of the article's texts that words are searched in, and of filters, as they are typed before a colon.
TEXT_FIELDS = {
    "title": "title", "عنوان": "title", "subtitle": "subtitle", "body": "body", "نص": "body", "caption": "captions",
}  # fmt: skip
FILTER_FIELDS = {
    "source": "source", "مصدر": "source", "author": "author", "كاتب": "author", "person": "person", "شخص": "person",
    "organisation": "organisation", "organization": "organisation", "منظمة": "organisation", "place": "place",
    "مكان": "place", "country": "country", "دولة": "country", "language": "language", "لغة": "language",
}  # fmt: skip
FIELDS = TEXT_FIELDS | FILTER_FIELDS
_FIELD = re.compile(r"([^\W\d]+):(?=[^\s:])(?!//)")
_LATIN_FIELD = re.compile(r"[A-Za-z][A-Za-z_]*")
_EXACT = "=＝"

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
_BOOST_OR_FUZZ = re.compile(r"[~^][\d.]*$")
# Operators of other search engines, in the form in which people type them here.
_FOREIGN = {"and": "AND", "or": "OR", "not": "NOT"}
_DISTANCE = frozenset({"NEAR", "ADJ", "WITHIN"})

Operator = Literal["or", "and", "not"]
Sign = Literal["", "-", "+"]


@dataclass(frozen=True, slots=True)
class Operand:
    """A word, or the words of a quoted phrase, or the value of a filter.

    Attributes:
        text: as typed, without signs and quotes.
        phrase: whether it was quoted.
        exact: whether spelling counts letter by letter (`=`).
        prefix: whether words that begin with the text are searched for.
        field: a value of `FIELDS`, or empty for all texts.
    """

    text: str
    phrase: bool
    exact: bool = False
    prefix: bool = False
    field: str = ""

    @property
    def plain(self) -> bool:
        """Whether it is a word without any sign, of which a query may leave out some."""
        return not (self.phrase or self.exact or self.prefix or self.field)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A parsed query.

    Attributes:
        words: plain words, most of which should occur.
        required: groups of alternatives; of each group, one operand must occur. A phrase is a group of its own.
        excluded: operands that must not occur.
        notes: what was not understood, and what was done instead, as sentences.
    """

    words: tuple[str, ...]
    required: tuple[tuple[Operand, ...], ...]
    excluded: tuple[Operand, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)

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
        ValueError: it names an unknown field, or has more operands than MAX_OPERANDS or MAX_PREFIXES; each costs the
            server a look-up.
    """
    choices: list[_Choice] = []
    excluded: list[Operand] = []
    operator: Operator | None = None
    reader = _Reader(text.translate(_INVISIBLE))
    for piece in reader.pieces():
        if isinstance(piece, str):
            if piece != "not" and not choices and not excluded:
                reader.note(f"the query begins with {_SHOWN[piece]}, which was ignored")
            elif operator is not None and piece != "not":
                reader.note(f"{_SHOWN[operator]} is followed by {_SHOWN[piece]}; only the last of them counts")
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
            needed = sign == "+" or not operand.plain or (operator == "and" and bool(choices))
            choices.append(_Choice([operand], needed))
        operator = None
    if operator is not None:
        reader.note(f"nothing follows {_SHOWN[operator]}, which was ignored")
    if excluded and not choices:
        reader.note("the query only excludes words, so all other articles match")
    everything = [*excluded, *(operand for choice in choices for operand in choice.operands)]
    if len(everything) > MAX_OPERANDS:
        raise ValueError(f"the query has {len(everything)} words and phrases; at most {MAX_OPERANDS} are allowed")
    if sum(operand.prefix for operand in everything) > MAX_PREFIXES:
        raise ValueError(f"the query has more than {MAX_PREFIXES} words with *")
    required = [choice for choice in choices if choice.needed or len(choice.operands) > 1]
    return ParsedQuery(
        words=tuple(choice.operands[0].text for choice in choices if choice not in required),
        required=tuple(tuple(choice.operands) for choice in required),
        excluded=tuple(excluded),
        notes=tuple(dict.fromkeys(reader.notes)),
    )


_SHOWN: dict[Operator, str] = {"or": "أو (OR)", "and": "و (AND)", "not": "NOT"}
_MANY_NOTES = 10


class _Reader:
    """Takes a query apart, and collects notes on what it does not understand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        if len(self.notes) < _MANY_NOTES:
            self.notes.append(sentence)

    def pieces(self) -> Iterator[tuple[Operand, Sign] | Operator]:
        """Yield operands with their signs, and operators, in order.

        Raises:
            ValueError: an unknown field.
        """
        text = self.text
        at = 0
        excluding = False  # inside -( … )
        of_group = ""  # the field of a group: title:( … )
        opened = 0
        while at < len(text):
            begins = at == 0 or text[at - 1].isspace() or text[at - 1] in _OPENING + _CLOSING
            sign: Sign = "-" if excluding else ""
            if begins and text[at] in _MINUS + "+" and _follows(text, at):
                sign = "-" if text[at] in _MINUS or excluding else "+"
                at += 1
            named = ""
            if (begins or sign) and (match := _FIELD.match(text, at)) and (named := _field(match[1])):
                at = match.end()
            exact = (begins or bool(sign or named)) and text[at] in _EXACT and _follows(text, at)
            at += exact
            within = named or of_group
            character = text[at]
            if character in _OPENING:
                excluding = excluding or (sign == "-" and any(closing in text[at:] for closing in _CLOSING))
                of_group = within
                opened += 1
                at += 1
            elif character in _CLOSING:
                excluding = False
                of_group = ""
                opened -= 1
                at += 1
            elif character in _DOUBLE or ((begins or sign or named or exact) and character in _SINGLE):
                end = _end_of_quote(text, at)
                if end is None and character in _DOUBLE:
                    self.note(f"the quotation mark {character} is not closed; its words are searched for one by one")
                content = text[at + 1 : end].strip() if end else ""
                if _HAS_WORD.search(content):
                    yield self._quoted(content, exact=exact, within=within), sign
                at = end + 1 if end else at + 1
            elif match := _WORD.match(text, at):
                word = match.group()
                typed = Operand(word, phrase=False, exact=exact, field=within)
                yield from self._word(typed, sign, excluding=excluding, marked=exact or bool(named))
                at = match.end()
            else:
                at += 1
        if opened > 0:
            self.note("a parenthesis is not closed")
        elif opened < 0:
            self.note("a parenthesis is closed that was not opened")

    def _quoted(self, content: str, *, exact: bool, within: str) -> Operand:
        if within in FILTER_FIELDS.values():
            return Operand(_value(content), phrase=True, field=within)
        if "*" in content:
            self.note("* is not understood within quotes")
        _check_captions(within, "phrases")
        return Operand(content, phrase=True, exact=exact, field=within)

    def _word(
        self, typed: Operand, sign: Sign, *, excluding: bool, marked: bool
    ) -> Iterator[tuple[Operand, Sign] | Operator]:
        word = typed.text
        operator = OPERATORS.get(word.translate(_VOWELS).strip("،,؛;"))
        if operator is not None and (sign == "" or excluding) and not marked:
            if not excluding:
                yield operator
        elif typed.field in FILTER_FIELDS.values():
            if _HAS_WORD.search(word):
                yield replace(typed, text=_value(word.strip("،,؛;"))), sign
        else:
            word = self._understood(word)
            if word.endswith("*"):
                typed, word = self._prefix(typed, word)
            elif "*" in word:
                self.note(f"in {word}, * is understood only at the end of a word")
            word = word.strip(_SINGLE).lstrip(_MINUS + "+" + _EXACT)
            if _HAS_WORD.search(word):
                if typed.exact:
                    _check_captions(typed.field, "exact forms")
                yield replace(typed, text=word), sign
            elif word and any(character in _MINUS + "+" + _EXACT for character in typed.text):
                self.note(f"{typed.text} stands before no word and was ignored")

    def _understood(self, word: str) -> str:
        """Return a word without signs of other search engines, with a note on each."""
        if match := _BOOST_OR_FUZZ.search(word):
            self.note(f"{match.group()} is not understood: there are no weights and no similar spellings")
            return word[: match.start()]
        if word in _FOREIGN and len(self.text.split()) > 1:
            self.note(f"{word} is searched for as a word; the operator is written {_FOREIGN[word]}")
        elif word.partition("/")[0] in _DISTANCE:
            self.note(f"{word} is searched for as a word; put words that must stand together in quotes")
        elif word == "TO" and "[" in self.text:
            self.note("ranges are not understood; the filters from and to select times")
        elif len(word) > 2 and word[0] == word[-1] == "/":
            self.note(f"{word} is searched for as words; there are no regular expressions")
        elif "?" in word[:-1]:
            self.note(f"in {word}, ? is not understood")
        elif word.endswith(":") and _is_field(word[:-1]):
            self.note(f"{word} is not understood: write the word directly after the colon")
            return ""
        return word

    def _prefix(self, typed: Operand, word: str) -> tuple[Operand, str]:
        stem = word.rstrip("*")
        tokens = [token.text for token in tokenize(stem)]
        letters = len(tokens[0].removeprefix(ARTICLE)) if len(tokens) == 1 else 0
        if "*" in stem or letters < LEAST_PREFIX:
            self.note(f"{word} is searched for without *, which needs one word of {LEAST_PREFIX} letters before it")
            return typed, stem.replace("*", " ").strip()
        _check_captions(typed.field, "words with *")
        return replace(typed, prefix=True, exact=False), stem


def _is_field(name: str) -> bool:
    return _LATIN_FIELD.fullmatch(name) is not None and name.lower() in FIELDS


def _field(name: str) -> str:
    """Return the field of a name before a colon; empty if the colon only stands between two words.

    Raises:
        ValueError: it can only be meant as a field, and there is none of this name.
    """
    typed = name.translate(_VOWELS).lower()
    found = FIELDS.get(typed) or FIELDS.get(typed.replace("ه", "ة"))
    if found is None and _LATIN_FIELD.fullmatch(name):
        known = ", ".join(field for field in FIELDS if field.isascii())
        raise ValueError(f"there is no field {name!r:.60}; the fields are {known}. A text with a colon needs quotes")
    return found or ""


def _value(text: str) -> str:
    if len(text) > MAX_VALUE:
        raise ValueError(f"the value of a field has at most {MAX_VALUE} characters")
    return text


def _check_captions(within: str, what: str) -> None:
    if within == "captions":
        raise ValueError(f"caption: finds words, not {what}")


def _follows(text: str, at: int) -> bool:
    """Return whether an operand follows the sign at `at` immediately."""
    after = text[at + 1 : at + 2]
    return bool(after) and not after.isspace() and after not in _MINUS + "+"


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
