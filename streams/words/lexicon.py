"""Read the word lists of streams/words/data, which `python -m agents.index.build` makes from a corpus."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

DATA = files("streams.words").joinpath("data")
# Names of which spellings with and without a long vowel are one: their fewest occurrences and letters.
_FREQUENT, _MANY_LETTERS = 10, 7
# Letters of a name of which غ and ج may be one sound; shorter ones are Arabic words more often.
_SHORTEST_WITH_G = 4
_LONG_VOWELS = frozenset("اوي")


class Name(NamedTuple):
    """What is known of a form that is a name.

    Attributes:
        term: the term that all forms of the name share, with `@` before it.
        always: whether every occurrence is the name. Otherwise only those that the tagger or the gazetteer found are.
        mostly: whether a query for the form means the name alone. Otherwise it also means the common word.
        nisba: whether it is a relative form of a country (مصري), which is a family name where a person has it.
    """

    term: str
    always: bool
    mostly: bool
    nisba: bool


@dataclass(frozen=True)
class Lexicon:
    """Word lists; all forms are normalised by `streams.words.letters.normalise_word`.

    Attributes:
        seen: forms that the corpus has.
        whole: seen forms that look as if they began with a clitic, but do not (كتاب).
        either: seen forms that may begin with a clitic or not (لحق).
        nouns: forms that occur with the article, so that a preposition may be joined to them.
        verbs: imperfect forms, which the future س may be joined to.
        own_article: forms whose ال is no article (التزام).
        own_lam: forms that begin with ل, and so keep it after للـ (للجنة is ل + اللجنة).
        names: what is known of names, by form.
        stems: families that the rules of `streams.words.families` would miss, by form without article.
        stop_words: words that a search for several words leaves out.
    """

    seen: frozenset[str]
    whole: frozenset[str]
    either: frozenset[str]
    nouns: frozenset[str]
    verbs: frozenset[str]
    own_article: frozenset[str]
    own_lam: frozenset[str]
    names: Mapping[str, Name]
    stems: Mapping[str, str]
    stop_words: frozenset[str]


# Flags of words.tsv.gz.
WHOLE, EITHER, NOUN, VERB, OWN_ARTICLE, OWN_LAM = "wenval"


@cache
def lexicon() -> Lexicon:
    """Return the lexicon, read once in each process."""
    flags: dict[str, str] = {}
    for line in _lines("words.tsv.gz"):
        word, _, flag = line.partition("\t")
        flags[word] = flag
    names = {}
    for line in _lines("names.tsv.gz"):
        form, term, kind = line.split("\t")
        names[form] = Name("@" + (term or form), "a" in kind, "a" in kind or "m" in kind, "n" in kind)
    names = _with_duals(_with_country_terms(_with_main_spellings(names)))
    stems = dict(line.split("\t") for line in _lines("stems.tsv.gz"))

    def having(flag: str) -> frozenset[str]:
        return frozenset(word for word, found in flags.items() if flag in found)

    return Lexicon(
        frozenset(flags), having(WHOLE), having(EITHER), having(NOUN), having(VERB), having(OWN_ARTICLE),
        having(OWN_LAM), names, stems, stop_words(),
    )  # fmt: skip


def _with_main_spellings(names: Mapping[str, Name]) -> dict[str, Name]:
    """Give spellings of a transliterated name the term of the most frequent one.

    They differ in one long vowel (نتانياهو is نتنياهو), or in how they write the sound g: غ or ج (غوغل, جوجل). In short
    names the vowel tells names apart (سالم, سلم), as it does beside another long letter (كريستيان, كريستين).
    """
    counts = {form: int(count) for form, count in (line.split("\t") for line in _lines("name_counts.tsv.gz"))}
    foreign = {form for form, name in names.items() if counts.get(form, 0) >= _FREQUENT and _may_be_foreign(form, name)}
    alike: dict[str, set[str]] = defaultdict(set)
    for form, other in _written_with_other_g(names, counts):
        alike[form].add(other)
        alike[other].add(form)
    for form in foreign:
        for shorter in _without_one_vowel(form):
            if shorter in foreign:
                alike[form].add(shorter)
                alike[shorter].add(form)
    found = dict(names)
    for form in alike:
        main = form
        while (best := max(alike[main] | {main}, key=lambda other: (counts.get(other, 0), other))) != main:
            main = best
        found[form] = names[form]._replace(term="@" + main)
    return found


def _may_be_foreign(form: str, name: Name) -> bool:
    return name.always and not name.nisba and name.term == "@" + form and not form.startswith(("ال", "عبد"))


def _written_with_other_g(names: Mapping[str, Name], counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield names with one غ or all of them, and the same with ج, where the corpus has both or both are long."""
    for form, name in names.items():
        if "غ" not in form or len(form) < _SHORTEST_WITH_G or not _may_be_foreign(form, name):
            continue
        at = [number for number, letter in enumerate(form) if letter == "غ"]
        others = {form[:number] + "ج" + form[number + 1 :] for number in at} | {form.replace("غ", "ج")}
        for other in others & names.keys():
            rarest = min(counts.get(form, 0), counts.get(other, 0))
            if _may_be_foreign(other, names[other]) and (rarest or len(form) >= _MANY_LETTERS):
                yield form, other


def _with_country_terms(names: Mapping[str, Name]) -> dict[str, Name]:
    """Give spellings of a country's name the country's term: سنجافورة has that of سنغافورة, which is not its spelling.

    A country whose name ends in يا is listed as its own relative form (بلغاريا), unlike برازيليا, as البرازيل is.
    """
    named = {name.term for name in names.values() if not name.nisba}
    found = dict(names)
    for form, name in names.items():
        main = names.get(name.term[1:])
        if main is not None and main.term != name.term and (not main.nisba or main.term not in named):
            found[form] = name._replace(term=main.term)
    return found


def _with_duals(names: Mapping[str, Name]) -> dict[str, Name]:
    """Add the feminine duals of relative forms of countries: فرنسيتين, of فرنسية."""
    found = dict(names)
    for form, name in names.items():
        if name.nisba and form.endswith("يه"):
            found |= {dual: name for ending in ("تين", "تان") if (dual := form[:-1] + ending) not in names}
    return found


def _without_one_vowel(name: str) -> Iterator[str]:
    if len(name) >= _MANY_LETTERS:
        for at in range(1, len(name) - 1):
            if name[at] in _LONG_VOWELS and not {name[at - 1], name[at + 1]} & _LONG_VOWELS:
                yield name[:at] + name[at + 1 :]


@cache
def stop_words() -> frozenset[str]:
    """Return the words that a search for several words leaves out."""
    return frozenset(json.loads(DATA.joinpath("stop_words.json").read_text(encoding="utf-8")))


def _lines(name: str) -> list[str]:
    text = gzip.decompress(DATA.joinpath(name).read_bytes()).decode("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
