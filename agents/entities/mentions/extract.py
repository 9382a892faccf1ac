"""Extract the entities of articles' bodies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.entities.bio import Kind, spans
from agents.entities.mentions.borders import mended
from agents.entities.mentions.canonical_names import Mention, name_mentions
from agents.entities.mentions.clitics import Clitics, part_clitics
from agents.entities.mentions.institutions import named_institutions
from agents.entities.model.features import WordEntry
from agents.entities.model.normalise import normalise
from agents.entities.quotes.find import find_quotes
from agents.entities.taggers.base import Tagger, Tagging
from agents.text.tokens import Token, sentences, tokenize
from streams.records import Article, Entity

# A name may contain these signs (أ.ف.ب, Al-Ahram), but no quotation mark, bracket or comma.
_INSIDE_NAMES = frozenset(".-–'’`/&")
# Least score of a token that the tagger left out of a name and a rule put in.
_BY_RULE = 0.5
_OPENING = frozenset('«“"„')
# Tokens with letters or digits contain these only in decimals, dates and times, which are part of no name.
_INSIDE_NUMBERS = frozenset("،,٫٬:/")


@dataclass(frozen=True, slots=True)
class _Found:
    """Hold a mention of the body.

    Attributes:
        tokens: its tokens, at least one.
        kind: its class.
        score: least probability of its tokens' tags, 0 to 1.
        clitics: clitics of its first token.
    """

    tokens: tuple[Token, ...]
    kind: Kind
    score: float
    clitics: Clitics


def tag_articles(articles: Sequence[Article], tagger: Tagger, *, quotes: bool = True) -> list[Article]:
    """Set the entities and, with `quotes`, the quotations of articles; those in other languages than Arabic have none.

    The entities of an article do not depend on the other articles. A mention begins after its clitics («وبيروت» gives
    «بيروت»; «للقاهرة» gives «لقاهرة», named «القاهرة») and neither begins nor ends with punctuation;
    `body[start:end] == text`; mentions do not overlap and are in the order of the body.
    """
    arabic = iter(_tagged([article.body for article in articles if article.language == "ar"], tagger))
    tagged = []
    for article in articles:
        tokens, entities = next(arabic) if article.language == "ar" else ([], [])
        said = find_quotes(article.body, entities, tokens) if quotes and tokens else []
        tagged.append(article.model_copy(update={"entities": entities, "quotes": said}))
    return tagged


def find_entities(bodies: Sequence[str], tagger: Tagger) -> list[list[Entity]]:
    """Find the entities of each Arabic text; offsets are in code points."""
    return [entities for _, entities in _tagged(bodies, tagger)]


def _tagged(bodies: Sequence[str], tagger: Tagger) -> list[tuple[list[Token], list[Entity]]]:
    """Return the tokens and the entities of each text."""
    texts = [_sentences(body) for body in bodies]
    taggings = tagger.tag_texts([[[token.text for token in part] for part in parts] for parts in texts])
    return [
        ([token for part in parts for token in part], _entities(body, parts, tagging, tagger.words))
        for body, parts, tagging in zip(bodies, texts, taggings, strict=True)
    ]


def _sentences(body: str) -> list[list[Token]]:
    tokens = tokenize(body)
    return [tokens[part] for part in sentences(body, tokens)]


def _entities(
    body: str, parts: Sequence[Sequence[Token]], taggings: Sequence[Tagging], words: Mapping[str, WordEntry]
) -> list[Entity]:
    found: list[_Found] = []
    for part, tagging in zip(parts, taggings, strict=True):
        texts = [token.text for token in part]
        for span in named_institutions(texts, mended(texts, spans(tagging.tags), words), words):
            score_of = {part[at].start: _score(tagging, at) for at in range(span.start, span.end)}
            for piece in _persons(_one_name(part[span.start : span.end]), span.kind, words):
                score = min(score_of[token.start] for token in piece)
                found.append(_Found(tuple(piece), span.kind, score, part_clitics(piece[0].text, words)))
    names = name_mentions([_mention(item) for item in found])
    return [_entity(body, item, name) for item, name in zip(found, names, strict=True)]


def _score(tagging: Tagging, at: int) -> float:
    """Return the score of a token of a mention; of one that a rule added, at least `_BY_RULE`."""
    score = tagging.scores[at]
    return max(1 - score, _BY_RULE) if tagging.tags[at] == "O" else score


def _persons(name: Sequence[Token], kind: Kind, words: Mapping[str, WordEntry]) -> Iterator[Sequence[Token]]:
    """Split a PER before the clitic و («محمود عباس وجون كيري»), and an ORG of two foreign names («أرامكو وتوتال»).

    The other clitics begin the second word of a name far more often than another person: «توم كايسي», «إيما فاير»
    (docs/experiments/entities.md).
    """
    start = 0
    foreign = kind == "ORG" and len(name) == 2 and not any(_has_article(token.text) for token in name)
    for index in range(1, len(name) if kind == "PER" or foreign else 0):
        first = name[index].text
        if first[0] == "و" and part_clitics(first, words).length:
            yield _trimmed(list(name[start:index]))
            start = index
    if name:
        yield name[start:]


def _one_name(tokens: Sequence[Token]) -> list[Token]:
    """Choose the run of tokens that is the name: the one in quotation marks, else the longest; empty without a word.

    «تنظيم «القمر»» is a kind of organisation, and its name.
    """
    best: list[Token] = []
    best_rank = (False, 0)
    for quoted, piece in _pieces(tokens):
        if piece and (quoted, len(piece)) > best_rank:
            best, best_rank = piece, (quoted, len(piece))
    return best


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[bool, list[Token]]]:
    """Yield the runs of tokens between signs that end a name, and whether a quotation mark opens each."""
    piece: list[Token] = []
    quoted = False
    for token in tokens:
        if _is_word(token) or (piece and token.text in _INSIDE_NAMES):
            piece.append(token)
        else:
            yield quoted, _trimmed(piece)
            piece, quoted = [], token.text in _OPENING
    yield quoted, _trimmed(piece)


def _has_article(word: str) -> bool:
    return normalise(word).startswith(("ال", "وال", "لل", "ولل"))


def _trimmed(piece: list[Token]) -> list[Token]:
    while piece and not _is_word(piece[-1]):
        piece.pop()
    return piece


def _is_word(token: Token) -> bool:
    # Normalised, since Python counts a tatweel or a vowel sign alone as alphanumeric.
    return normalise(token.text)[:1].isalnum() and _INSIDE_NUMBERS.isdisjoint(token.text)


def _mention(found: _Found) -> Mention:
    first = found.tokens[0].text[found.clitics.length :]
    words = ("ا" + first if found.clitics.elided else first, *(token.text for token in found.tokens[1:]))
    return Mention(words, found.kind)


def _entity(body: str, found: _Found, name: str) -> Entity:
    start, end = found.tokens[0].start + found.clitics.length, found.tokens[-1].end
    return Entity(text=body[start:end], type=found.kind, start=start, end=end, score=round(found.score, 4), name=name)
