"""One name for all mentions of one entity in an article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agents.entities.folding import fold, plain

# As `_key` folds them.
_CHILD_OF = frozenset({"بن", "ابن", "بنت"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention before it has a name.

    Attributes:
        words: its words without clitics, as printed; the article of «للقاهرة» restored.
        kind: PER, LOC or ORG.
    """

    words: tuple[str, ...]
    kind: str


def name_mentions(mentions: Sequence[Mention]) -> list[str]:
    """The name of each mention, in their order.

    Mentions are one entity when their folded words agree. A person's shorter mention («الخطيب») joins the fuller one
    («ليلى الخطيب») whose words contain its own: the last such before it, else the only one of the article. The name
    is the fullest form as the article prints it most often, without vowel signs.
    """
    keys = [(mention.kind, tuple(map(_key, mention.words))) for mention in mentions]
    owner = {index: _fuller(index, keys) for index in range(len(keys))}
    printed: dict[tuple[str, tuple[str, ...]], Counter[str]] = {}
    for key, mention in zip(keys, mentions, strict=True):
        printed.setdefault(key, Counter())[" ".join(map(plain, mention.words))] += 1
    return [printed[keys[owner[index]]].most_common(1)[0][0] for index in range(len(keys))]


def _key(word: str) -> str:
    folded = fold(word).replace("ة", "ه").replace("ئ", "ي").replace("ؤ", "و")
    bare = folded.removeprefix("ال")
    return bare if len(bare) > 1 else folded


def _fuller(index: int, keys: Sequence[tuple[str, tuple[str, ...]]]) -> int:
    """The mention whose form names this one: itself unless a person is named more fully elsewhere."""
    kind, words = keys[index]
    if kind != "PER":
        return index
    fuller = {
        other: other_words
        for other, (other_kind, other_words) in enumerate(keys)
        if other_kind == kind and len(other_words) > len(words) and _contains(other_words, words)
    }
    if not fuller:
        return index
    # The fullest forms of the article; «خالد المصري» and «خالد بن سعد المصري» are one candidate, the latter.
    tops = {
        words
        for words in fuller.values()
        if not any(len(w) > len(words) and _contains(w, words) for w in fuller.values())
    }
    before = [other for other, other_words in fuller.items() if other < index and other_words in tops]
    if before:
        return before[-1]
    return next(other for other, other_words in fuller.items() if other_words in tops) if len(tops) == 1 else index


def _contains(full: Sequence[str], part: Sequence[str]) -> bool:
    """Whether the words of `part` stand in `full` in their order, and do not begin with a father's name.

    «سلمان» alone is another than «محمد بن سلمان».
    """
    rest = iter(full)
    if not all(word in rest for word in part):
        return False
    first = full.index(part[0])
    return first == 0 or full[first - 1] not in _CHILD_OF
