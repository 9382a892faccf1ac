"""Read and tag files of token columns: one token a line, a blank line between sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from agents.entities.bio import read_tag, repair
from agents.entities.taggers.base import Tagger
from agents.entities.taggers.name_consistency import WINDOW

# Sentences that are tagged together. Neighbours in a file often have one subject, so these are whole windows.
SENTENCES_AT_ONCE = 3 * WINDOW
# Schemes with tags of their own for ends and single tokens (BIOES, BILOU): read as BIO, they would lose spans silently.
_OTHER_SCHEME = re.compile(r"^[SEUL]-+(PER|LOC|ORG)S?$")


def tag_lines(lines: Iterable[str], tagger: Tagger) -> Iterator[str]:
    """Yield every line unchanged, with a tab and its token's BIO tag inserted before the line end.

    Reads `SENTENCES_AT_ONCE` sentences ahead, never the whole file.

    Args:
        lines: the token is the first column; columns are separated by white space. A line of white space alone ends a
            sentence and is yielded without a tag.
        tagger: tags the sentences, `SENTENCES_AT_ONCE` as one text.
    """
    sentences = _sentences(lines)
    while batch := list(islice(sentences, SENTENCES_AT_ONCE)):
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
    """Yield the lines of each sentence, with the blank lines that follow it."""
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


def read_gold(lines: Iterable[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the tokens and the BIO tags of each sentence of a gold file.

    Args:
        lines: a token and, as the last column, its tag (`read_tag`); a line of white space alone ends a sentence.

    Raises:
        ValueError: a line has a token and no tag, or a tag of another scheme; the message begins with the line number.
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
