"""Decode bytes to text, and repair text that was decoded wrongly before it reached us."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from streams.errors import Reason, Rejected


def _sloppy_codec(name: str) -> codecs.CodecInfo | None:
    """Find sloppy-windows-1252 in ftfy, which maps the five bytes that cp1252 leaves undefined."""
    if not name.startswith("sloppy"):
        return None
    from ftfy.bad_codecs import search_function  # noqa: PLC0415  (few pages need it)

    return search_function(name)


codecs.register(_sloppy_codec)

# The first part of a long page suffices to judge it, which bounds the work.
_SAMPLE = 20_000
# Charsets only, not Python's codecs of other kinds (base64, punycode, unicode_escape, utf-7).
_CHARSET_RE = re.compile(r"utf-?(?:8|16|32)|cp\d|iso8859|windows|mac|koi8|gb|big5|euc|shift|ascii|tis|latin|kz")
_SOUND_ENOUGH = 0.3
# A page in UTF-8 may print a reader's comment in another encoding; an eighth of its bytes at most.
_MAX_DAMAGED = 8
_SURROGATE_RE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_PART_RE = re.compile(rb"[^\n<>]+|[\n<>]+")
_FEW_BYTES = 3
_META_CHARSET_RE = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_XML_ENCODING_RE = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{2,40})""")

# Words that make up a quarter of all Arabic news text.
_FREQUENT = frozenset(
    re.findall(
        r"\S+",
        "في من على إلى الى عن أن ان إن التي الذي الذين هذا هذه ذلك كما كان كانت قد لا لم ما مع بعد قبل بين خلال حيث وقد"
        " وقال وفي ومن وأن وان قال أو او ثم كل أي أمس اليوم منذ عند حتى هو هي عام رئيس",
    )
)
_ARABIC_WORD_RE = re.compile(
    r"[«(\"'“”‘’\[]*[\u0621-\u0652\u0670\u067e\u0686\u0698\u06a4\u06a9\u06af\u06cc]+[»)\"'“”‘’\]،؛:؟.!…,;]*"
)
_ARTICLE_RE = re.compile(r"[«(\"“]?(?:[وفبك]?ال|لل|ولل)[\u0621-\u064a]{2}")
_LATIN_WORD_RE = re.compile(r"[^\W\d_\u0600-\u06ff]+(?:['’-][^\W\d_\u0600-\u06ff]+)*[.,;:!?…»)\"”']*")
_BROKEN_RE = re.compile("[\u0080-\u009f\ufffd\x00-\x08\x0e-\x1f]")
# Latin letters and signs that occur inside words only if the text was decoded wrongly.
_MISREAD_RE = re.compile("[ÂÃØÙÚÛÐÑÞßð¡-¿ŒŽŸ‚„†‡ˆ‰‹›€ƒ˜™][^\\s]|[ÀÁÄÅÆÇÈÉÊËÌÍÎÏ][áÇÈÉÊËÌÍÎÏÐÑÒÓÔÖ×ØÙÚÛÜÝÞßà-ÿ]")
_SUSPECT_RE = re.compile(
    "[\u0080-\u009f\u00a1-\u00aa\u00ac\u00ae-\u00ba\u00bc-\u00ff\u0152-\u0192\u02c6\u02dc\u201a\u201e\u2020\u2021"
    "\u2030\u20ac\u2122\ufffd]"
)


def soundness(text: str) -> float:
    """Score how much a text looks like running text.

    Returns:
        The mean score of the words in its first 20,000 code points: about -3 for noise, 2 for Arabic news, 0 if empty.
    """
    words = text[:_SAMPLE].split()
    if not words:
        return 0.0
    return sum(map(_word_score, words)) / len(words)


def _word_score(word: str) -> float:
    if _BROKEN_RE.search(word):
        return -3.0
    if word.isascii():
        return 0.5
    if _ARABIC_WORD_RE.fullmatch(word):
        return 2.0 if word in _FREQUENT or _ARTICLE_RE.match(word) else 0.5
    if _MISREAD_RE.search(word):
        return -2.0
    return 0.5 if _LATIN_WORD_RE.fullmatch(word) else -0.25


