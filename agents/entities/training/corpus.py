"""Read the corpora of tagged sentences, and the unlabelled news."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from agents.entities.columns import read_gold
from agents.text.tokens import sentences, tokenize


@dataclass(frozen=True, slots=True)
class Tagged:
    """Hold the tokens of one sentence and their BIO tags, [tokens] each."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def read_columns(path: Path) -> list[Tagged]:
    """Read lines of a token and its tag, with blank lines between sentences.

    PERS becomes PER; every other class (MISC, AQMAR's MIS…, the annotators' typing errors) becomes O.

    Raises:
        ValueError: a line has no BIO tag; the message names file and line.
    """
    try:
        sentences = list(read_gold(path.read_text(encoding="utf-8-sig").split("\n")))
    except ValueError as error:
        raise ValueError(f"{path}:{error}") from error
    return [Tagged(tuple(tokens), tuple(tags)) for tokens, tags in sentences]


def anercorp(corpus: Path) -> list[Tagged]:
    """Read the train part of ANERcorp (CAMeL Lab split)."""
    return read_columns(corpus / "anercorp" / "ANERCorp_CamelLab_train.txt")


def aqmar(corpus: Path) -> list[Tagged]:
    """Read AQMAR's articles, in the order of their file names."""
    return [sentence for path in sorted((corpus / "aqmar").glob("*.txt")) for sentence in read_columns(path)]


def splits(items: Sequence[Tagged], count: int) -> Iterator[tuple[list[Tagged], list[Tagged]]]:
    """Yield `count` splits into training and held-out items, whose held-out parts are contiguous and cover all items.

    Neighbours in a corpus report the same events, so that random splits would give too high figures.
    """
    edges = [len(items) * i // count for i in range(count + 1)]
    for low, high in pairwise(edges):
        yield [*items[:low], *items[high:]], list(items[low:high])


def unlabelled(corpus: Path) -> Iterator[list[str]]:
    """Yield the sentences of the unlabelled news as tokens; a line that occurs again is left out."""
    seen: set[str] = set()
    for archive in sorted((corpus / "saudinewsnet").glob("*.zip")):
        with zipfile.ZipFile(archive) as members:
            for name in members.namelist():
                for article in json.loads(members.read(name)):
                    for line in map(str.strip, f"{article['title']}\n{article['content']}".split("\n")):
                        if line in seen:
                            continue
                        seen.add(line)
                        tokens = tokenize(line)
                        for part in sentences(line, tokens):
                            yield [token.text for token in tokens[part]]
