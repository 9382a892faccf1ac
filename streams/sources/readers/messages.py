"""What messages of all messengers have in common. Pure."""

from __future__ import annotations

import re

_MAX_HEADLINE = 200
# «🔴 عاجل | …»: signs and a word that call for attention, before the headline proper.
_CALL_RE = re.compile(
    r"[^\w«\"“(\[#@]*(?:(?:خبر\s+)?عاجل|متابعة|تحديث|بالفيديو|شاهد)\s*[|:：/\-–—]+\s*|[^\w«\"“(\[#@]+"
)


def headline(text: str) -> str | None:
    """Return the headline of a message: a first line that a blank line sets apart, without what calls for attention."""
    first, _, rest = text.strip().partition("\n")
    if not rest.startswith("\n") and rest.strip(" \t\r").partition("\n")[0].strip():
        return None
    call = _CALL_RE.match(first)
    line = " ".join(first[call.end() if call else 0 :].split())
    if not rest.strip() or not line or len(line) > _MAX_HEADLINE or "://" in line or line[0] in "#@":
        return None
    return line