def decode_bytes(data: bytes, declared: str | None = None) -> str:
    """Decode the bytes of a page.

    A byte order mark decides. Otherwise bytes that are valid UTF-8 are UTF-8, whatever was declared; so are those with
    surrogates, as Java programs write characters beyond U+FFFF, and those with a part in another encoding, which is
    decoded by itself. Otherwise the
    encoding is the declared one, the page's own `<meta charset>` or the most likely one, whichever gives the soundest
    text (`soundness`).

    Args:
        data: the page as received.
        declared: charset from the record or the HTTP header; None or `auto` if unknown.

    Raises:
        Rejected: no encoding turns these bytes into text.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return _strict(data[len(mark) :], name) or _no_encoding(declared)
    wide = _wide(data)
    if wide is not None and (text := _strict(data[: len(data) // 2 * 2], wide)) is not None:
        return text
    if (text := _strict(data, "utf-8")) is not None:
        return text
    if (text := _utf8_of_java(data)) is not None or (text := _mixed_utf8(data)) is not None:
        return text
    best, best_score = "", float("-inf")
    for rank, name in enumerate(_candidates(data, declared)):
        text = _strict(data, name)
        # Earlier candidates are more likely, so a later one must be clearly sounder.
        if text is not None and (score := soundness(text)) > best_score + (0.1 if rank else 0.0):
            best, best_score = text, score
    if best_score > 0:
        return best
    return _damaged_utf8(data) or _no_encoding(declared)


def _utf8_of_java(data: bytes) -> str | None:
    """Decode UTF-8 in which characters beyond U+FFFF are pairs of surrogates (CESU-8); None if it is not that."""
    if _SURROGATE_RE.search(data) is None:
        return None
    try:
        paired = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return paired.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _mixed_utf8(data: bytes) -> str | None:
    """Decode UTF-8 into which a part in another encoding was pasted; None if most of the bytes are not UTF-8.

    Parts end at line ends and tags. A part that is no UTF-8 is cp1256 if that makes it Arabic; what else is damaged in
    it is replaced.
    """
    parts = _PART_RE.findall(data)
    foreign = [part for part in parts if not part.isascii() and _strict(part, "utf-8") is None]
    beyond = sum(len(part) for part in parts if not part.isascii())
    if b"\0" in data or sum(map(len, foreign)) * 3 > beyond:
        return None
    return "".join(_strict(part, "utf-8") or _foreign_part(part) for part in parts)


def _foreign_part(part: bytes) -> str:
    other = _strict(part, "cp1256")
    repaired = part.decode("utf-8", "replace")
    damaged = part.decode("utf-8", "ignore")
    # A few bytes of damage in sound UTF-8 are no other encoding.
    if other is None or len(part) - len(damaged.encode()) <= max(_FEW_BYTES, len(part) // 50):
        return repaired
    return other if soundness(other) > max(_SOUND_ENOUGH, soundness(damaged)) else repaired


def _damaged_utf8(data: bytes) -> str | None:
    """Decode UTF-8 that was cut in the middle of a character or has damaged parts; None if it is not UTF-8."""
    text = data.decode("utf-8", "ignore")
    lost = len(data) - len(text.encode())
    if b"\0" in data or lost > max(3, len(data) // _MAX_DAMAGED) or soundness(text) < _SOUND_ENOUGH:
        return None
    return data.decode("utf-8", "replace").rstrip("\ufffd")


def _no_encoding(declared: str | None) -> str:
    named = f" (declared {declared})" if declared else ""
    raise Rejected(Reason.BAD_ENCODING, f"the bytes are not text in any known encoding{named}")


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None


def _wide(data: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark, in which most high bytes are 0 (ASCII) or 6 (Arabic)."""
    sample = data[:2000]
    if len(sample) < 8:
        return None
    for name, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if (high.count(0) + high.count(6)) > 0.8 * len(high):
            return name
    return None


