"""The terms of a text, as they are indexed and as they are searched for.

Two kinds of terms exist. A *form* is a word as printed, normalised; where the word begins with clitics, the rest is a
form too, with `~` before it («وقال» has the forms وقال and ~قال). Phrases match by forms. Where normalising changed
letters, the word as printed is a form with `=` before it («أحمد» has the forms احمد and =أحمد): an exact search for
أحمد looks for =أحمد, one for احمد for the form احمد of words that do not also have =أحمد, =إحمد and the like. A
*family* is what all inflections of a word share, or `@` and a name. Words match by families.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from streams.words.families import family, has_article
from streams.words.latin import COMPOUND, FOREIGN, arabic_names, compound_names
from streams.words.letters import printed_word
from streams.words.lexicon import Name, lexicon
from streams.words.pairs import month_family, pair_families, second_words
from streams.words.tokens import LONGEST, Token, tokenize

PARTED = "~"
PRINTED = "="
_SHORTEST = 3
_SHORTEST_RELATIVE = 5
# Words in Latin letters of a text that are looked up as names; each takes a few milliseconds when it is new.
MOST_FOREIGN = 100
_TANWEEN = "\u064b"
_SERVANT = frozenset({"عبد", "وعبد", "فعبد", "بعبد", "لعبد", "كعبد"})
_FATHER = frozenset({"ابو", "ابي", "ابا"})
_FATHER_PARTED = frozenset(clitic + word for clitic in "وفلب" for word in _FATHER)
_BEGINNINGS = _SERVANT | _FATHER | _FATHER_PARTED


class Reading(NamedTuple):
    """What one token may be.

    Attributes:
        forms: the token and, with `~`, the same without its clitics; with `=`, as printed.
        families: the families by which it is found outside names.
        name: the families by which it is found inside the name of a place or an organisation.
        person: the families by which it is found inside the name of a person.
        query: the families that a query for it means.
        month: what all names of a month share, if it is one.
    """

    forms: tuple[str, ...]
    families: tuple[str, ...]
    name: tuple[str, ...]
    person: tuple[str, ...]
    query: tuple[str, ...]
    month: str | None = None


class Word(NamedTuple):
    """One word of a text.

    Attributes:
        position: its number in the text, from 0.
        start, end: code points of the text.
        forms: its forms; the first is the word as printed, normalised.
        families: its families; none for a stop word.
        printed: of a word of a query, the form that an exact search needs.
    """

    position: int
    start: int
    end: int
    forms: tuple[str, ...]
    families: tuple[str, ...]
    printed: str = ""


Span = tuple[int, int]


def text_words(text: str, names: Sequence[Span] = (), persons: Sequence[Span] = ()) -> list[Word]:
    """Return the words of a text.

    Args:
        text: display text.
        names: start and end of the names of places and organisations in it, in code points.
        persons: the same of the names of persons.
    """
    return list(words_of(text, list(join_names(tokenize(text))), names, persons))


def words_of(
    text: str, tokens: Sequence[Token], names: Sequence[Span] = (), persons: Sequence[Span] = ()
) -> Iterator[Word]:
    """Yield the words of joined tokens of a text. The further arguments are those of `text_words`."""
    # Every word of every article passes here: what few words need is asked of few.
    named, personal = _inside(tokens, names), _inside(tokens, persons)
    seconds = _second_words()
    foreign: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for position, (word, start, end, tag, printed, parts) in enumerate(tokens):
        reading = read(word, printed)
        forms, families = reading.forms, reading.families
        if not families and reading.name and position + 1 < len(tokens) and _is_name(tokens[position + 1]):
            families = reading.name  # علي before another name
        if position in personal:
            families = reading.person
        elif position in named:
            families = reading.name
        for part in parts:
            families += tuple(family for family in read(part.text, part.printed).name if family not in families)
        if not printed and text[start].isupper() and len(foreign) < MOST_FOREIGN:
            foreign[word] = tuple(FOREIGN + name for name in arabic_names(word))
        if foreign:
            families += foreign.get(word, ())
        if reading.month is not None or word in seconds:
            # حزب الله has the family of Hezbollah at its last word.
            compounds = dict.fromkeys(compound_names().get((first.removeprefix(PARTED), word)) for first in before)
            families = _with(families, *(COMPOUND + name for name in compounds if name is not None))
            families = _with(families, reading.month, *pair_families(before, word))
        before = forms
        yield Word(position, start, end, forms if tag is None else (*forms, tag), families)


@cache
def _second_words() -> frozenset[str]:
    """Return the words that mean something else together with the word before than alone."""
    return second_words().union(second for _, second in compound_names())


def _inside(tokens: Sequence[Token], spans: Sequence[Span]) -> set[int]:
    """Return the numbers of the tokens that lie in one of the spans.

    Of spans that overlap, the one that begins last counts as far as the next one.
    """
    found: set[int] = set()
    if not spans:
        return found
    starts, ends = [token.start for token in tokens], [token.end for token in tokens]
    ordered = sorted(spans)
    # A token belongs to the last span that begins before the token's end.
    firsts = [bisect_left(ends, begin + 1) for begin, _ in ordered] + [len(tokens)]
    for number, (_, end) in enumerate(ordered):
        found.update(range(firsts[number], min(firsts[number + 1], bisect_left(starts, end))))
    return found


def _is_name(token: Token) -> bool:
    entry = lexicon().names.get(token.text)
    return entry is not None and entry.always and not entry.nisba and entry.term == "@" + token.text


def query_words(text: str) -> list[Word]:
    """Return the words of a query. Their families are what a reader means by them; a name before the common word."""
    found: list[Word] = []
    before: tuple[str, ...] = ()
    for position, token in enumerate(join_names(tokenize(text))):
        reading = read(token.text, token.printed)
        forms = (token.tag or token.text, *(form for form in reading.forms if form[0] == PARTED))
        families = _with(reading.query, reading.month)
        if pair := pair_families(before, token.text):
            # An article that prints one word has both.
            found[-1] = found[-1]._replace(families=_with(found[-1].families, *pair))
            families = _with(families, *pair)
        printed = next(iter(_printed(token.text, token.printed)), token.text)
        found.append(Word(position, token.start, token.end, forms, families, printed))
        before = reading.forms
    return found


def _with(families: tuple[str, ...], *more: str | None) -> tuple[str, ...]:
    return families + tuple(family for family in more if family is not None and family not in families)


def join_names(tokens: Iterator[Token]) -> Iterator[Token]:
    """Join عبد with the next word if it has the article, or if both are a name, and أبو with the next word.

    Each is written as one word too.
    """
    held: Token | None = None
    for token in tokens:
        if held is not None:
            if _belong(held, token):
                printed = held.printed + token.printed
                # The case of أبو is no part of the name.
                first = held.text if held.text in _SERVANT else held.text[:-1] + "و"
                yield Token(first + token.text, held.start, token.end, held.tag, printed, (held, token))
                held = None
                continue
            yield held
            held = None
        if token.text in _BEGINNINGS:
            held = token
        else:
            yield token
    if held is not None:
        yield held


def may_begin_name(word: str) -> bool:
    """Return whether a normalised word is one that `join_names` joins with the next."""
    return word in _BEGINNINGS


def joined(words: Iterable[str]) -> Iterator[str]:
    """Yield the plain words of a query; those that belong together, as articles print them as one, as one text."""
    held: str | None = None
    for word in words:
        if held is None:
            held = word
        elif _belong_together(held, word):
            yield f"{held} {word}"
            held = None
        else:
            yield held
            held = word
    if held is not None:
        yield held


def _belong_together(first: str, second: str) -> bool:
    parts = [list(tokenize(text)) for text in (first, second)]
    if [len(part) for part in parts] != [1, 1]:
        return False
    (one,), (other,) = parts
    if len(list(join_names(tokenize(f"{first} {second}")))) == 1:
        return True
    return bool(pair_families(read(one.text, one.printed).forms, other.text))


def _belong(first: Token, second: Token) -> bool:
    if not second.printed or second.start - first.end > 1:
        return False
    if first.text in _SERVANT:
        if second.text.startswith("ال"):
            return len(second.text) >= 4
        return len(second.text) >= _SHORTEST and "عبد" + second.text in lexicon().names  # عبد ربه
    return first.text.endswith("ابو") or second.text in lexicon().names


@lru_cache(maxsize=200_000)
def read(word: str, printed: str) -> Reading:
    """Return the reading of a normalised token.

    Args:
        word: the token.
        printed: the same as printed, if it is Arabic; else empty.
    """
    if not printed:
        return Reading((word,), (word,), (word,), (word,), (word,))
    known = lexicon()
    if word in known.stop_words:
        return _stop_word(word, printed)
    bases = list(_bases(word))
    forms = [word]
    families: list[str] = []
    name: list[str] = []
    person: list[str] = []
    query: list[str] = []
    for number, base in enumerate(bases):
        if base != word:
            forms += [PARTED + base for base in _endings(word, base)]
        outside, inside, of_person, asked = _families(base, printed)
        families += outside
        name += inside
        person += of_person
        if number == 0:
            query = asked
    kunya = _kunya(bases[0])
    if kunya is not None:
        forms.append(PARTED + kunya)
        extra = _families(kunya, printed)[1]
        families += extra
        name += extra
        person += extra
    forms += _printed(word, printed)
    return Reading(_once(forms), _once(families), _once(name), _once(person), _once(query), month=month_family(forms))


def _once(terms: Iterable[str]) -> tuple[str, ...]:
    """Return the terms in their order, each once."""
    return tuple(dict.fromkeys(terms))


def _printed(word: str, printed: str) -> tuple[str, ...]:
    """Return the word as printed, after `PRINTED`, if normalising changed its letters; else nothing."""
    letters = printed_word(printed)[:LONGEST] if printed else word
    return () if letters == word or " " in letters else (PRINTED + letters,)


def _stop_word(word: str, printed: str) -> Reading:
    # على is printed علي in Egypt; the name is never printed على.
    if word in _NAMES_LIKE_STOP_WORDS and printed[-1] != "ى":
        name = ("@" + word,)
        return Reading((word, *_printed(word, printed)), (), name, name, name)
    forms = (word, *_printed(word, printed))
    return Reading(forms, (), (), (), (), month_family(forms))


_NAMES_LIKE_STOP_WORDS = frozenset({"علي"})


def _families(base: str, printed: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the families of a word without clitics as in `Reading`."""
    entry = None if _TANWEEN in printed[-2:] else lexicon().names.get(base)
    if base in lexicon().stop_words:
        return [], [], [], []  # سيكون
    named = _with_article(base, entry)
    if entry is None:
        found = [family(base)]
        asked = found if named is None else [*found, named] if base in lexicon().seen else [named]
        return found, found, found, asked
    if entry.nisba:
        # A person called المصري is no Egyptian; one called تركي is whom a query for it means.
        own = ["@" + base]
        asked = [entry.term, *own]
        return ([entry.term], [entry.term], own, asked) if entry.always else (asked, [entry.term], own, own)
    if entry.always:
        found = [entry.term]
        return found, found, found, found if named is None else [*found, named]
    common = family(base)
    return [common], [entry.term], [entry.term], [entry.term] if entry.mostly else [entry.term, common]


