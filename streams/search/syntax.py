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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from streams.words.tokens import tokenize

MAX_OPERANDS = 32
# Operands once groups are written as choices that all must hold: (أ و ب) أو ج is (أ أو ج) و (ب أو ج).
MAX_DISTRIBUTED = 128
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
# What may not be understood, by kind. Interfaces in other languages have texts of the same kinds.
NOTES: Mapping[str, str] = {
    "only_excluded": "the query only excludes words, so all other articles match",
    "excluded_everywhere": "what is excluded is excluded from everything, not from one of several alternatives",
    "operator_last": "nothing follows {operator}, which was ignored",
    "operator_first": "{operator} stands before anything else and was ignored",
    "operators": "{operator} is followed by {after}; only the last of them counts",
    "quote_open": "the quotation mark {sign} is not closed; its words are searched for one by one",
    "star_quoted": "* is not understood within quotes",
    "star_within": "in {word}, * is understood only at the end of a word",
    "sign_alone": "{sign} stands before no word and was ignored",
    "weight": "{sign} is not understood: there are no weights and no similar spellings",
    "small_operator": "{word} is searched for as a word; the operator is written {operator}",
    "distance": "{word} is searched for as a word; put words that must stand together in quotes",
    "range": "ranges are not understood; the filters from and to select times",
    "pattern": "{word} is searched for as words; there are no regular expressions",
    "question_mark": "in {word}, ? is not understood",
    "colon": "{word} is not understood: write the word directly after the colon",
    "star_short": "{word} is searched for without *, which needs one word of {least} letters before it",
    "parenthesis_open": "a parenthesis is not closed",
    "parenthesis_closed": "a parenthesis is closed that was not opened",
}


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
    def filters(self) -> bool:
        """Whether it is the value of a filter, not a text to search for."""
        return self.field in FILTER_FIELDS.values()

    @property
    def plain(self) -> bool:
        """Whether it is a word without any sign, of which a query may leave out some."""
        return not (self.phrase or self.exact or self.prefix or self.field)


