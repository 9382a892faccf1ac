"""What is usual of a source's items besides their rate: pages that cleaning can read, their letters, their dates."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from streams.sources.watch.directory import WatchedSource, Watching
from streams.sources.watch.readers import Entry

# Weight of the pages before each new one: the last twenty make up most of the share that cleaning refused.
FORGETTING = 0.95
# So many refused pages, and such a share of the latest ones, mean that the template changed.
REFUSED_PAGES, REFUSED_SHARE = 4.0, 0.5
# So many items in a row in other letters mean that the language changed.
OTHER_ITEMS = 5
# An item cannot be published after it was read; this much is left to clocks that are not exact.
CLOCK_ERROR = timedelta(minutes=15)
# A lead that no time zone explains.
FUTURE = timedelta(hours=26)
_SAMPLE = 400
_LETTERS = 12
_TAG_RE = re.compile(r"<[^<>]*>")
_ARABIC_SCRIPT = frozenset({"ar", "fa", "ur", "ps", "ckb", "ug", "sd"})


def note_items(state: Watching, entries: Iterable[Entry], new: Iterable[Entry], now: datetime) -> Watching:
    """Return the state with what the items of a list say of its letters and its clock.

    Args:
        state: the state.
        entries: all items of the list.
        new: those that were not seen before, the oldest first.
        now: time of the visit, in UTC.
    """
    leads = [entry.published - now for entry in entries if entry.published is not None]
    ahead = [lead for lead in leads if lead > CLOCK_ERROR]
    scripts = [script for entry in new if (script := script_of(entry)) is not None]
    usual = state.script or (Counter(scripts).most_common(1)[0][0] if scripts else None)
    other, number = state.other_script, state.other_items
    for script in scripts:
        if script == usual:
            other, number = None, 0
        else:
            other, number = script, number + 1 if script == other else 1
    return state.model_copy(
        update={
            "wrong_dates": len(ahead),
            "lead_hours": round(max(ahead).total_seconds() / 3600, 1) if ahead else 0.0,
            "script": usual,
            "other_script": other,
            "other_items": number,
        }
    )


def note_pages(state: Watching, sent: int, refused: int) -> Watching:
    """Return the state with the pages that were sent and those that cleaning refused since the last visit."""
    if not sent and not refused:
        return state
    kept = FORGETTING**sent
    return state.model_copy(
        update={
            "pages": round(state.pages * kept + (1 - kept) / (1 - FORGETTING), 3),
            "refused_pages": round(state.refused_pages * kept + refused, 3),
        }
    )


def unread_pages(state: Watching) -> float | None:
    """Return the share of the latest pages that cleaning refused, if it is too many; else None."""
    share = min(1.0, state.refused_pages / state.pages) if state.pages else 0.0
    return share if state.refused_pages >= REFUSED_PAGES and share >= REFUSED_SHARE else None


def other_letters(source: WatchedSource, state: Watching) -> str | None:
    """Return which letters the latest items have instead of the usual ones, in words; None if they have these."""
    if state.other_script is not None and state.other_items >= OTHER_ITEMS:
        return f"the last {state.other_items} items are in {state.other_script} letters, not in {state.script}"
    language = (source.language or "").partition("-")[0].lower()
    expected = "Arabic" if language in _ARABIC_SCRIPT else None
    if expected and state.script not in {None, expected} and state.items >= OTHER_ITEMS:
        return f"its items are in {state.script} letters, although its language is {source.language}"
    return None


def wrong_clock(state: Watching) -> bool:
    """Return whether the dates of the last list cannot be right. One item dated ahead may have been scheduled."""
    return state.wrong_dates > 1 or state.lead_hours * 3600 > FUTURE.total_seconds()


def script_of(entry: Entry) -> str | None:
    """Return the script of most letters of an item's title and text, such as `Arabic`; None if it has few letters."""
    text = _TAG_RE.sub(" ", " ".join(filter(None, (entry.title, entry.summary or entry.text))))[:_SAMPLE]
    scripts = Counter(unicodedata.name(c, "?").partition(" ")[0] for c in text if c.isalpha())
    if scripts.total() < _LETTERS:
        return None
    (name, number), *_ = scripts.most_common(1)
    return name.capitalize() if number * 2 > scripts.total() else None
