"""What is kept of an article to recognise its copies. Stateless, so any number of workers may share it.

The measures:

- `exact`: equal for texts that differ only in spelling variants, punctuation and white space.
- `signature`: MinHash (Broder 1997) over word pairs. It finds the candidates, by banding, and estimates how much two
  texts share.
- `sketch`: the k smallest hashes of longer shingles (bottom-k, Cohen and Kaplan 2007). It estimates what share of the
  shorter text the longer one contains, which MinHash cannot do well when lengths differ much.
- `numbers`: what tells two stories of one template apart.
"""

from __future__ import annotations

import hashlib
import re
import struct
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote, urlsplit

from rensa import RMinHash

from agents.text.search import search_text
from streams.records import Article, Fingerprint

_WORD_RE = re.compile(r"[^\W_]+")
# «439.491», «439,491» and «439٬491» are one number; so are «8769.47» and «8,769.47».
_SEPARATOR_RE = re.compile(r"(?<=\d)[.,٫٬،](?=\d)")
_VARIANT_HOST_RE = re.compile(r"^(?:www\d?|m|mobile|amp)\.")
_VARIANT_PATH_RE = re.compile(r"(?:/amp|/index\.\w+|/print)?/*$")
# The numeric id that content systems put into a path; shorter numbers are pages, sections, days.
_STORY_ID_RE = re.compile(r"\d{5,}")
_SKETCH_BITS = 24


@dataclass(frozen=True, slots=True)
class FingerprintConfig:
    """How fingerprints are made. Whoever changes a value changes `algorithm`: the two kinds cannot be compared.

    Attributes:
        algorithm: name and version, written into every fingerprint.
        permutations: MinHash values in a signature.
        seed: of the permutations.
        signature_words: words in a shingle of the signature.
        sketch_words: words in a shingle of the sketch.
        sketch_size: most hashes in a sketch.
        most_numbers: most numbers kept.
    """

    algorithm: str = "rasd-minhash/1"
    permutations: int = 128
    seed: int = 20150801
    signature_words: int = 2
    sketch_words: int = 3
    sketch_size: int = 96
    most_numbers: int = 40


def fingerprint(article: Article, config: FingerprintConfig) -> Fingerprint:
    """The fingerprint of an article's body. Pure: the same article and configuration give the same fingerprint."""
    words = body_words(article.body)
    long_hashes = _hashes(_shingles(words, config.sketch_words))
    return Fingerprint(
        algorithm=config.algorithm,
        exact=_digest(" ".join(words), 12),
        words=len(words),
        shingles=len(long_hashes),
        signature=_signature(_hashes(_shingles(words, config.signature_words)), config),
        sketch=_sketch(long_hashes, config.sketch_size),
        numbers=_pack16(_number_hashes(words, config.most_numbers)),
        family=_digest(f"{article.source}\n{url_family(article.url)}", 6),
    )


def body_words(body: str) -> list[str]:
    """The folded words of a text: no punctuation, no marks, lower case, numbers without separators."""
    return _WORD_RE.findall(_SEPARATOR_RE.sub("", search_text(body).lower()))


def url_family(url: str) -> str:
    """A URL without what differs between addresses of one story at one outlet.

    Scheme, www., mobile and AMP forms, query and fragment go. Where the path holds the story's numeric id, that id and
    the host are all that counts, because outlets rewrite the words of a slug when they rewrite the headline.
    """
    parts = urlsplit(url)
    host = _VARIANT_HOST_RE.sub("", (parts.hostname or "").lower())
    path = _VARIANT_PATH_RE.sub("", unquote(parts.path).lower())
    story_ids = _STORY_ID_RE.findall(path)
    return f"{host} {max(story_ids, key=len)}" if story_ids else f"{host}{path}"


def _shingles(words: Sequence[str], size: int) -> list[str]:
    """All runs of `size` words; a text shorter than that is one shingle."""
    if len(words) <= size:
        return [" ".join(words)] if words else []
    return [" ".join(run) for run in zip(*(islice(words, start, None) for start in range(size)), strict=False)]


def _hashes(shingles: Sequence[str]) -> set[int]:
    return set(RMinHash.hash_token_sets([shingles])[0])


def _signature(hashes: set[int], config: FingerprintConfig) -> str:
    if not hashes:
        return ""
    rows = RMinHash.digest_matrix_from_token_hash_sets([hashes], config.permutations, config.seed).to_rows()
    return _pack16([value & 0xFFFF for value in rows[0]])


def _sketch(hashes: set[int], size: int) -> str:
    smallest = sorted(hashes)[:size]
    return b64encode(b"".join((h >> (64 - _SKETCH_BITS)).to_bytes(3, "little") for h in smallest)).decode()


def _number_hashes(words: Sequence[str], most: int) -> list[int]:
    numbers = {word for word in words if word[0].isdigit()}
    return sorted(int.from_bytes(hashlib.blake2b(n.encode(), digest_size=2).digest(), "little") for n in numbers)[:most]


def _pack16(values: Sequence[int]) -> str:
    return b64encode(struct.pack(f"<{len(values)}H", *values)).decode()


def _digest(text: str, size: int) -> str:
    return b64encode(hashlib.blake2b(text.encode(), digest_size=size).digest()).decode()