class Note(str):
    """A sentence on what of a query was not understood, and what was done instead.

    Attributes:
        kind: which of `NOTES`.
        values: the parts of the query that it names.
    """

    __slots__ = ("kind", "values")
    kind: str
    values: Mapping[str, str]

    def __new__(cls, kind: str, values: Mapping[str, str]) -> Note:
        """Make the sentence in English."""
        note = super().__new__(cls, NOTES[kind].format_map(values))
        note.kind = kind
        note.values = values
        return note


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
    notes: tuple[Note, ...] = field(default=(), compare=False)

    @property
    def empty(self) -> bool:
        """Whether the query has no operands."""
        return not (self.words or self.required or self.excluded)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Alternatives; `needed` if an article must have one of them."""

    operands: tuple[Operand, ...]
    needed: bool


# Choices that all must hold: an operand, or a group.
_Item = list[_Choice]


@dataclass(slots=True)
class _Group:
    """What stands between parentheses, or the whole query."""

    sign: Sign = ""
    items: list[_Item] = field(default_factory=list)
    operator: Operator | None = None

    def add(self, item: _Item, *, needed: bool) -> None:
        """Add an operand or a group, as the operator before it says.

        Raises:
            ValueError: the alternatives multiply to more than MAX_DISTRIBUTED.
        """
        if self.operator == "or" and self.items:
            self.items[-1] = [
                _Choice(tuple(dict.fromkeys(one.operands + other.operands)), needed=True)
                for one in self.items[-1]
                for other in item
            ]
        else:
            joined = self.operator == "and" and bool(self.items)
            if joined:
                self.items[-1] = _needed(self.items[-1])
            self.items.append(_needed(item) if joined or needed else item)
        self.operator = None
        if sum(len(choice.operands) for item in self.items for choice in item) > MAX_DISTRIBUTED:
            raise ValueError("the groups of the query are too intricate; ask for less at once")


def _needed(item: _Item) -> _Item:
    return [replace(choice, needed=True) for choice in item]


@lru_cache(maxsize=1024)  # one request asks ten times
def parse(text: str) -> ParsedQuery:
    """Parse a query.

    Raises:
        ValueError: it names an unknown field, or has more operands than MAX_OPERANDS, MAX_PREFIXES or, with its groups
            multiplied out, MAX_DISTRIBUTED; each costs the server a look-up.
    """
    return _Parser(text.translate(_INVISIBLE)).parse()


class _Parser:
    """Puts the pieces of a query together."""

    def __init__(self, text: str) -> None:
        self.reader = _Reader(text)
        # The whole query, and the groups that are open, from the outside in.
        self.groups = [_Group()]
        self.operands: list[Operand] = []
        self.excluded: list[Operand] = []

    def parse(self) -> ParsedQuery:
        """Read everything. Raises like the function `parse`."""
        for piece in self.reader.pieces():
            self._take(piece)
        while len(self.groups) > 1:
            self._close()
        self._note_unused(self.groups[0])
        self._check_size()
        choices = [choice for item in self.groups[0].items for choice in item]
        if self.excluded and not choices:
            self.reader.note("only_excluded")
        return ParsedQuery(
            words=tuple(choice.operands[0].text for choice in choices if not choice.needed),
            required=tuple(choice.operands for choice in choices if choice.needed),
            excluded=tuple(self.excluded),
            notes=tuple(dict.fromkeys(self.reader.notes)),
        )

    def _take(self, piece: _Piece) -> None:
        group = self.groups[-1]
        if isinstance(piece, _Signed):
            self._take_operand(piece, group)
        elif isinstance(piece, _Opening):
            self.groups.append(_Group(sign=piece.sign))
        elif piece == ")":
            if len(self.groups) > 1:
                self._close()
        else:
            begins = not (group.items or self.excluded)
            self.reader.note_operator(piece, group.operator, begins=begins)
            group.operator = piece

    def _take_operand(self, signed: _Signed, group: _Group) -> None:
        operand = signed.operand
        self.operands.append(operand)
        if signed.sign == "-" or group.operator == "not":
            if group.operator == "or" or len(self.groups) > 1:
                self.reader.note("excluded_everywhere")
            self.excluded.append(operand)
            group.operator = None
        else:
            group.add([_Choice((operand,), needed=False)], needed=signed.sign == "+" or not operand.plain)

    def _close(self) -> None:
        """Add the innermost group to the one around it."""
        group = self.groups.pop()
        self._note_unused(group)
        if item := [choice for item in group.items for choice in item]:
            self.groups[-1].add(item, needed=group.sign == "+")

    def _note_unused(self, group: _Group) -> None:
        if group.operator is not None:
            self.reader.note("operator_last", operator=_SHOWN[group.operator])

    def _check_size(self) -> None:
        if (count := len(self.operands)) > MAX_OPERANDS:
            raise ValueError(f"the query has {count} words and phrases; at most {MAX_OPERANDS} are allowed")
        if sum(operand.prefix for operand in self.operands) > MAX_PREFIXES:
            raise ValueError(f"the query has more than {MAX_PREFIXES} words with *")


@dataclass(frozen=True, slots=True)
class _Signed:
    operand: Operand
    sign: Sign


@dataclass(frozen=True, slots=True)
class _Opening:
    """A parenthesis that opens a group."""

    sign: Sign


_Piece = _Signed | _Opening | Operator | Literal[")"]
_SHOWN: dict[Operator, str] = {"or": "أو (OR)", "and": "و (AND)", "not": "NOT"}
_MANY_NOTES = 10


class _Reader:
    """Takes a query apart, and collects notes on what it does not understand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.notes: list[Note] = []

    def note(self, kind: str, **values: object) -> None:
        if len(self.notes) < _MANY_NOTES:
            self.notes.append(Note(kind, {name: str(value) for name, value in values.items()}))

    def note_operator(self, operator: Operator, before: Operator | None, *, begins: bool) -> None:
        """Note an operator that is not understood where it stands."""
        if operator == "not":
            return
        if begins:
            self.note("operator_first", operator=_SHOWN[operator])
        elif before is not None:
            self.note("operators", operator=_SHOWN[before], after=_SHOWN[operator])

    def pieces(self) -> Iterator[_Piece]:
        """Yield operands with their signs, operators, and parentheses, in order.

        A group that is excluded is yielded as excluded operands.

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
                if not excluding:
                    yield _Opening(sign)
                at += 1
            elif character in _CLOSING:
                if not excluding:
                    yield ")"
                excluding = False
                of_group = ""
                opened -= 1
                at += 1
            elif character in _DOUBLE or ((begins or sign or named or exact) and character in _SINGLE):
                operand, at = self._quoted(at, exact=exact, within=within)
                if operand is not None:
                    yield _Signed(operand, sign)
            elif match := _WORD.match(text, at):
                word = match.group()
                typed = Operand(word, phrase=False, exact=exact, field=within)
                yield from self._word(typed, sign, excluding=excluding, marked=exact or bool(named))
                at = match.end()
            else:
                at += 1
        if opened:
            self.note("parenthesis_open" if opened > 0 else "parenthesis_closed")

    def _quoted(self, at: int, *, exact: bool, within: str) -> tuple[Operand | None, int]:
        """Return the phrase that is quoted from `at` on, if it has words, and where the text continues."""
        character = self.text[at]
        end = _end_of_quote(self.text, at)
        if end is None:
            if character in _DOUBLE:
                self.note("quote_open", sign=character)
            return None, at + 1
        content = self.text[at + 1 : end].strip()
        if not _HAS_WORD.search(content):
            return None, end + 1
        if within in FILTER_FIELDS.values():
            return Operand(_value(content), phrase=True, field=within), end + 1
        if "*" in content:
            self.note("star_quoted")
        _check_captions(within, "phrases")
        return Operand(content, phrase=True, exact=exact, field=within), end + 1

    def _word(self, typed: Operand, sign: Sign, *, excluding: bool, marked: bool) -> Iterator[_Piece]:
        word = typed.text
        operator = OPERATORS.get(word.translate(_VOWELS).strip("،,؛;"))
        if operator is not None and (sign == "" or excluding) and not marked:
            if not excluding:
                yield operator
        elif typed.field in FILTER_FIELDS.values():
            if _HAS_WORD.search(word):
                yield _Signed(replace(typed, text=_value(word.strip("،,؛;"))), sign)
        else:
            word = self._understood(word)
            if word.endswith("*"):
                typed, word = self._prefix(typed, word)
            elif "*" in word:
                self.note("star_within", word=word)
            word = word.strip(_SINGLE).lstrip(_MINUS + "+" + _EXACT)
            if _HAS_WORD.search(word):
                if typed.exact:
                    _check_captions(typed.field, "exact forms")
                yield _Signed(replace(typed, text=word), sign)
            elif word and any(character in _MINUS + "+" + _EXACT for character in typed.text):
                self.note("sign_alone", sign=typed.text)

    def _understood(self, word: str) -> str:
        """Return a word without signs of other search engines, with a note on each."""
        if match := _BOOST_OR_FUZZ.search(word):
            self.note("weight", sign=match.group())
            return word[: match.start()]
        if word in _FOREIGN and len(self.text.split()) > 1:
            self.note("small_operator", word=word, operator=_FOREIGN[word])
        elif word.partition("/")[0] in _DISTANCE:
            self.note("distance", word=word)
        elif word == "TO" and "[" in self.text:
            self.note("range")
        elif len(word) > 2 and word[0] == word[-1] == "/":
            self.note("pattern", word=word)
        elif "?" in word[:-1]:
            self.note("question_mark", word=word)
        elif word.endswith(":") and _is_field(word[:-1]):
            self.note("colon", word=word)
            return ""
        return word

    def _prefix(self, typed: Operand, word: str) -> tuple[Operand, str]:
        stem = word.rstrip("*")
        tokens = [token.text for token in tokenize(stem)]
        letters = len(tokens[0].removeprefix(ARTICLE)) if len(tokens) == 1 else 0
        if "*" in stem or letters < LEAST_PREFIX:
            self.note("star_short", word=word, least=LEAST_PREFIX)
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
