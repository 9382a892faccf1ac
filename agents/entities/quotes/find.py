"""Find quotations and their speakers by reporting words and the tagger's persons and organisations.

Speech is direct, between quotation marks, or reported («قال الوزير إن»). Rules as those of Alrahabi (2010) for Arabic:
a reporting word, who speaks, and a sign of what is said.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.entities.model.normalise import normalise, plain
from agents.entities.organisation_kinds import KIND_WORDS
from agents.entities.quotes.reporting_words import (
    ASIDE,
    BEFORE_A_VERB,
    BESIDE_A_PERSON,
    BY_WORD_OF,
    HIS_WORDS,
    NEGATIONS,
    NEW_CLAUSE,
    OTHER_CLAUSE,
    RELAYS,
    SOURCES,
    THAT,
    THAT_PRONOUN,
    TITLES,
    Form,
    ReportingWord,
    openers,
    reporting_words,
)
from agents.text.tokens import Token, tokenize
from streams.records import Entity, Quote

_CLOSING = {"«": "»", "“": "”", "„": "“", '"': '"', "‹": "›", "”": "“"}
_ENDS = frozenset(".!?؟…\n")
# Words between a reporting word and the sign of what is said.
_FARTHEST = 30
# Words between a quotation and the reporting word after it, and between that and the speaker.
_NEAR = 3
# A quoted piece of fewer words is a name or a turn of phrase, unless a colon stands before it.
_LEAST_WORDS = 4
# The same where no comma stands before it either: «تقول حملة «…»».
_LEAST_UNMARKED = 6
# Words of a speaker between a reporting word and a quotation mark without colon or comma: «وأضاف البيان «…»».
_SHORT_SUBJECT = 3
# Words before a name among which its titles are: «الرئيس الأمريكي المنتخب».
_TITLE_WORDS = 5
# Paragraphs after which «he added» is no longer the one who spoke before.
_LASTING = 2


@dataclass(frozen=True, slots=True)
class _Piece:
    """Hold a quoted piece: its marks are at the tokens `first` and `last`."""

    first: int
    last: int


@dataclass(slots=True)
class _Speaker:
    """Hold who spoke last.

    Attributes:
        name: as the entity is named.
        form: by which form of a verb it spoke.
        paragraph: where it spoke last.
    """

    name: str
    form: Form
    paragraph: int


def find_quotes(body: str, entities: Sequence[Entity], tokens: Sequence[Token] | None = None) -> list[Quote]:
    """Find what the body quotes, in order and without overlaps; offsets are in code points.

    The speaker is the name of a person or organisation among `entities`, or None where the body does not name who
    speaks («قال مصدر أمني إن»).

    Args:
        body: the text.
        entities: its entities.
        tokens: its tokens, as `tokenize` gives them; None tokenises it.
    """
    if tokens is None:
        tokens = tokenize(body)
    finder = _Finder(body, entities)
    starts = [token.start for token in tokens]
    found: list[Quote] = []
    first = end = 0
    for number, paragraph in enumerate(body.split("\n")):
        end += len(paragraph)
        last = bisect_left(starts, end, first)
        for quote in finder.paragraph(tokens[first:last], number):
            if not found or quote.start >= found[-1].end:
                found.append(quote)
        first, end = last, end + 1
    return found


class _Finder:
    """Find the quotations of one body, paragraph by paragraph."""

    def __init__(self, body: str, entities: Sequence[Entity]) -> None:
        self._body = body
        self._entities = sorted(
            (entity for entity in entities if entity.type in {"PER", "ORG"}), key=lambda entity: entity.start
        )
        self._starts = [entity.start for entity in self._entities]
        self._last: _Speaker | None = None
        # Titles of each name without the article, of all mentions so far.
        self._titles: dict[str, set[str]] = {}

    def paragraph(self, tokens: Sequence[Token], number: int) -> Iterator[Quote]:
        """Yield the quotations of the paragraph of these tokens, the `number`th."""
        if not tokens:
            return
        self._tokens, self._number = tokens, number
        self._words = [normalise(token.text) for token in self._tokens]
        starts = [token.start for token in self._tokens]
        here = slice(bisect_left(self._starts, starts[0]), bisect_left(self._starts, tokens[-1].end))
        self._named = {bisect(starts, entity.start) - 1: entity for entity in self._entities[here]}
        self._named_ends = {entity.end for entity in self._named.values()}
        for at, entity in self._named.items():
            before = {word.removeprefix("ال") for word in self._words[max(0, at - _TITLE_WORDS) : at] if word in TITLES}
            self._titles.setdefault(entity.name, set()).update(before)
        self._pieces = {piece.first: piece for piece in self._quoted()}
        at_words = openers()
        begins = [at for at, word in enumerate(self._words) if word in at_words or at in self._pieces]
        if not begins:
            return
        self._closings = {piece.last for piece in self._pieces.values()}
        self._sentences = self._sentence_numbers()
        taken = 0
        for index in begins:
            if index < taken:
                continue
            if (quote := self._introduced(index) or self._followed(index)) is not None:
                yield quote
                taken = bisect_left(starts, quote.end)

    def _quoted(self) -> Iterator[_Piece]:
        opened: tuple[int, str] | None = None
        for index, token in enumerate(self._tokens):
            if opened is None:
                if token.text in _CLOSING:
                    opened = (index, _CLOSING[token.text])
            elif token.text == opened[1]:
                yield _Piece(opened[0], index)
                opened = None

    def _sentence_numbers(self) -> list[int]:
        """Number the sentence of each token; signs within a quoted piece end none."""
        inside = {index for piece in self._pieces.values() for index in range(piece.first, piece.last)}
        numbers, number = [], 0
        for index, token in enumerate(self._tokens):
            numbers.append(number)
            if token.text[0] in _ENDS and index not in inside and not self._is_initial(index):
                number += 1
        return numbers

    def _is_initial(self, index: int) -> bool:
        """Tell whether the stop at `index` belongs to a title or an initial: «د. سعيد»."""
        before = self._tokens[index - 1] if index else None
        return (
            self._tokens[index].text == "."
            and before is not None
            and len(before.text) == 1
            and before.end == self._tokens[index].start
        )

    def _reporting(self, index: int) -> ReportingWord | None:
        """Return what the token reports speech by; «و» and «ف» before it do not matter."""
        if index in self._named:
            return None
        word = self._words[index]
        if self._word(index - 1) in NEGATIONS:
            return None
        known = reporting_words()
        found = known.get(word) or (known.get(word[1:]) if word[:1] in {"و", "ف"} else None)
        if found is None and word in {"وبين", "بين"} and self._word(index + 1) in THAT | THAT_PRONOUN:
            return ReportingWord(Form.HE)
        # «يُذكر أن»: nobody in particular.
        if word.removeprefix("و") in {"يذكر", "تذكر"} and self._word(index + 1) in THAT:
            return None
        return found

    def _word(self, index: int) -> str:
        return self._words[index] if 0 <= index < len(self._words) else ""

    def _introduced(self, index: int) -> Quote | None:
        """Find what the reporting word at `index` introduces."""
        bare = self._words[index].removeprefix("و")
        relay = bare in RELAYS
        word = ReportingWord(Form.ANYONE) if relay else self._reporting(index)
        if word is None:
            return None
        sign = self._sign(index, word, relay=relay)
        if sign is None:
            return None
        first = index + 1
        if relay:
            about = [at for at in range(index + 1, sign) if self._words[at] == "عن"]
            if not about:
                return None
            first = about[-1] + 1
        speaker = self._speaker(index, first, sign, word)
        span = self._said(sign)
        if span is None:
            return None
        return self._quote(span, speaker, self._printed(index))

    def _printed(self, index: int) -> str:
        """Return a reporting word without vowel signs, and without «و» or «ف» before it."""
        text = plain(self._tokens[index].text)
        return text[1:] if self._words[index] not in reporting_words() and text[0] in "وف" else text

    def _sign(self, index: int, word: ReportingWord, *, relay: bool) -> int | None:
        """Return the index of what opens the speech: «أن», a colon, or a quotation mark."""
        near = 5 if word.participle else _FARTHEST
        at = index + 1
        while at < min(index + near, len(self._tokens)) and self._sentences[at] == self._sentences[index]:
            text = self._words[at]
            if text in THAT or text in THAT_PRONOUN:
                return None if word.needs_mark or self._words[at - 1] in OTHER_CLAUSE else at
            if text == ":":
                return at
            if at in self._pieces:
                piece = self._pieces[at]
                if self._opens_speech(index, piece):
                    return at
                at = piece.last
            elif self._reporting(at) is not None and not (relay and text in HIS_WORDS):
                # Another verb, whose subject it is: «أكد الوزير دعمه مشيرا إلى أن». «قال … قائلا» is one.
                if self._reporting(at).participle and not word.participle:  # type: ignore[union-attr]
                    self._speaker(index, index + 1, at, word)
                return None
            at += 1
        return None

    def _opens_speech(self, verb: int, piece: _Piece) -> bool:
        """Tell whether a quoted piece after a verb, without colon or «أن» between them, is speech and not a name."""
        length, before = piece.last - piece.first - 1, piece.first - 1
        if before == verb or self._words[before] in {"،", ","} | HIS_WORDS:
            return length >= _LEAST_WORDS
        named = self._tokens[before].end in self._named_ends
        return length >= _LEAST_UNMARKED and (named or before - verb <= _SHORT_SUBJECT)

    def _speaker(self, verb: int, first: int, end: int, word: ReportingWord) -> str | None:
        """Return who speaks, from the words between the reporting word and the speech, or from before it."""
        if word.participle:
            current = self._last is not None and self._last.paragraph == self._number
            return self._last.name if self._last and current else self._remember(self._subject(verb), word.form)
        if (found := self._named_between(first, end)) is not None:
            return self._remember(found, word.form)
        if self._word(verb - 1) != "قد" and self._has_noun(first, end):
            if (name := self._by_title(first, end)) is None:
                self._last = None
            return name
        if (before := self._named_before(verb)) is not None:
            return self._remember(before, word.form)
        if not self._continues(verb):
            return None
        return self._again(word.form) or self._remember(self._subject(verb), word.form)

    def _continues(self, verb: int) -> bool:
        """Tell whether a verb without a subject after it has none before it either: «المالكة تقول إن» has one."""
        before = verb - 1
        return (
            self._words[verb] not in reporting_words()  # «وقال»
            or before < 0
            or self._sentences[before] != self._sentences[verb]
            or not self._words[before][:1].isalpha()
            or self._words[before] in BEFORE_A_VERB
        )

    def _remember(self, at: int | None, form: Form) -> str | None:
        if at is None:
            return None
        name = self._named[at].name
        self._last = _Speaker(name, form, self._number)
        return name

    def _named_between(self, first: int, end: int) -> int | None:
        """Return the first token of the person, else of the organisation, that the words name as the speaker."""
        organisation = None
        for at in range(first, end):
            entity = self._named.get(at)
            if entity is None:
                continue
            clitic = entity.start > self._tokens[at].start and self._words[at][:1] in {"ل", "ب"}
            led = self._is_companion(at, first)
            if entity.type == "PER" and not led and not clitic:
                return at
            if entity.type == "PER":
                # A named companion: what follows names no speaker either.
                return None
            if organisation is None and self._subject_organisation(first, at) and not clitic:
                organisation = at
        return organisation

    def _subject_organisation(self, first: int, at: int) -> bool:
        """Tell whether an organisation is what a verb's subject is: «قالت شركة أدنوك», not «قالت لصحيفة المدى»."""
        word = self._words[first]
        kind_alone = normalise(self._named[at].name) in KIND_WORDS
        return (
            at - first <= 1 and not kind_alone and (at == first or (word not in ASIDE and word[:1] not in {"ل", "ب"}))
        )

    def _has_noun(self, first: int, end: int) -> bool:
        """Tell whether a word between a reporting word and the speech may name who speaks."""
        if first >= end:
            return False
        word = self._words[first]
        return word[:1].isalpha() and word not in ASIDE and word not in HIS_WORDS and first not in self._pieces

    def _by_title(self, first: int, end: int) -> str | None:
        """Return who spoke last if the words are one of the titles: «وأضاف الوزير»."""
        last = self._last
        title = self._words[first]
        if last is None or self._number - last.paragraph > _LASTING or title not in TITLES:
            return None
        # «الوزير الأمريكي», and nothing else.
        rest = [word for word in self._words[first + 1 : end] if word[:1].isalpha()]
        more = next((word for word in rest if word not in TITLES and not word.endswith(("ي", "ية"))), None)
        if (more is not None and more not in ASIDE) or title.removeprefix("ال") not in self._titles[last.name]:
            return None
        last.paragraph = self._number
        return last.name

    def _named_before(self, verb: int) -> int | None:
        """Return the person right before a verb without a subject: «سعيد الحلبي قال إن», also with an apposition."""
        at = verb - 1
        while at >= 0 and self._sentences[at] == self._sentences[verb] and verb - at <= 10:
            if self._reporting(at) is not None:
                return None
            if at in self._named:
                entity = self._named[at]
                after = next((i for i in range(at, verb) if self._tokens[i].start >= entity.end), verb)
                between = self._words[after:verb]
                between = between[:-1] if between[-1:] == ["قد"] else between
                apposition = bool(between) and between[0] == "،" and between[-1] == "،"
                opens = at == 0 or self._sentences[at - 1] != self._sentences[at] or self._words[at - 1] in TITLES
                right = (not between or apposition) and (opens or not between)
                if entity.type == "PER" and right and not self._is_companion(at):
                    return at
                return None
            at -= 1
        return None

    def _subject(self, verb: int) -> int | None:
        """Return the only person of the sentence before a verb, or of its own up to it: «وافتتح سعيد … . وقال إن»."""
        number = self._sentences[verb]
        found = [
            at
            for at, entity in self._named.items()
            if at < verb and number - self._sentences[at] <= 1 and entity.type == "PER"
        ]
        if len({self._named[at].name for at in found}) != 1:
            return None
        return None if self._is_companion(found[0]) else found[0]

    def _is_companion(self, at: int, first: int = 0) -> bool:
        """Tell whether a word from `first` on makes the person at `at` another one than who speaks: «شقيق اللاعب …»."""
        before = at - 1
        while before >= first and self._words[before] in TITLES:
            before -= 1
        # «محامو فلان», all of which the tagger may take for the name.
        led = before >= first and self._words[before] in BESIDE_A_PERSON
        return led or self._words[at].startswith("محام")

    def _again(self, form: Form) -> str | None:
        """Return who spoke last, for a verb without a subject that agrees with it."""
        last = self._last
        if last is None or self._number - last.paragraph > _LASTING:
            return None
        if Form.ANYONE not in {form, last.form} and form != last.form:
            return None
        last.paragraph = self._number
        return last.name

    def _said(self, sign: int) -> tuple[int, int] | None:
        """Return first and last token of the speech that the token `sign` opens."""
        word = self._words[sign]
        if sign in self._pieces:
            return self._within(sign)
        first = sign if word in THAT_PRONOUN else sign + 1
        if first >= len(self._tokens):
            return None
        if word == ":" and first in self._pieces:
            return self._within(first)
        last = self._clause_end(first)
        while last >= first and not self._words[last][:1].isalnum() and last not in self._closings:
            last -= 1
        if first in self._pieces and self._pieces[first].last == last:
            return self._within(first)
        while first < last and not self._words[first][:1].isalnum() and first not in self._pieces:
            first += 1
        return (first, last) if last - first >= 1 else None

    def _within(self, first: int) -> tuple[int, int] | None:
        piece = self._pieces[first]
        return (piece.first + 1, piece.last - 1) if piece.last > piece.first + 1 else None

    def _clause_end(self, first: int) -> int:
        """Return the last token of reported speech: to the end of the sentence, or to the next reporting word."""
        at = first
        while at + 1 < len(self._tokens) and self._sentences[at + 1] == self._sentences[first]:
            if at in self._pieces:
                at = self._pieces[at].last
                continue
            following = self._words[at + 1]
            reporting = self._reporting(at + 1)
            comma = self._words[at] in {"،", ","}
            said_by = following in SOURCES or (following == "علي" and self._word(at + 2) == "حد")
            if following in NEW_CLAUSE or (comma and said_by):
                break
            if reporting is not None and reporting.participle and self._sign(at + 1, reporting, relay=False):
                break
            if comma and reporting is not None and following[:1] in {"و", "ف"}:
                break
            at += 1
        return at

    def _followed(self, index: int) -> Quote | None:
        """Find who is named after the quoted piece that opens at `index`: «…»، قال سعيد الحلبي."""
        piece = self._pieces.get(index)
        if piece is None or piece.last - piece.first <= _LEAST_WORDS:
            return None
        at = piece.last + 1
        while self._word(at) in {"،", ",", "-", "–", "."} and at - piece.last <= _NEAR:
            at += 1
        if self._word(at) in {"كما", "هكذا", "حسبما", "مثلما"}:
            at += 1
        span = (piece.first + 1, piece.last - 1)
        word = self._word(at)
        if word in SOURCES:
            return self._source(span, at, at + 1 + (self._word(at + 1) in {"ل", "ما"}))
        if word == "علي" and self._word(at + 1) == "حد" and self._word(at + 2) in BY_WORD_OF:
            if self._word(at + 2).endswith(("ه", "ها")):
                return self._quote(span, self._again(Form.ANYONE), plain(self._tokens[at + 2].text))
            return self._source(span, at + 2, at + 3)
        return self._said_after(span, at)

    def _said_after(self, span: tuple[int, int], at: int) -> Quote | None:
        """Return the quotation `span` if the word after it reports it and nothing that follows."""
        reporting = self._reporting(at) if at < len(self._tokens) else None
        if reporting is None or reporting.participle or self._words[at] not in reporting_words():
            return None
        if self._sign(at, reporting, relay=False) is not None:
            return None
        return self._quote(span, self._speaker(at, at + 1, self._phrase_end(at + 1), reporting), self._printed(at))

    def _source(self, span: tuple[int, int], word: int, first: int) -> Quote:
        end = self._phrase_end(first)
        found = next((at for at in range(first, end) if at in self._named), None)
        return self._quote(span, self._remember(found, Form.ANYONE), plain(self._tokens[word].text))

    def _phrase_end(self, first: int) -> int:
        end = first
        while end < len(self._tokens) and end - first < 12 and self._words[end] not in {"،", ",", ".", ":", "؛"}:
            end += 1
        return end

    def _quote(self, span: tuple[int, int], speaker: str | None, verb: str) -> Quote:
        start, end = self._tokens[span[0]].start, self._tokens[span[1]].end
        return Quote(text=self._body[start:end], speaker=speaker, start=start, end=end, verb=verb)
