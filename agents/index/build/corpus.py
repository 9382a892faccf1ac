"""Count the words of a corpus, alone and inside the names that the tagger finds."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.entities.mentions.extract import find_entities
from agents.entities.taggers.registry import load_tagger
from agents.text.display import display_text
from streams.words.letters import normalise_word
from streams.words.tokens import Token, tokenize

_AT_ONCE = 64


@dataclass
class Statistics:
    """What a corpus tells of normalised words.

    Attributes:
        count: occurrences of each word.
        inside: occurrences inside names by kind, clitics parted: PER, LOC, ORG, and ORGS for one of several words.
        outside: occurrences outside names.
        parted: occurrences of (word, rest) where the tagger begins the name after a clitic.
        neighbours: occurrences of (word, word that follows it).
    """

    count: Counter[str] = field(default_factory=Counter)
    inside: dict[str, Counter[str]] = field(default_factory=dict)
    outside: Counter[str] = field(default_factory=Counter)
    parted: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_texts(folders: list[Path]) -> Iterator[str]:
    """Yield the display texts of all zips of JSON arrays in these folders, in the order of their names."""
    for path in sorted(path for folder in folders for path in folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    articles: list[dict[str, Any]] = json.loads(archive.read(name).decode("utf-8-sig"))
                    yield from filter(None, (display_text(article.get("content") or "") for article in articles))


def count_words(texts: Iterator[str], every: int) -> Statistics:
    """Count the words of texts.

    Args:
        texts: display texts.
        every: the names of only each n-th text are looked for, which takes most of the time.
    """
    found = Statistics()
    tagger = load_tagger()
    held: list[str] = []
    for number, text in enumerate(texts):
        found.count.update(token.text for token in tokenize(text) if token.printed)
        if number % every == 0:
            held.append(text)
        if len(held) == _AT_ONCE:
            _count_names(held, tagger, found)
            held = []
    _count_names(held, tagger, found)
    return found


def _count_names(bodies: list[str], tagger: Any, found: Statistics) -> None:
    for body, entities in zip(bodies, find_entities(bodies, tagger), strict=True):
        spans = sorted((entity.start, entity.end, entity.type) for entity in entities)
        at = 0
        for token in tokenize(body):
            while at < len(spans) and spans[at][1] <= token.start:
                at += 1
            if not token.printed:
                continue
            if at < len(spans) and spans[at][0] < token.end:
                _count_inside(body, token, spans[at], found)
            else:
                found.outside[token.text] += 1


def _count_inside(body: str, token: Token, span: tuple[int, int, str], found: Statistics) -> None:
    start, end, kind = span
    base = token.text
    if start > token.start:
        base = normalise_word(body[start : token.end])
        if "لل" in token.text[:3] and not base.startswith("ال"):
            base = "ا" + token.text[token.text.index("لل") + 1 :]
        found.parted[token.text, base] += 1
    one = start >= token.start and end <= token.end
    if kind == "ORG" and not one:
        kind = "ORGS"
    found.inside.setdefault(base, Counter())[kind] += 1


def load_or_count(cache: Path | None, folders: list[Path], every: int) -> Statistics:
    """Return `count_words` of the folders, kept in the file `cache` if one is given."""
    if cache is not None and cache.exists():
        loaded: Statistics = pickle.loads(cache.read_bytes())  # noqa: S301 - the builder's own file
        return loaded
    found = count_words(read_texts(folders), every)
    if cache is not None:
        cache.write_bytes(pickle.dumps(found))
    return found
