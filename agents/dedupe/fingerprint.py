"""Compute the fingerprint by which copies of an article are recognised. Stateless: any number of workers can share it.

A fingerprint holds two samples of the text's word runs, without stock phrases (see `agents.dedupe.stock_phrases`):

- `signature`: MinHash (Broder 1997) of runs of three words. Articles that share a band of it are compared.
- `sketch`: the smallest hashes of runs of two words (bottom-k, Cohen and Kaplan 2007). It measures how much two texts
  share and, unlike MinHash, which part of a short text is in a long one. Each hash comes with the quarter of the text
  in which it occurs: a copy shares something of every quarter, a quotation or background paragraph does not.

Names, numbers and weekdays distinguish stories of one template.
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

from agents.dedupe import details
from agents.dedupe.compare import MOST_NAMES
from agents.dedupe.stock_phrases import TABLE, run_hashes, stock_phrases, without_stock_phrases, word_runs
from agents.text.search import search_text
from streams.records import Article, Fingerprint

# «1436ه» and «1436 ه», «ال17» and «ال 17» are the same words.
_WORD_RE = re.compile(r"\d+|[^\W\d_]+")
# «439.491», «439,491» and «439٬491» are one number; so are «8769.47» and «8,769.47». Agencies write ر for the comma.
_SEPARATOR_RE = re.compile(r"(?<=\d)[.,٫٬،ر](?=\d)")
_WEEKDAYS = ("السبت", "الاحد", "الاثنين", "الثلاثاء", "الاربعاء", "الخميس", "الجمعه")
_PRAYERS = frozenset(("صلاه", "لصلاه", "بصلاه", "وصلاه", "خطبه", "وخطبه", "لخطبه", "بخطبه"))
_THIS_DAY = ("لهذا", "اليوم")
_VARIANT_HOST_RE = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
_VARIANT_PATH_RE = re.compile(r"(?:/amp|/index\.\w+|/print)?/*$")
# The numeric id that content systems give a story; shorter numbers are pages, sections and days, and so is 20150801.
_STORY_ID_RE = re.compile(r"(?<!\d)(?!(?:19|20)\d{6}(?!\d))\d{5,}(?!\d)")


@dataclass(frozen=True, slots=True)
class FingerprintConfig:
    """Configure fingerprints. Whoever changes a value must change `algorithm`: the two kinds cannot be compared.

    Attributes:
        algorithm: name and version, written into every fingerprint.
        table: file of stock phrases, see `agents.dedupe.stock_phrases`.
        permutations: MinHash values in a signature.
        seed: seed of the permutations.
        signature_words: words in a run of the signature.
        sketch_words: words in a run of the sketch.
        sketch_size: maximum number of hashes in a sketch.
        flash_words: bodies of up to this many words keep their stock phrases, because they may hold little else.
        caption_words: bodies of up to this many words are captions; the headline then counts as part of the text.
        most_numbers: maximum number of numbers kept.
        names: file of words that are names, see `agents.dedupe.details`.
        most_names: maximum number of names kept.
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
    names: Path = details.TABLE
    most_names: int = MOST_NAMES


