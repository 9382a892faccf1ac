"""Remove scripts and style rules that a scraper took for text, on lines of their own or inside a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agents.clean.layout.lines import Line, Removal, Rule

# Patterns that no sentence contains: a call, a declaration, a rule with a property, linked data.
_SIGNS = (
    r"\bfunction\s*[\w$]*\s*\([\w\s,$]*\)\s*\{",
    r"\(\s*[\w\s,$]*\)\s*=>\s*\{",
    r"\b(?:var|let|const)\s+[\w$]+\s*=",
    r"\b(?:jQuery|googletag|dataLayer|_taboola|_gaq|OBR|FB|twttr)(?:\.\w+|\((?=['\"\w])|\s*=|\s*\|\|)",
    r"\b(?:gtag|fbq|ga|setTimeout|setInterval)\s*\(\s*(?:['\"]|function|\()",
    r"\bwindow\.[\w$]+\s*(?:=|\(|\|\||\.)",
    r"\bdocument\.(?:write|get|query|create|cookie|body|add|ready)\w*",
    r"\$\(\s*(?:['\"]|document\b|window\b|this\b|function\b)",
    r"[\w\])*'\"-]\s*\{\s*(?:/\*|-?[a-zA-Z]+(?:-[a-zA-Z]+)*\s*:\s*[^{}:]{1,200}[;}])",
    r"@(?:media|font-face|import|keyframes)\b[^{};]{0,100}[{;]",
    r"\{\s*\"@(?:context|type|graph|id)\"\s*:",
    r"<!\[CDATA\[",
    r"</?(?:script|style)\b[^<>]*>",
)
_SIGN_RE = re.compile("|".join(_SIGNS))
# Every sign contains one of these, and few lines of Arabic do, so this is a quick first check.
_TRACE_RE = re.compile(r"[A-Za-z{$]")
# String literals are part of a script, whatever their language.
_LITERAL_RE = re.compile(r"(?<=[(,:=+\[?{])\s*(?:'[^'\n{}]{1,300}'|\"[^\"\n{}]{1,300}\")(?=\s*(?:[),;:+\]}?]|$))")
# Letters of Arabic script, outside literals, are never code.
_OURS = "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc"
_STRETCH_RE = re.compile(rf"[^{_OURS}]+")
# Five words in a row in any language are not code, unless they are a comment.
_WORD = rf"(?!(?:function|var|const|return)\b)[^\W\d_{_OURS}]+(?:['’-][^\W\d_{_OURS}]+)*"
_PROSE_RE = re.compile(rf"(?<![^\s(«“])(?:{_WORD}[,.:;]?\s+){{4,}}{_WORD}(?=[.,:;!?)»”]*(?:\s|$))")
_COMMENT_RE = re.compile(r"\s*(?://|/?\*|<!--)")
# Round brackets alone also occur in text: «Reuters (London)».
_LAID_OUT_RE = re.compile(r"[{}=\[\]|]|;$|\w\(|^[()]|\)[;,{)]$")
_SYMBOL_RE = re.compile(r"[{}()=;\[\]|]")
_SELECTOR_RE = re.compile(
    r"[#.@*][\w-]+\S*|(?:a|b|p|i|em|div|span|ul|ol|li|h[1-6]|table|t[drh]|img|body|html|input|form|iframe|strong)\b\S*|\S+,|[>+~]"
)
_ENDS = ";}])>"
_MOST_SELECTORS = 8
_SHORTEST = 12


def without_code(lines: Sequence[Line]) -> tuple[list[Line], list[Removal]]:
    """Remove scripts and style rules from lines.

    Returns:
        The remaining lines, each with what was removed above it or from it; and what was removed below the last one.
    """
    kept: list[Line] = []
    removed: list[Removal] = []
    blanks = 0
    in_code = _lines_of_code([line.text for line in lines])
    for number, line in enumerate(lines):
        blanks = max(blanks, line.blanks)
        text, parts = ("", [line.text]) if number in in_code else split_code(line.text)
        removed += [Removal(part, Rule.CODE) for part in parts]
        if not text:
            continue
        if removed:
            kept.append(replace(line, text=text, blanks=blanks, removed=tuple(removed)))
        else:
            kept.append(line)
        removed, blanks = [], 0
    return kept, removed


def split_code(text: str) -> tuple[str, list[str]]:
    """Split a line into its text and the pieces of code in it."""
    if _TRACE_RE.search(text) is None or _SIGN_RE.search(text) is None:
        return text, []
    left: list[str] = []
    code: list[str] = []
    end = 0
    for start, stop in _spans(text):
        left.append(text[end:start].strip())
        code.append(text[start:stop].strip())
        end = stop
    left.append(text[end:].strip())
    return " ".join(filter(None, left)), code


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where code begins and ends, half-open."""
    masked = _without_prose(_LITERAL_RE.sub(lambda match: re.sub(r"[^'\"]", "x", match.group()), text))
    for stretch in _STRETCH_RE.finditer(masked):
        sign = _SIGN_RE.search(text[stretch.start() : stretch.end()])
        if sign is None:
            continue
        start = stretch.start() + _start(stretch.group(), sign.start())
        stop = stretch.start() + max(map(stretch.group().rfind, _ENDS)) + 1
        if stop - start >= _SHORTEST:
            yield start, stop


def _without_prose(text: str) -> str:
    """Replace every sentence by Arabic letters of the same length, which no piece of code extends over."""
    return text if _COMMENT_RE.match(text) else _PROSE_RE.sub(lambda match: "ا" * len(match.group()), text)


def _start(stretch: str, sign: int) -> int:
    """Return where the code of a stretch begins: at its sign, at symbols before that, or at selectors before those."""
    words = list(re.finditer(r"\S+", stretch))
    first = at = next(number for number, word in enumerate(words) if word.end() > sign)
    # One keyword may be between («return new»); two words belong to the text before.
    while at > 0 and first - at <= 1:
        at -= 1
        if _SYMBOL_RE.search(words[at].group()) and re.search(r"[A-Za-z{]", words[at].group()):
            first = at
    for number in range(first - 1, max(-1, first - 1 - _MOST_SELECTORS), -1):
        if _SELECTOR_RE.fullmatch(words[number].group()) is None:
            break
        first = number
    return words[first].start()


def _lines_of_code(texts: Sequence[str]) -> set[int]:
    """Return the lines of blocks of code, of which no single line need be recognisable."""
    found: set[int] = set()
    run: list[int] = []
    for number, text in enumerate([*texts, "ا"]):
        if _may_be_code(text):
            run.append(number)
            continue
        looks = [at for at in run if _LAID_OUT_RE.search(texts[at]) or _SIGN_RE.search(texts[at])]
        if len(looks) > 1 and _SIGN_RE.search(" ".join(texts[at] for at in run)):
            found.update(range(_selectors_from(texts, run[0], looks[0]), looks[-1] + 1))
        run = []
    return found


def _may_be_code(text: str) -> bool:
    """Return whether a line has no Arabic letter and no sentence outside its literals."""
    # No literal begins a line, so the first letter decides about most lines.
    if _STRETCH_RE.match(text) is None:
        return False
    return _STRETCH_RE.fullmatch(_without_prose(_LITERAL_RE.sub("", text))) is not None


def _selectors_from(texts: Sequence[str], first: int, looks: int) -> int:
    while looks > first and _SELECTOR_RE.fullmatch(texts[looks - 1]):
        looks -= 1
    return looks
