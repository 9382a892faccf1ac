"""From an article's body to its entities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.entities.bio import spans
from agents.entities.clitics import Clitics, part_clitics
from agents.entities.names import Mention, name_mentions
from agents.entities.tagger import Tagger
from agents.text.tokens import Token, sentences, tokenize
from streams.records import Article, Entity

# A name reaches over «.», «-» and «'» (أ.ف.ب, Al-Ahram) but never over a quotation mark, a bracket or a comma.
_INSIDE_NAMES = frozenset(".-–'’`/&ـ")


@dataclass(frozen=True, slots=True)
class _Found:
    """A mention in the body: its tokens, and the clitics of the first."""

    tokens: tuple[Token, ...]
    kind: str
    score: float
    clitics: Clitics


def tag_article(article: Article, tagger: Tagger) -> Article:
    """The article with the entities of its body. In a language other than Arabic it has none.

    A mention begins after its clitics («وبيروت» gives «بيروت»; «للقاهرة» gives «لقاهرة», named «القاهرة»), and neither
    begins nor ends with punctuation; `body[start:end] == text`; mentions never overlap and stand in the body's order.
    """
    if article.language != "ar":
        return article.model_copy(update={"entities": []})
    return article.model_copy(update={"entities": find_entities(article.body, tagger)})


def find_entities(body: str, tagger: Tagger) -> list[Entity]:
    """The entities of an Arabic text; offsets count its code points."""
    tokens = tokenize(body)
    parts = [tokens[part] for part in sentences(body, tokens)]
    found: list[_Found] = []
    for part, tagging in zip(parts, tagger.tag_batch([[t.text for t in part] for part in parts]), strict=True):
        for span in spans(tagging.tags):
            piece = _longest_piece(part[span.start : span.end])
            if piece:
                score = min(tagging.scores[span.start : span.end])
                found.append(
                    _Found(tuple(piece), span.kind, score, part_clitics(piece[0].text, span.kind, tagger.words))
                )
    names = name_mentions([_mention(item) for item in found])
    return [_entity(body, item, name) for item, name in zip(found, names, strict=True)]


def _longest_piece(tokens: Sequence[Token]) -> list[Token]:
    """The longest run of tokens that one name can be, without signs at its ends; empty when there is no word."""
    best: list[Token] = []
    for piece in _pieces(tokens):
        if len(piece) > len(best):
            best = piece
    return best


def _pieces(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    piece: list[Token] = []
    for token in tokens:
        if token.text[0].isalnum() or (piece and token.text in _INSIDE_NAMES):
            piece.append(token)
        else:
            yield _trimmed(piece)
            piece = []
    yield _trimmed(piece)


def _trimmed(piece: list[Token]) -> list[Token]:
    while piece and not piece[-1].text[0].isalnum():
        piece.pop()
    return piece


def _mention(found: _Found) -> Mention:
    first = found.tokens[0].text[found.clitics.length :]
    words = ("ا" + first if found.clitics.elided else first, *(token.text for token in found.tokens[1:]))
    return Mention(words, found.kind)


def _entity(body: str, found: _Found, name: str) -> Entity:
    start, end = found.tokens[0].start + found.clitics.length, found.tokens[-1].end
    return Entity.model_construct(
        text=body[start:end], type=found.kind, start=start, end=end, score=round(found.score, 4), name=name
    )
