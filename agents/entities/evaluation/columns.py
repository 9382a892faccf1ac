"""Files of one token a line, as tagged corpora come: tagging them (`rasd tag`) and scoring against them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from agents.entities.bio import TYPES, TagSpan, repair, spans
from agents.entities.taggers.embedded import Tagger
from agents.entities.taggers.name_consistency import WINDOW

# Sentences tagged at once: neighbours in a file tell of the same, so whole windows of theirs.
_BATCH = 3 * WINDOW
_TAG = re.compile(r"^([BI])-+(PER|LOC|ORG)S?$")
# Schemes with tags of their own for ends and single tokens (BIOES, BILOU): read as BIO, they would lose spans silently.
_OTHER_SCHEME = re.compile(r"^[SEUL]-+(PER|LOC|ORG)S?$")


def read_tag(text: str) -> str:
    """A tag as corpora print it, in this project's set: PERS is PER, and any class other than PER, LOC, ORG is O."""
    match = _TAG.match(text)
    return f"{match[1]}-{match[2]}" if match else "O"


def tag_lines(lines: Iterable[str], tagger: Tagger) -> Iterator[str]:
    """Every line as it came, with a tab and the tag of its token put before its end.

    The token is the first column; columns are parted by white space, and further ones stay untouched. A line of white
    space alone ends a sentence and is passed on as it is. Reads a few sentences ahead, never the whole file.
    """
    sentences = _sentences(lines)
    while batch := list(islice(sentences, _BATCH)):
        text = [[line.split(maxsplit=1)[0] for line in part if line.strip()] for part in batch]
        (taggings,) = tagger.tag_texts([text])
        for part, tagging in zip(batch, taggings, strict=True):
            tags = iter(tagging.tags)
            for line in part:
                if line.strip():
                    content = line.rstrip("\r\n")
                    yield f"{content}\t{next(tags)}{line[len(content) :]}"
                else:
                    yield line


def _sentences(lines: Iterable[str]) -> Iterator[list[str]]:
    """The lines of one sentence after the other, each with the blank lines that follow it."""
    part: list[str] = []
    ended = False
    for line in lines:
        blank = not line.strip()
        if ended and not blank:
            yield part
            part = []
        ended = blank
        part.append(line)
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one class, and what follows from them. A figure without a base is 0."""

    right: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are right."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold spans that were found."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.predicted + self.gold) if self.predicted + self.gold else 0.0


def score_tags(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> dict[str, Score]:
    """Strict spans (Tjong Kim Sang & De Meulder, 2003): right only with both borders and the class.

    Args:
        gold: BIO tags of each sentence.
        predicted: the same sentences, tagged.

    Returns:
        One score for PER, LOC, ORG each, and `micro` over all of them.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("right", "predicted", "gold")}
    for truth, guess in zip(gold, predicted, strict=True):
        wanted, found = set(spans(truth)), set(spans(guess))
        for kind, group in (("gold", wanted), ("predicted", found), ("right", wanted & found)):
            counts[kind].update(_kinds(group))
    scores = {kind: Score(counts["right"][kind], counts["predicted"][kind], counts["gold"][kind]) for kind in TYPES}
    return scores | {"micro": Score(*(counts[kind].total() for kind in ("right", "predicted", "gold")))}


def _kinds(found: Iterable[TagSpan]) -> Iterator[str]:
    return (span.kind for span in found)


def read_gold(lines: Iterable[str]) -> Iterator[tuple[list[str], list[str]]]:
    """The sentences of a gold file: tokens, and their BIO tags in this project's set.

    Args:
        lines: a token and, as the last column, its BIO tag; a line of white space alone ends a sentence.

    Raises:
        ValueError: a line has a token and no tag, or a tag of another scheme; the message begins with its number.
    """
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in enumerate(lines, start=1):
        columns = line.split()
        if columns:
            if len(columns) < 2:
                raise ValueError(f"{number}: a token without a tag")
            if _OTHER_SCHEME.match(columns[-1]):
                raise ValueError(f"{number}: {columns[-1]} is no BIO tag (B-PER, I-PER, …, O)")
            tokens.append(columns[0])
            tags.append(read_tag(columns[-1]))
        elif tokens:
            yield tokens, repair(tags)
            tokens, tags = [], []
    if tokens:
        yield tokens, repair(tags)


def evaluate(gold: Iterable[str], tagger: Tagger) -> dict[str, Score]:
    """Tag the tokens of a gold file and score the tags. Reads a few sentences ahead, never the whole file.

    Raises:
        ValueError: as `read_gold`.
    """
    truth: list[list[str]] = []
    found: list[list[str]] = []
    sentences = read_gold(gold)
    while batch := list(islice(sentences, _BATCH)):
        truth += [tags for _, tags in batch]
        found += [tagging.tags for tagging in tagger.tag_texts([[tokens for tokens, _ in batch]])[0]]
    return score_tags(truth, found)
