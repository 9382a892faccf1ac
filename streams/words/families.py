"""Reduce a word without clitics to its family: the term that its inflections and relative forms share."""

from __future__ import annotations

import re
from functools import cache

from streams.words.letters import normalise_word
from streams.words.lexicon import DATA, lexicon

# Words whose ال is part of the word, for forms that the corpus does not have. The rest of the word follows.
_OWN_ARTICLE_RE = re.compile(
    "^ال(?:تزام|تزم|تقي|تقا|تقت|تقو|تهاب|تماس|تحق|تحاق|تفت|تفاف|غاء|غاي|غي|هام|كترون|مانيا|ماني|مان|كسندر|كساندر|كسي"
    "|بانيا|باني|برت|يسا|ياس|ويه|واح|وان|ان|اف|اء|زام|بوم|ياف|زم|تقط|تقاط|تمس|حاق|حاد|صاق|قاء|م|ف|يزابيث|ينا|فونسو|عاب|غام)"
    "(?:ا|ه|ها|ي|يه|يا|ين|ان|ون|ات|هم|يين|يون)?$"
)


# ة before endings: شركتين, شركات, شركتها.
_FEMININE_RE = re.compile("^(.{2,}?)(?:تين|تان|ات|ا?ت(?:ه|ها|هم|هما|هن|نا|كم|ي))$")

_POSSESSIVE_RE = re.compile("(?<=.{3})(?:هما|ها|هم|هن|نا|كم|ه)$")


# In this order: the last letters of the endings, and the rule. A word keeps three letters, or two before a feminine
# ending.
_RULES = tuple(
    (frozenset(letters), re.compile(pattern))
    for letters, pattern in (
        ("هامن", "^(.{3,})و(?:ه|ها|هم|هما|هن|نا|كم)$"),  # نقلوها
        ("هامن", "^(.{3,})ت(?:ه|ها|هم|هما|هن|نا|كم)$"),  # مدرستهم
        ("امن", "^(.{3,}?)(?:هما|ها|هن|كما|كم|نا|(?<!ا)هم)$"),  # كتابهم
        ("ا", "^(.{3,}?)(?:يا|وا|ا)$"),  # رسميا, قالوا, كتابا
        ("نتهي", "^(.{3,}?)(?:يتين|يتان|يين|يون|يان|يات|يه|ي)$"),  # سوداني, عراقيون
        ("نته", "^(.{2,}?)(?:تين|تان|ات|ه)$"),  # شركات, دولتين
        ("ن", "^(?!لبنان$)(.{3,}?)(?:ين|ون|ان)$"),  # معلمون, لاعبان
        ("ت", r"^(.{3,})(?<![اوي])ت$"),  # أعلنت
    )
)


def has_article(word: str) -> bool:
    """Return whether a normalised word without clitics begins with the article."""
    if len(word) < 4 or not word.startswith("ال"):
        return False
    known = lexicon()
    return word not in known.own_article and (word in known.seen or _OWN_ARTICLE_RE.match(word) is None)


def family(word: str) -> str:
    """Return the family of a normalised Arabic word without clitics, with or without its article."""
    if has_article(word):
        word = word[2:]
    stems = lexicon().stems
    if word in stems:
        return stems[word]
    return family_by_rule(word)


def family_by_rule(word: str) -> str:
    """Return the family of a word without article by the rules alone, then by the list of irregular words.

    Nouns of distinct.txt keep their endings, as they are another word without them.
    """
    nouns = distinct()
    for form in (word, _FEMININE_RE.sub(r"\1ه", word), _POSSESSIVE_RE.sub("", word)):
        if form in nouns:
            return nouns[form]
    for letters, rule in _RULES:
        if word[-1:] in letters and (match := rule.match(word)) is not None:
            word = match.group(1)
    return irregular().get(word, word)


@cache
def distinct() -> dict[str, str]:
    """Return streams/words/data/distinct.txt: the families of nouns that are another word without their endings."""
    found = {}
    for line in DATA.joinpath("distinct.txt").read_text(encoding="utf-8").splitlines():
        noun, _, forms = line.partition(":")
        if noun and not line.startswith("#"):
            family = normalise_word(noun)
            found.update(dict.fromkeys((family, *map(normalise_word, forms.split())), family))
    return found


@cache
def irregular() -> dict[str, str]:
    """Return streams/words/data/irregular.txt: the families of irregular forms, as the rules leave them."""
    found = {}
    for line in DATA.joinpath("irregular.txt").read_text(encoding="utf-8").splitlines():
        words, _, stem = line.partition("=>")
        for word in words.split(","):
            found[word.strip()] = stem.strip()
    return found
