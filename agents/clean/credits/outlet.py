"""Determine the names of the outlet that published a page, to recognise its credit lines and colophon."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from agents.clean.credits.name_tables import names
from agents.text.keys import hostname, match_key

_KIND_RE = re.compile(r"^(?:صحيفة|جريدة|وكالة|موقع|قناة|شبكة|بوابة|مجلة|يومية|إذاعة|راديو|تلفزيون|منصة)\s+")
_ARABIC_RE = re.compile("[\u0621-\u064a]")
# Labels of a host that do not name its owner.
_NO_NAMES = frozenset(
    {"www", "com", "net", "org", "info", "news", "co", "gov", "edu", "online", "arabic", "ar", "en", "m", "amp", "web"}
    | {"site", "file", "http", "https", "media", "press", "example"}
)
# Consonants by their usual transliterations. Letters that are transliterated alike share a sign; vowels have none.
_DIGRAPHS = (("sh", "$"), ("ch", "$"), ("kh", "x"), ("gh", "g"), ("th", "t"), ("dh", "d"), ("ph", "f"))
_LATIN = str.maketrans({"c": "k", "q": "k", "p": "b", "j": "g", "v": "f"} | dict.fromkeys("aeiouyw'"))
_CLASSES = {
    "b": "ب", "t": "تثط", "g": "جغ", "h": "حه", "x": "خ", "d": "دذض", "z": "زظ", "r": "ر", "s": "سص", "$": "ش",
    "f": "ف", "k": "قك", "l": "ل", "m": "م", "n": "ن", "": "اأإآىيوؤئءع\u0640",
}  # fmt: skip
_ARABIC = str.maketrans({letter: sign for sign, letters in _CLASSES.items() for letter in letters})
_DOUBLE_RE = re.compile(r"(.)\1+")
_LATIN_ARTICLE_RE = re.compile(r"^(?:al|el)(?=[a-z]{3})")
_FINAL_H_RE = re.compile(r"(?<=a)h$")  # of ة
_MAX_NAME = 200
_MIN_BONES, _MIN_FIRST, _MAX_WORDS, _MIN_NAMED = 2, 4, 3, 5


@dataclass(frozen=True, slots=True)
class Outlet:
    """Names of the outlet that published a page.

    Attributes:
        printed: its names in Arabic letters (the site's name in the markup, the `source`), as `match_key`.
        bones: the consonants of its Latin names, as hosts and sources spell them.
        host: of the page's address, without `www.`; empty if it has none.
    """

    printed: frozenset[str] = field(default_factory=frozenset)
    bones: frozenset[str] = field(default_factory=frozenset)
    host: str = ""

    def owns(self, name: str) -> bool:
        """Return whether `name` is the outlet's, as printed or by its Latin name's consonants («almina»: «الميناء»)."""
        key = match_key(_KIND_RE.sub("", name.strip()))
        if not key:
            return False
        if key in self.printed:
            return True
        words = key.split()
        spelled = {_arabic_bones(key)}
        people = names().given.intersection(words[1:])
        if 1 < len(words) <= _MAX_WORDS and len(words[0]) >= _MIN_FIRST and not people:
            spelled.add(_arabic_bones(words[0]))  # «شراع الخليج» of shiraa.example
        return any(len(bones) >= _MIN_BONES and bones in self.bones for bones in spelled)

    def prints(self, text: str) -> bool:
        """Return whether `text` is one of the outlet's names letter by letter, and nothing else."""
        return match_key(text.strip()) in self.printed

    def is_named(self, name: str) -> bool:
        """Return whether `name` is the outlet's beyond doubt, though it might be a person's («صباح القدس»)."""
        key = match_key(name.strip())
        if " " not in key:
            return False
        return key in self.printed or (len(bones := _arabic_bones(key)) >= _MIN_NAMED and bones in self.bones)


NOBODY = Outlet()


def outlet_of(source: str, url: str, site: str | None = None) -> Outlet:
    """Return the outlet of a page.

    Args:
        source: the record's `source`.
        url: the page's address.
        site: the site's name in the markup, if any.
    """
    return _outlet(source[:_MAX_NAME], hostname(url), (site or "")[:_MAX_NAME])


@lru_cache(maxsize=1024)
def _outlet(source: str, host: str, site: str) -> Outlet:
    printed = {
        match_key(_KIND_RE.sub("", name.strip())) for name in (source, site) if _ARABIC_RE.search(name) is not None
    } | {match_key(site)}
    labels = [label for label in host.split(".") if label not in _NO_NAMES]
    latin = [name for name in (source, site, *labels) if name.isascii()]
    bones = {bones for name in latin for bones in (_latin_bones(name),) if len(bones) >= _MIN_BONES}
    return Outlet(frozenset(printed - {""}), frozenset(bones), host.removeprefix("www."))


def _latin_bones(name: str) -> str:
    words = [word for word in re.split(r"[^a-z]+", name.lower()) if word and word not in _NO_NAMES]
    return "".join(_word_bones(_LATIN_ARTICLE_RE.sub("", word)) for word in words)


def _word_bones(word: str) -> str:
    word = _FINAL_H_RE.sub("", word)
    for pair, sign in _DIGRAPHS:
        word = word.replace(pair, sign)
    return _DOUBLE_RE.sub(r"\1", word.translate(_LATIN))


def _arabic_bones(key: str) -> str:
    """Return the consonants of a `match_key`, which has no marks and ه for ة."""
    words = (word.removeprefix("ال").removesuffix("ه") for word in key.split())
    return "".join(_DOUBLE_RE.sub(r"\1", word.translate(_ARABIC)) for word in words)