def _with_article(base: str, entry: Name | None) -> str | None:
    """Return the term of a name that is printed with the article and asked for without it: سودان, حريري.

    A name without article is another one (رياض, الرياض), unless it looks like a relative form (شرقاوي, الشرقاوي).
    """
    if entry is not None and not (base.endswith("ي") and len(base) >= _SHORTEST_RELATIVE):
        return None
    named = lexicon().names.get("ال" + base)
    return None if named is None or named.nisba or not named.always else named.term


def _kunya(word: str) -> str | None:
    """Return the second word of a kunya in one piece: بكر of ابوبكر."""
    rest = word[3:]
    if len(rest) >= 2 and word[:3] in _FATHER and (rest in lexicon().names or word not in lexicon().seen):
        return rest
    return None


def _endings(word: str, base: str) -> Iterator[str]:
    """Yield the word without its first clitic, and without all of them."""
    if len(word) - len(base) == 2 and word.endswith(base):
        yield word[1:]
    yield base


def _bases(word: str) -> Iterator[str]:
    """Yield the words that this one may be after its clitics, the likeliest first."""
    known = lexicon()
    if word in known.whole or (word in known.names and word not in known.either):
        yield word
        return
    certain: str | None = None
    guesses: list[str] = []
    for base, sure in _partings(word):
        if sure:
            certain = base
            break
        guesses.append(base)
    if certain is not None and word not in known.either:
        yield certain
        return
    yield word
    if certain is not None:
        yield certain
    elif word not in known.seen:
        yield from guesses[:1]


