"""From an article's body to its entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.entities.bio import Kind, spans
from agents.entities.mentions.canonical_names import Mention, name_mentions
from agents.entities.mentions.clitics import Clitics, part_clitics
from agents.entities.mentions.institutions import named_institutions
from agents.entities.model.features import WordEntry
from agents.entities.model.normalise import normalise
from agents.entities.taggers.base import Tagger, Tagging
from agents.text.tokens import Token, sentences, tokenize
from streams.records import Article, Entity

# A name reaches over «.», «-» and «'» (أ.ف.ب, Al-Ahram) but never over a quotation mark, a bracket or a comma.
_INSIDE_NAMES = frozenset(".-–'’`/&")
_OPENING = frozenset('«“"„')
# Of tokens that hold letters or digits these stand in decimals, dates and times alone, which are part of no name.
_INSIDE_NUMBERS = frozenset("،,٫٬:/")


@dataclass(frozen=True, slots=True)
class _Found:
    """A mention in the body: its tokens, and the clitics of the first."""

    tokens: tuple[Token, ...]
    kind: Kind
    score: float
    clitics: Clitics


def tag_articles(articles: Sequence[Article], tagger: Tagger) -> list[Article]:
    """The articles with the entities of their bodies, as each has them alone; those in other languages have none.

    A mention begins after its clitics («وبيروت» gives «بيروت»; «للقاهرة» gives «لقاهرة», named «القاهرة»), and neither
    begins nor ends with punctuation; `body[start:end] == text`; mentions never overlap and stand in the body's order.
    """
    arabic = iter(find_entities([article.body for article in articles if article.language == "ar"], tagger))
    return [
        article.model_copy(update={"entities": next(arabic) if article.language == "ar" else []})
        for article in articles
    ]


def find_entities(bodies: Sequence[str], tagger: Tagger) -> list[list[Entity]]:
    """The entities of each Arabic text; offsets count its code points."""
    texts = [_sentences(body) for body in bodies]
    taggings = tagger.tag_texts([[[token.text for token in part] for part in parts] for parts in texts])
    return [_entities(*text, tagger.words) for text in zip(bodies, texts, taggings, strict=True)]


def _sentences(body: str) -> list[list[Token]]:
    tokens = tokenize(body)
    return [tokens[part] for part in sentences(body, tokens)]


def _entities(
    body: str, parts: Sequence[Sequence[Token]], taggings: Sequence[Tagging], words: Mapping[str, WordEntry]
) -> list[Entity]:
    found: list[_Found] = []
    for part, tagging in zip(parts, taggings, strict=True):
        tagged = spans(tagging.tags)
        for span in named_institutions([token.text for token in part], tagged, words) if tagged else ():
            score_of = {part[at].start: tagging.scores[at] for at in range(span.start, span.end)}
            for piece in _persons(_one_name(part[span.start : span.end]), span.kind, words):
                score = min(score_of[token.start] for token in piece)
                found.append(_Found(tuple(piece), span.kind, score, part_clitics(piece[0].text, words)))
    names = name_mentions([_mention(item) for item in found])
    return [_entity(body, item, name) for item, name in zip(found, names, strict=True)]


def _persons(name: Sequence[Token], kind: Kind, words: Mapping[str, WordEntry]) -> Iterator[Sequence[Token]]:
    """Persons run together: no name goes on after و, ف, ل or ك («محمود عباس وجون كيري»). ب stays: «المعتصم بالله»."""
    start = 0
    for index in range(1, len(name) if kind == "PER" else 0):
        first = name[index].text
        if first[0] in "وفلك" and part_clitics(first, words).length:
            yield _trimmed(list(name[start:index]))
            start = index
    if name:
        yield name[start:]


def _one_name(tokens: Sequence[Token]) -> list[Token]:
    """The run of tokens that is the name: what stands in quotation marks, else the longest; empty without a word.

    «تنظيم «القمر»» is a kind of organisation and its name.
    """
    best: list[Token] = []
    best_rank = (False, 0)
    for quoted, piece in _pieces(tokens):
        if piece and (quoted, len(piece)) > best_rank:
            best, best_rank = piece, (quoted, len(piece))
    return best


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[bool, list[Token]]]:
    """The runs without a sign that parts names, and whether a quotation mark opens each."""
    piece: list[Token] = []
    quoted = False
    for token in tokens:
        if _is_word(token) or (piece and token.text in _INSIDE_NAMES):
            piece.append(token)
        else:
            yield quoted, _trimmed(piece)
            piece, quoted = [], token.text in _OPENING
    yield quoted, _trimmed(piece)


def _trimmed(piece: list[Token]) -> list[Token]:
    while piece and not _is_word(piece[-1]):
        piece.pop()
    return piece


def _is_word(token: Token) -> bool:
    # A tatweel or a vowel sign alone is alphanumeric to Python and nothing to a reader.
    return normalise(token.text)[:1].isalnum() and _INSIDE_NUMBERS.isdisjoint(token.text)


def _mention(found: _Found) -> Mention:
    first = found.tokens[0].text[found.clitics.length :]
    words = ("ا" + first if found.clitics.elided else first, *(token.text for token in found.tokens[1:]))
    return Mention(words, found.kind)


def _entity(body: str, found: _Found, name: str) -> Entity:
    start, end = found.tokens[0].start + found.clitics.length, found.tokens[-1].end
    return Entity(text=body[start:end], type=found.kind, start=start, end=end, score=round(found.score, 4), name=name)
