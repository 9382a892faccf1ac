"""What is kept of an article to recognise its copies. Stateless, so any number of workers may share it.

Two samples of the text's word runs, formulas left out (see `formulas`):

- `signature`: MinHash (Broder 1997) of runs of three words. Articles that share a band of it are compared.
- `sketch`: the smallest hashes of runs of two words (bottom-k, Cohen and Kaplan 2007). It tells how much two texts
  share and, other than MinHash, what part of a short text stands in a long one. With each goes the quarter of the text
  that it stands in: a copy shares something of every quarter, a quotation or background paragraph does not.

Numbers and weekdays tell the stories of one template apart.
"""

from __future__ import annotations

import hashlib
import re
import struct
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from rensa import RMinHash

from agents.dedupe.stock_phrases import TABLE, formulas, run_hashes, without_formulas, word_runs
from agents.text.search import search_text
from streams.records import Article, Fingerprint

# «1436ه» and «1436 ه», «ال17» and «ال 17» are the same words.
_WORD_RE = re.compile(r"\d+|[^\W\d_]+")
# «439.491», «439,491» and «439٬491» are one number; so are «8769.47» and «8,769.47». Agencies write ر for the comma.
_SEPARATOR_RE = re.compile(r"(?<=\d)[.,٫٬،ر](?=\d)")
_WEEKDAYS = ("السبت", "الاحد", "الاثنين", "الثلاثاء", "الاربعاء", "الخميس", "الجمعه")
_THIS_DAY = ("لهذا", "اليوم")
_VARIANT_HOST_RE = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
_VARIANT_PATH_RE = re.compile(r"(?:/amp|/index\.\w+|/print)?/*$")
# The numeric id that content systems give a story; shorter numbers are pages, sections and days, and so is 20150801.
_STORY_ID_RE = re.compile(r"(?<!\d)(?!(?:19|20)\d{6}(?!\d))\d{5,}(?!\d)")


@dataclass(frozen=True, slots=True)
class FingerprintConfig:
    """How fingerprints are made. Whoever changes a value changes `algorithm`: the two kinds cannot be compared.

    Attributes:
        algorithm: name and version, written into every fingerprint.
        table: the formulas, see `agents.dedupe.stock_phrases`.
        permutations: MinHash values in a signature.
        seed: of the permutations.
        signature_words: words in a run of the signature.
        sketch_words: words in a run of the sketch.
        sketch_size: most hashes in a sketch.
        flash_words: in bodies up to this length formulas are kept, for little else may be there.
        caption_words: bodies up to this length are captions; the headline is then taken for part of the text.
        most_numbers: most numbers kept.
    """

    algorithm: str = "rasd-minhash/1"
    table: Path = TABLE
    permutations: int = 48
    seed: int = 20150801
    signature_words: int = 3
    sketch_words: int = 2
    sketch_size: int = 256
    flash_words: int = 25
    caption_words: int = 12
    most_numbers: int = 40


def fingerprint(article: Article, config: FingerprintConfig) -> Fingerprint:
    """The fingerprint of an article's text. Pure: the same article and configuration give the same fingerprint."""
    words = body_words(article.body)
    if len(words) <= config.caption_words and article.title:
        words = body_words(article.title) + words
    table = formulas(config.table) if len(words) > config.flash_words else frozenset()
    hashes = run_hashes(word_runs(words, config.sketch_words))
    pairs = without_formulas(hashes, table)
    smallest = sorted(pairs)[: config.sketch_size]
    return Fingerprint(
        algorithm=config.algorithm,
        exact=_digest(" ".join(words), 12),
        words=len(words),
        runs=len(pairs),
        signature=_signature(without_formulas(run_hashes(word_runs(words, config.signature_words)), table), config),
        sketch=_pack("H", [value >> 48 for value in smallest]),
        numbers=_pack("H", _number_hashes(words, config.most_numbers)),
        weekdays=_weekdays(words, article.appeared_at),
        family=_digest(f"{article.source}\n{url_family(article.url)}", 6),
        quarters=_quarters(hashes, smallest),
        hour=int(article.appeared_at.timestamp() // 3600),
    )


def body_words(text: str) -> list[str]:
    """The folded words of a text: no punctuation, no marks, lower case, numbers without separators."""
    return _WORD_RE.findall(_SEPARATOR_RE.sub("", search_text(text).lower()))


def url_family(url: str) -> str:
    """A URL without what differs between the addresses of one story at one outlet.

    Scheme, www., mobile and AMP forms and the fragment go. Where path or query hold the story's numeric id, that id and
    the host are all that counts: outlets rewrite the words of an address when they rewrite the headline.
    """
    parts = urlsplit(url)
    host = _VARIANT_HOST_RE.sub("", (parts.hostname or "").lower())
    path = _VARIANT_PATH_RE.sub("", unquote(parts.path).lower())
    for place in (path, parts.query):
        story_ids = _STORY_ID_RE.findall(place)
        if story_ids:
            return f"{host} {max(story_ids, key=len)}"
    query = sorted(pair for pair in parse_qsl(parts.query) if not pair[0].startswith("utm_"))
    return f"{host}{path} {query}" if query else f"{host}{path}"


def _weekdays(words: Sequence[str], at: datetime) -> int:
    """The days of the week that a text names, Saturday the lowest bit; a forecast «for this day» names its own."""
    named = {day for day, name in enumerate(_WEEKDAYS) if name in words}
    if _THIS_DAY in pairwise(words):
        named.add((at.weekday() + 2) % len(_WEEKDAYS))
    return sum(1 << day for day in named)


def _signature(hashes: set[int], config: FingerprintConfig) -> str:
    if not hashes:
        return ""
    rows = RMinHash.digest_matrix_from_token_hash_sets([hashes], config.permutations, config.seed).to_rows()
    return _pack("I", rows[0])


def _quarters(hashes: Sequence[int], kept: Sequence[int]) -> str:
    """In which quarter of the text each kept hash stands first: two bits each, the first one's lowest."""
    places: dict[int, int] = {}
    for at, value in enumerate(hashes):
        places.setdefault(value, 4 * at // len(hashes))
    packed = sum(places[value] << 2 * at for at, value in enumerate(kept))
    return b64encode(packed.to_bytes((len(kept) + 3) // 4, "little")).decode()


def _number_hashes(words: Iterable[str], most: int) -> list[int]:
    """Numbers by their digits in ascending order: right-to-left editors turn «54.63» round into «63.54»."""
    numbers = {"".join(sorted(word)) for word in words if word[0].isdigit()}
    return sorted(int.from_bytes(hashlib.blake2b(n.encode(), digest_size=2).digest(), "little") for n in numbers)[:most]


def _pack(kind: str, values: Sequence[int]) -> str:
    return b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


def _digest(text: str, size: int) -> str:
    return b64encode(hashlib.blake2b(text.encode(), digest_size=size).digest()).decode()