def _partings(word: str) -> Iterator[tuple[str, bool]]:
    """Yield the rest of a word after one or two clitics, and whether the rest is known."""
    if len(word) > _SHORTEST and word[0] in "وف":
        rest = word[1:]
        if rest in lexicon().names:
            yield rest, True
        if rest not in lexicon().whole:
            for base, sure in _after_preposition(rest):
                if sure:
                    yield base, True
        yield rest, rest in lexicon().seen or has_article(rest) or family(rest) in _noun_families()
    yield from _after_preposition(word)


def _after_preposition(word: str) -> Iterator[tuple[str, bool]]:
    known = lexicon()
    first, rest = word[0], word[1:]
    if len(rest) < 2:
        return
    if first == "ل" and rest[0] == "ل" and len(rest) >= _SHORTEST:
        whole = "ال" + rest[1:]
        if rest in known.names and whole not in known.names:
            yield rest, True  # لليبيا
        else:
            yield "ال" + rest if rest in known.own_lam else whole, True
        return
    if first in "بلك":
        sure = rest in known.names or _is_noun(rest) or (first == "ل" and rest in known.verbs)
        if sure or len(rest) > _SHORTEST:
            yield rest, sure or (has_article(rest) and len(rest) > 4)
    elif first == "س" and rest in known.verbs:
        yield rest, True


def _is_noun(word: str) -> bool:
    known = lexicon()
    if word in known.nouns:
        return True
    return (
        len(word) >= _SHORTEST
        and word not in known.verbs
        and word not in known.whole
        and ((has_article(word) and len(word) > 4) or family(word) in _noun_families())
    )


@lru_cache(maxsize=1)
def _noun_families() -> frozenset[str]:
    return frozenset(family(noun) for noun in lexicon().nouns if len(noun) >= _SHORTEST)