def fingerprint(article: Article, config: FingerprintConfig) -> Fingerprint:
    """Compute the fingerprint of an article's text. The same article and configuration give the same fingerprint.

    Raises:
        OSError: the table of stock phrases or of names cannot be read.
    """
    words = body_words(article.body)
    if len(words) <= config.caption_words and article.title:
        words = body_words(article.title) + words
    table = stock_phrases(config.table) if len(words) > config.flash_words else frozenset()
    hashes = run_hashes(word_runs(words, config.sketch_words))
    pairs = without_stock_phrases(hashes, table)
    smallest = sorted(pairs)[: config.sketch_size]
    return Fingerprint(
        algorithm=config.algorithm,
        exact=_digest(" ".join(words), 12),
        words=len(words),
        runs=len(pairs),
        signature=_signature(
            without_stock_phrases(run_hashes(word_runs(words, config.signature_words)), table), config
        ),
        sketch=_pack("H", [value >> 48 for value in smallest]),
        numbers=_pack("H", _number_hashes(words, config.most_numbers)),
        weekdays=_weekdays(words, article.appeared_at),
        family=_digest(f"{article.source}\n{url_family(article.url)}", 6),
        quarters=b64encode(_quarters(hashes, smallest) + _details(words, config)).decode(),
        hour=int(article.appeared_at.timestamp() // 3600),
    )


def body_words(text: str) -> list[str]:
    """Split a text into normalised words: no punctuation, no marks, lower case, numbers without separators."""
    return _WORD_RE.findall(_SEPARATOR_RE.sub("", search_text(text).lower()))


def url_family(url: str) -> str:
    """Reduce a URL to what all addresses of one story at one outlet have in common.

    Scheme, `www.`, mobile and AMP forms and the fragment are dropped. If path or query hold the story's numeric id, the
    result is the host and that id alone: outlets rewrite the words of an address when they rewrite the headline.
    """
    parts = urlsplit(url)
    host = _VARIANT_HOST_RE.sub("", (parts.hostname or "").lower())
    path = _VARIANT_PATH_RE.sub("", unquote(parts.path).lower())
    for part in (path, parts.query):
        story_ids = _STORY_ID_RE.findall(part)
        if story_ids:
            return f"{host} {max(story_ids, key=len)}"
    query = sorted(pair for pair in parse_qsl(parts.query) if not pair[0].startswith("utm_"))
    return f"{host}{path} {query}" if query else f"{host}{path}"


def _weekdays(words: Sequence[str], at: datetime) -> int:
    """Return the days of the week that a text names as bits, Saturday the lowest.

    A forecast «for this day» names the day on which it appeared. «صلاة الجمعة» is a prayer, not a day.
    """
    pairs = set(pairwise(["", *words]))
    days = {word for before, word in pairs if word in _WEEKDAYS and before not in _PRAYERS}
    named = {day for day, name in enumerate(_WEEKDAYS) if name in days}
    if _THIS_DAY in pairs:
        named.add((at.weekday() + 2) % len(_WEEKDAYS))
    return sum(1 << day for day in named)


def _signature(hashes: set[int], config: FingerprintConfig) -> str:
    if not hashes:
        return ""
    rows = RMinHash.digest_matrix_from_token_hash_sets([hashes], config.permutations, config.seed).to_rows()
    return _pack("I", rows[0])


def _quarters(hashes: Sequence[int], kept: Sequence[int]) -> bytes:
    """Pack the quarter of the text in which each kept hash first occurs: two bits each, the first hash lowest."""
    quarters: dict[int, int] = {}
    for at, value in enumerate(hashes):
        quarters.setdefault(value, 4 * at // len(hashes))
    packed = sum(quarters[value] << 2 * at for at, value in enumerate(kept))
    return packed.to_bytes((len(kept) + 3) // 4, "little")


def _details(words: Sequence[str], config: FingerprintConfig) -> bytes:
    """Pack what follows the quarters. It has no field of its own because release 0.1.0 refuses unknown fields."""
    names = _name_hashes(words, config)
    return struct.pack(f"<{1 + len(names)}H", details.counts(words), *names)


def _number_hashes(words: Iterable[str], most: int) -> list[int]:
    """Hash each number by its sorted digits, because right-to-left editors turn «54.63» round into «63.54»."""
    numbers = {"".join(sorted(word)) for word in words if word[0].isdigit()}
    return sorted(int.from_bytes(hashlib.blake2b(n.encode(), digest_size=2).digest(), "little") for n in numbers)[:most]


def _name_hashes(words: Sequence[str], config: FingerprintConfig) -> list[int]:
    found = details.names(words, details.name_words(config.names))
    # The smallest are a fair sample: a copy of a long text keeps those of the text that it still has.
    return sorted({int.from_bytes(name[:2], "little") for name in found})[: config.most_names]


def _pack(kind: str, values: Sequence[int]) -> str:
    return b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


def _digest(text: str, size: int) -> str:
    return b64encode(hashlib.blake2b(text.encode(), digest_size=size).digest()).decode()
