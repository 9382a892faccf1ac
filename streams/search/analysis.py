"""The index's analysis of names in Python, built from the definition that Elasticsearch gets.

Texts are indexed as the terms of `streams.words`; names are analysed by Elasticsearch, for filters. The live feed must
decide whether an article that is not indexed yet passes a filter, so this module interprets
deploy/elasticsearch/terms.json. A test compares both on a real server. The tokenizer follows the word boundaries of
Unicode Annex 29 for scripts that separate words by spaces; a run of Chinese, Japanese, Thai or similar text is one
token here and matches only as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from streams.elastic.template_files import read_template

_WORD = r"[^\W_]|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]"
_TOKEN = re.compile(
    rf"(?:{_WORD}|_)+"
    r"(?:(?:(?<=[^\W\d_])[.'’:·](?=[^\W\d_])|(?<=\d)[.,;'’،٬٫](?=\d))"
    rf"(?:{_WORD}|_)+)*"
)
_ARABIC_NORMALIZATION = str.maketrans("أإآةى", "اااهي", "ـًٌٍَُِّْ")
# What the asciifolding filter does beyond removing accents, for the letters of European languages.
_FOLDED_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "’": "'"}
)

TokenFilter = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Term:
    """One indexed term.

    Attributes:
        text: the term.
        position: index of its token in the text; stop words are removed, but counted.
        start, end: offsets of the token in code points of the text after the character filters.
    """

    text: str
    position: int
    start: int
    end: int


class Analyzer:
    """One custom analyzer of an Elasticsearch `analysis` definition.

    Args:
        analysis: the object at `settings.analysis`.
        name: key of the analyzer in it.

    Raises:
        ValueError: the definition uses a tokenizer or filter that this module does not implement.
    """

    def __init__(self, analysis: Mapping[str, Any], name: str) -> None:
        spec = analysis["analyzer"][name]
        if spec["tokenizer"] != "standard":
            raise ValueError(f"unknown tokenizer {spec['tokenizer']!r}")
        self._char_filters = [
            _char_filter(analysis["char_filter"][char_filter]) for char_filter in spec.get("char_filter", [])
        ]
        self._filters = [_token_filter(analysis, token_filter) for token_filter in spec["filter"]]
        self._cache: dict[str, str | None] = {}

    def terms(self, text: str) -> list[Term]:
        """Return the terms of a text, in order."""
        for char_filter in self._char_filters:
            text = char_filter(text)
        result = []
        for position, match in enumerate(_TOKEN.finditer(text)):
            term = self.term(match.group())
            if term:
                result.append(Term(term, position, match.start(), match.end()))
        return result

    def term(self, token: str) -> str | None:
        """Apply the token filters to one token; None if it is a stop word."""
        if token in self._cache:
            return self._cache[token]
        term: str | None = token
        for token_filter in self._filters:
            if term is None:
                break
            term = token_filter(term)
        if len(self._cache) >= 100_000:
            self._cache.clear()
        self._cache[token] = term
        return term


def normalizer(analysis: Mapping[str, Any], name: str) -> Callable[[str], str]:
    """Return a normalizer of an Elasticsearch `analysis` definition as a function on a whole string, spaces kept."""
    spec = analysis["normalizer"][name]
    steps = [_char_filter(analysis["char_filter"][char_filter]) for char_filter in spec["char_filter"]]
    filters = [_token_filter(analysis, token_filter) for token_filter in spec["filter"]]

    def normalize(text: str) -> str:
        for step in steps:
            text = step(text)
        for token_filter in filters:
            text = token_filter(text) or ""
        return text

    return normalize


def _char_filter(spec: Mapping[str, Any]) -> Callable[[str], str]:
    if spec["type"] == "pattern_replace":
        return _pattern_replace(spec)
    if spec["type"] != "mapping":
        raise ValueError(f"unknown char filter {spec['type']!r}")
    table = {}
    for rule in spec["mappings"]:
        source, _, target = (part.strip() for part in rule.partition("=>"))
        table[ord(_unescape(source))] = _unescape(target)
    return lambda text: text.translate(table)


def _unescape(text: str) -> str:
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)


def _token_filter(analysis: Mapping[str, Any], name: str) -> TokenFilter:
    spec = analysis["filter"].get(name)
    if spec is None:
        if name not in _STOCK:
            raise ValueError(f"unknown filter {name!r}")
        return _STOCK[name]
    if spec["type"] == "pattern_replace":
        return _pattern_replace(spec)
    raise ValueError(f"unknown filter type {spec['type']!r}")


def _pattern_replace(spec: Mapping[str, Any]) -> Callable[[str], str]:
    pattern = re.compile(spec["pattern"])
    replacement = re.sub(r"\$(\d)", r"\\\1", spec["replacement"])
    return lambda text: pattern.sub(replacement, text)


def _ascii_folding(token: str) -> str:
    if token.isascii():
        return token
    folded = token.translate(_FOLDED_LETTERS)
    parts = []
    for character in folded:
        base = unicodedata.normalize("NFD", character)[0]
        parts.append(base if base.isascii() else character)
    return "".join(parts)


def _decimal_digit(token: str) -> str:
    return "".join(str(unicodedata.decimal(character, character)) for character in token)


_STOCK: dict[str, TokenFilter] = {
    "lowercase": str.lower,
    "decimal_digit": _decimal_digit,
    "asciifolding": _ascii_folding,
    "arabic_normalization": lambda token: token.translate(_ARABIC_NORMALIZATION),
}


@lru_cache(maxsize=1)
def definition() -> Mapping[str, Any]:
    """Return the `analysis` object of deploy/elasticsearch/terms.json."""
    analysis: Mapping[str, Any] = read_template("terms")["template"]["settings"]["analysis"]
    return analysis


@lru_cache(maxsize=8)
def analyzer(name: str) -> Analyzer:
    """Return one of the analyzers of terms.json: `ar_name`."""
    return Analyzer(definition(), name)


@lru_cache(maxsize=1)
def name_normalizer() -> Callable[[str], str]:
    """Return the normalizer `ar_fold` of terms.json, by which names of places and outlets are compared."""
    return normalizer(definition(), "ar_fold")
