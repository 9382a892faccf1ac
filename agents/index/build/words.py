"""Decide which words begin with a clitic, from how often a corpus has them and what may not stand before a clitic.

A word that begins with a clitic never takes the article (السبب exists, البسبب does not), and no clitic stands before
the clitics و and ف (ووزير exists, ووقال does not). An imperfect of a verb begins with the letters of persons: وصل is
one word because يوصل and توصل are found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from streams.words.families import family_by_rule
from streams.words.lexicon import EITHER, NOUN, OWN_ARTICLE, OWN_LAM, VERB, WHOLE

# Occurrences from which a form is taken into the list.
FEWEST = 3
# Share of the occurrences of a word with the article, or with what else a clitic cannot follow, from which it is one
# word; and of the forms of a verb.
_WITH_ARTICLE, _AS_VERB = 0.015, 0.05
# How many times as often as its rest a word may occur and still be a clitic and that rest: لمدة is four times as often
# as مدة.
_MOST_TIMES = 15
_SHORTEST_VERB, _FEWEST_PERFECTS = 3, 5


class Words:
    """Decisions about the words of a corpus.

    Args:
        count: occurrences of normalised words.
        stop_words: words that no clitic is parted from.
        names: forms that are names.
    """

    def __init__(self, count: Counter[str], stop_words: Collection[str], names: Collection[str]) -> None:
        self._count = count
        self._stop_words = stop_words
        self._names = names

    def flags(self) -> dict[str, str]:
        """Return each form of the list with its flags (see `streams.words.lexicon`)."""
        found = {}
        for word, count in self._count.items():
            if count < FEWEST or len(word) < 2:
                continue
            flags = ""
            if word[0] in "وفبلكس" and len(word) > 2:
                flags += self._clitic(word)
            if self._is_noun(word):
                flags += NOUN
            if self._is_verb(word):
                flags += VERB
            if word.startswith("ال") and self._own_article(word):
                flags += OWN_ARTICLE
            if word[0] == "ل" and self._own_lam(word):
                flags += OWN_LAM
            found[word] = flags
        return found

    def _with_article(self, word: str) -> float:
        with_it = self._count["ال" + word]
        if word[0] == "ل":
            # بال and كال, as للـ swallows the letter.
            with_it = max(with_it, self._count["بال" + word])
        return with_it / max(1, self._count[word]) if with_it >= 2 else 0.0

    def _is_noun(self, word: str) -> bool:
        if word in self._stop_words:
            return False
        if word.startswith("ال") and not self._own_article(word):
            return False
        with_it = self._count["ال" + word]
        return with_it >= 2 and with_it >= 0.01 * self._count[word]

    def _is_verb(self, word: str) -> bool:
        if word[0] not in "يتنا" or len(word) < 3:
            return False
        if self._count["ال" + word] > 0.02 * self._count[word]:
            return False
        other = {"ي": "ت", "ت": "ي", "ن": "ي", "ا": "ي"}[word[0]] + word[1:]
        return self._count[other] > 0 or self._count["س" + word] > 0

    def _own_article(self, word: str) -> bool:
        rest = word[2:]
        if len(rest) < 2:
            return True
        again = self._count["ال" + word]
        as_verb = self._count["ي" + word[1:]] + self._count["ت" + word[1:]] + self._count["م" + word[1:]]
        if self._count[rest] >= 0.05 * self._count[word] and again < 0.05 * self._count[word]:
            return False
        return max(again, as_verb) >= max(2, 0.01 * self._count[word])

    def _own_lam(self, word: str) -> bool:
        """Return whether ل + the article + this word (للجنة) is likelier than the article + the word without its ل."""
        mine = self._count["ال" + word] + self._count[word]
        other = self._count["ال" + word[1:]] + self._count[word[1:]]
        return mine > other

    def _clitic(self, word: str) -> str:
        if word in self._stop_words:
            return ""
        if word[0] in "وف":
            return self._conjunction(word)
        if word[0] == "س":
            return self._future(word)
        return self._preposition(word)

    def _conjunction(self, word: str) -> str:  # noqa: PLR0911 - one test after the other
        rest = word[1:]
        count = self._count[word]
        if self._count["و" + word] >= max(2, 0.01 * count) or self._with_article(word) >= _WITH_ARTICLE:
            return WHOLE
        if rest in self._stop_words or rest in self._names:
            return ""
        as_verb = self._count["ي" + word] + self._count["ت" + word] if word[0] == "و" else 0
        base = self._count[rest]
        if as_verb >= max(2, _AS_VERB * count):
            return EITHER if base >= count else WHOLE
        if rest.startswith("ال") and len(rest) > 4:
            return ""
        if rest[0] in "بلكس" and self._preposition(rest) == "" and len(rest) > 3:
            return ""
        most = base + self._count["ال" + rest]
        if len(rest) < 3 and count > most:
            return WHOLE
        if base >= 2 and count <= _MOST_TIMES * most:
            return ""
        # ونقلوها, with a form of the verb that is rare without و.
        return "" if len(rest) > 4 and self._count[family_by_rule(rest)] > count else WHOLE

    def _future(self, word: str) -> str:
        rest = word[1:]
        fits = self._is_verb(rest) and self._with_article(word) == 0 and self._count[word] <= 20 * self._count[rest]
        return "" if fits else WHOLE

    def _preposition(self, word: str) -> str:  # noqa: PLR0911 - one test after the other
        rest = word[1:]
        count = self._count[word]
        if word.startswith("لل"):
            return WHOLE if len(rest) < 3 else ""
        if rest in self._names and word not in self._names:
            return "" if self._with_article(word) < _WITH_ARTICLE else WHOLE
        if self._with_article(word) >= _WITH_ARTICLE:
            return WHOLE
        if rest in self._stop_words:
            return WHOLE
        if rest.startswith("ال") and len(rest) > 4 and not self._own_article(rest):
            return ""
        as_verb = self._count["ي" + word] + self._count["ت" + word]
        if word[0] == "ل" and self._is_verb(rest) and rest[0] in "يتن" and as_verb < _AS_VERB * count:
            return ""
        base = self._count[rest] + self._count["ال" + rest]
        noun = self._is_noun(rest) or self._is_inflected_noun(rest)
        if not noun or count > _MOST_TIMES * base or (len(rest) < 3 and count > base / 4):
            return WHOLE
        if as_verb >= max(2, _AS_VERB * count):
            return EITHER if base >= count else WHOLE
        return ""

    def _is_inflected_noun(self, word: str) -> bool:
        """Return whether this is a noun with a possessive, tanween or an ending of number, and seen."""
        if self._count[word] < 2 and word not in self._names:
            return False
        for ending in ("هما", "ها", "هم", "نا", "هن", "كم", "ه", "ي", "ا", "ين", "ات", "تين", "ان"):
            if word.endswith(ending) and len(word) - len(ending) >= 2:
                rest = word[: -len(ending)]
                if self._is_noun(rest) or (rest.endswith("ت") and self._is_noun(rest[:-1] + "ه")):
                    return True
                if ending in {"ات", "تين"} and self._is_noun(rest + "ه"):
                    return True
        return False


# Words of a demonstration; مظاهر alone means manifestations.
_OTHER_STEMS = {"مظاهره": "متظاهر", "مظاهرات": "متظاهر", "مظاهرتين": "متظاهر", "مظاهرتان": "متظاهر"}


def stems(count: Counter[str], flags: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return the families of imperfects: that of the perfect which the corpus has most often (يقاطع: قاطع).

    Args:
        count: occurrences of normalised words.
        flags: the forms with their flags.
        names: forms that are names.
    """
    found = dict(_OTHER_STEMS)
    for word, flag in flags.items():
        if VERB not in flag or word[0] not in "يت" or word in names:
            continue
        rest = family_by_rule(word)[1:]
        if family_by_rule(word)[0] != word[0] or len(rest) < _SHORTEST_VERB:
            continue
        perfect = max((rest, "ا" + rest), key=lambda form: count[form])
        if count[perfect] >= _FEWEST_PERFECTS:
            found[word] = family_by_rule(perfect)
    return found