def _candidates(data: bytes, declared: str | None) -> Iterator[str]:
    from charset_normalizer import from_bytes  # noqa: PLC0415  (few pages need it)

    seen = set()
    match = _META_CHARSET_RE.search(data[:4096]) or _XML_ENCODING_RE.search(data[:200])
    inside = match.group(1).decode("ascii") if match else None
    detected = from_bytes(data[:_SAMPLE], cp_isolation=["cp1256", "iso8859_6", "cp1252", "mac_arabic", "cp864"]).best()
    for name in (
        declared,
        inside,
        "cp1256",
        "iso8859_6",
        detected.encoding if detected else None,
        "cp1252",
        "mac_arabic",
    ):
        codec = _codec(name)
        if codec is not None and codec not in seen:
            seen.add(codec)
            yield codec


def _codec(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        info = codecs.lookup(name.strip())
    except (LookupError, ValueError):
        return None  # "auto", a name that no decoder knows, or one that no codec may have (NUL, lone surrogates)
    return info.name if _CHARSET_RE.match(info.name) else None


# A line of at least this soundness is left unchanged, and a repair must improve it by the margin.
_SOUND, _MARGIN = 0.9, 0.5
_LINE_SAMPLE = 4000

_Reading = tuple[str, str]
_WRONG_READINGS: tuple[_Reading, ...] = (
    ("latin-1", "utf-8"),
    ("sloppy-windows-1252", "utf-8"),
    ("cp1256", "utf-8"),
    ("latin-1", "cp1256"),
    ("sloppy-windows-1252", "cp1256"),
    ("cp1256", "iso8859_6"),
    ("iso8859_6", "cp1256"),
)


def repair(text: str) -> str:
    """Repair text that was decoded wrongly once or twice; sound text is returned unchanged.

    Undoes UTF-8 decoded as Latin-1, cp1252 or cp1256, and cp1256 decoded as Latin-1, cp1252 or ISO 8859-6. For each
    line, the repair with the best `soundness` is used if it exceeds that of the line by a clear margin.
    """
    if _SUSPECT_RE.search(text) is None:
        return text
    return "\n".join(_repair_line(line) for line in text.split("\n"))


def _repair_line(line: str) -> str:
    if _SUSPECT_RE.search(line) is None:
        return line
    # Cut at a space, which is inside a character in no encoding.
    sample = line if len(line) <= _LINE_SAMPLE else line[:_LINE_SAMPLE].rpartition(" ")[0] or line[:_LINE_SAMPLE]
    best: tuple[_Reading, ...] = ()
    best_score = soundness(sample)
    if best_score > _SOUND:
        return line
    for chain, candidate in _chains(sample):
        score = soundness(candidate)
        if score > best_score + _MARGIN:
            best, best_score = chain, score
    if best:
        return _read_again(line, best)
    # The rest are mixtures of sound and broken words, which ftfy can separate.
    if best_score < 0 and len(line) <= _SAMPLE:
        import ftfy  # noqa: PLC0415  (few pages need it)

        return ftfy.fix_encoding(line, config=ftfy.TextFixerConfig(uncurl_quotes=False))
    return line


def _chains(sample: str) -> Iterator[tuple[tuple[_Reading, ...], str]]:
    """Yield every way to undo one or two wrong decodings of the sample, with the result."""
    for one in _WRONG_READINGS:
        once = _reread(sample, one)
        if once is None:
            continue
        yield (one,), once
        for two in _WRONG_READINGS:
            twice = _reread(once, two)
            if twice is not None:
                yield (one, two), twice


def _reread(text: str, reading: _Reading) -> str | None:
    wrong, right = reading
    try:
        return text.encode(wrong).decode(right)
    except UnicodeError:
        return None


def _read_again(line: str, chain: tuple[_Reading, ...]) -> str:
    for wrong, right in chain:
        try:
            line = line.encode(wrong).decode(right, "replace")
        except UnicodeError:
            return line
    return line
