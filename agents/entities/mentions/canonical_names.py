"""Give all mentions of one entity in an article one name."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.entities.model.normalise import normalise, plain
from agents.entities.organisation_kinds import HEADS, KIND_WORDS

Words = tuple[str, ...]

# As `_key` normalises them.
_CHILD_OF = frozenset({"بن", "ابن", "بنت"})


@dataclass(frozen=True, slots=True)
class Mention:
    """Hold a mention that has no name yet.

    Attributes:
        words: its words without clitics, as printed; the article of «للقاهرة» restored.
        kind: PER, LOC or ORG.
    """

    words: tuple[str, ...]
    kind: str


def name_mentions(mentions: Sequence[Mention]) -> list[str]:
    """Name each mention, in their order.

    Mentions are one entity when their normalised words agree. A person's shorter mention («الخطيب») takes the name of
    the fuller one («ليلى الخطيب») whose words contain its own: the last such before it, else the only one of the
    article. The name is the fullest form as the article prints it most often, without vowel signs.
    """
    keys = [(m.kind, tuple(map(_key, _own_words(m.words) if m.kind == "ORG" else m.words))) for m in mentions]
    owners = _owners(keys)
    printed: dict[tuple[str, Words], Counter[str]] = {}
    for key, mention in zip(keys, mentions, strict=True):
        words = _own_words(mention.words) if mention.kind == "ORG" else mention.words
        printed.setdefault(key, Counter())[" ".join(map(plain, words))] += 1
    return [printed[keys[owner]].most_common(1)[0][0] for owner in owners]


def _own_words(words: Words) -> Words:
    """Return the words of an organisation's name without its kind and nationality: «شركة أدنوك الإماراتية» is «أدنوك».

    Only of names that are no Arabic phrase: in «شركة الكهرباء السعودية» and «وزارة الخارجية» they belong to the name.
    """
    rest = words[1:] if len(words) > 1 and normalise(words[0]) in HEADS else words
    if rest[0].startswith("ال") or normalise(rest[0]) in KIND_WORDS:
        return words
    if len(rest) == 2 and rest[1].startswith("ال") and rest[1].endswith(("ية", "ي")):
        return rest[:1]
    return rest


def _key(word: str) -> str:
    normalised = normalise(word).replace("ة", "ه").replace("ئ", "ي").replace("ؤ", "و")
    bare = normalised.removeprefix("ال")
    return bare if len(bare) > 1 else normalised


def _owners(keys: Sequence[tuple[str, Words]]) -> list[int]:
    """Return for each mention the index of the one whose form names it: its own unless a person has a fuller form.

    Every form is compared once, and only with those that have its rarest word: a page may name ten thousand persons.
    """
    indices: dict[Words, list[int]] = {}
    for index, (kind, words) in enumerate(keys):
        if kind == "PER":
            indices.setdefault(words, []).append(index)
    having: dict[str, list[Words]] = {}
    for words in indices:
        for word in set(words):
            having.setdefault(word, []).append(words)
    fuller = {words: _fuller(words, having) for words in indices}
    owners = list(range(len(keys)))
    for words, mentions in indices.items():
        # The fullest forms of the article; «خالد المصري» and «خالد بن سعد المصري» are one candidate, the latter.
        tops = [other for other in fuller[words] if fuller[words].isdisjoint(fuller[other])]
        named = sorted(index for other in tops for index in indices[other])
        for index in mentions:
            before = bisect(named, index)
            if before:
                owners[index] = named[before - 1]
            elif len(tops) == 1:
                owners[index] = named[0]
    return owners


def _fuller(words: Words, having: Mapping[str, Sequence[Words]]) -> set[Words]:
    """Return the forms that contain these words and further ones."""
    rarest = min((having[word] for word in words), key=len)
    return {other for other in rarest if len(other) > len(words) and _contains(other, words)}


def _contains(full: Sequence[str], part: Sequence[str]) -> bool:
    """Tell whether the words of `part` occur in `full` in their order and do not begin with a father's name.

    «سلمان» alone is another person than «محمد بن سلمان».
    """
    rest = iter(full)
    if not all(word in rest for word in part):
        return False
    first = full.index(part[0])
    return first == 0 or full[first - 1] not in _CHILD_OF
