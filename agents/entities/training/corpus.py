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

# Folders of unlabelled news: ZIP files of JSON lists of articles.
NEWS = ("saudinewsnet", "ner-more/ant")
# The classes of WikiFANE in groups, which an output layer of its own learns (`FINE_TAGS`). A group's name begins with
# its PER, LOC or ORG; `X` is what ANERcorp leaves untagged or tags in more than one way.
_GROUPS = {
    "PER": "Politician Artist Athlete Scientist Businessperson Engineer Lawyer Police Religious_PER Other_PER",
    "LOC-settled": "Nation Population-Center State-or-Province County-or-District Continent GPE-Cluster",
    "LOC-natural": "Water-Body Celestial Land-Region-Natural",
    "ORG-company": "Commercial",
    "ORG-body": "Non-Governmental Educational Religious_ORG Medical-Science Entertainment",
    "ORG-media": "Media",
    "ORG-club": "Sports",
    "X-government": "Government",
    "X-people": "Group",
    "X-building": "Building-Grounds Path Airport Subarea-Facility Plant",
    "X-work": "Book Movie Sound Software Hardware Air Water Land",
}
_GROUP_OF = {name: group for group, names in _GROUPS.items() for name in names.split()}
FINE_TAGS = ("O", *(f"{prefix}-{group}" for group in _GROUPS for prefix in "BI"))


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


def wikifane(corpus: Path) -> list[Tagged]:
    """Read WikiFANE Gold: sentences of Wikipedia with `FINE_TAGS`, which group its 50 classes.

    Raises:
        ValueError: a line has not three columns; the message names file and line.
    """
    path = corpus / "ner-more" / "wikifane" / "wikifane-gold.txt"
    found: list[Tagged] = []
    rows: list[list[str]] = []
    for number, line in enumerate([*path.read_text(encoding="utf-8").split("\n"), ""], start=1):
        columns = line.split("\t")
        if len(columns) == 3:
            rows.append(columns)
        elif line.strip():
            raise ValueError(f"{path}:{number}: not a token, a fine class and a class")
        elif rows:
            tokens, fine, _ = zip(*rows, strict=True)
            found.append(Tagged(tokens, tuple(map(_grouped, fine))))
            rows = []
    return found


def _grouped(tag: str) -> str:
    group = _GROUP_OF.get(tag[2:])
    return f"{tag[:2]}{group}" if group else "O"


def splits(items: Sequence[Tagged], count: int) -> Iterator[tuple[list[Tagged], list[Tagged]]]:
    """Yield `count` splits into training and held-out items, whose held-out parts are contiguous and cover all items.

    Neighbours in a corpus report the same events, so that random splits would give too high figures.
    """
    edges = [len(items) * i // count for i in range(count + 1)]
    for low, high in pairwise(edges):
        yield [*items[:low], *items[high:]], list(items[low:high])


def unlabelled(corpus: Path, folders: Sequence[str] = NEWS) -> Iterator[list[str]]:
    """Yield the sentences of the unlabelled news as tokens; a line that occurs again is left out."""
    seen: set[str] = set()
    for archive in [path for folder in folders for path in sorted((corpus / folder).glob("*.zip"))]:
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
