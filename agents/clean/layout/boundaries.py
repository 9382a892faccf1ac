"""Find where one article of a page ends and the next begins.

The signals, by their strength on real pages: a headline that is repeated with no paragraph between (sufficient alone);
a font-size widget below a headline; a caption printed twice in succession; a longer gap than usual on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from agents.clean.layout.lines import Line, is_body, is_credited_caption

# A header holds the headline twice, a kicker, and a caption up to four times. The longest one seen has 12 lines.
HEADER_LINES = 14
_MAX_UNKNOWN = 3
_MIN_ECHO_WORDS = 3
_MAX_TITLE_WORDS = 30
_ECHO, _WIDGET, _TWIN_CAPTION, _GAP, _DOUBT, _ENOUGH, _SURE = 1.0, 0.6, 0.6, 0.4, 0.3, 1.0, 1.5


def split_points(lines: Sequence[Line]) -> list[int]:
    """Return the index of each article's first line, beginning with 0; nothing if there are no lines."""
    if not lines:
        return []
    points = [0]
    usual_gap = sorted(line.blanks for line in lines)[len(lines) // 2]
    position = max(1, header_end(lines))
    while position < len(lines) - 1:
        if _starts_article(lines, position, usual_gap):
            points.append(position)
            position += max(1, header_end(lines[position : position + HEADER_LINES]))
        else:
            position += 1
    return points


def header_end(lines: Sequence[Line], title_key: str = "") -> int:
    """Return the index after the last line of a header with repetitions, or 0 if there is no such header.

    The header is the run of lines from the top without a paragraph. It ends at the last line that repeats an earlier
    one, or that follows a widget. Repetitions alone do not make a header, because verses repeat too: the headline must
    occur twice, or a credited caption twice, or there must be a widget.

    Args:
        lines: the article's lines from the first on.
        title_key: `match_key` of the headline if it is known from elsewhere; then one occurrence is a repetition.
    """
    seen: dict[str, Line] = {title_key: lines[0]} if title_key and lines else {}
    end, proven = 0, False
    for position, line in enumerate(lines[:HEADER_LINES]):
        echoes = bool(line.key) and line.key in seen
        widget = line.after_widget and position > 0
        proven = proven or widget or (echoes and _proves(lines, position, title_key))
        body = not echoes and is_body(line) and not _returns(lines, position)
        if echoes or (widget and not body):
            end = position + 1 if echoes else max(end, position)
        elif widget:
            end = max(end, position)
        if body:
            break
        seen.setdefault(line.key, line)
    return end if proven else 0


def _proves(lines: Sequence[Line], position: int, title_key: str) -> bool:
    """Return whether the repetition at `position` is of a headline or caption, not of a verse."""
    line = lines[position]
    if position == 0:
        return False
    if is_credited_caption(line, in_header=True) or (line.key == lines[0].key and title_key in ("", line.key)):
        return True
    following = lines[position + 1 : position + 2]
    return line.key == title_key and any(
        is_body(after) or is_credited_caption(after, in_header=True) for after in following
    )


def _returns(lines: Sequence[Line], position: int) -> bool:
    """Return whether the line is printed again in the header: then it is a caption, however long."""
    line = lines[position]
    return bool(line.key) and any(other.key == line.key for other in lines[position + 1 : HEADER_LINES])


def _starts_article(lines: Sequence[Line], position: int, usual_gap: int) -> bool:
    title = lines[position]
    words = title.text.count(" ") + 1
    if not title.key or words > _MAX_TITLE_WORDS or is_body(title):
        return False
    if is_credited_caption(title, in_header=True):
        return False
    window = lines[position : position + HEADER_LINES]
    end = header_end(window)
    if not end:
        return False
    if _headline_below(window[:end]):
        return False
    score = _evidence(window, end, title.blanks > max(1, usual_gap))
    if score < _ENOUGH:
        return False
    rest = lines[position + end : position + end + 4]
    return bool(rest) and (score >= _SURE or any(is_body(line) for line in rest))


def _headline_below(header: Sequence[Line]) -> bool:
    """Return whether the headline is further down, so that the first line belongs to the previous article."""
    keys = [line.key for line in header]
    if keys[0] in keys[1:]:
        return False
    below = [number for number in range(1, len(header)) if not is_credited_caption(header[number], in_header=True)]
    return any(keys.count(keys[number]) > 1 or header[number].blanks > header[0].blanks + 1 for number in below)


def _evidence(window: Sequence[Line], end: int, gap: bool) -> float:
    header = window[:end]
    keys = [line.key for line in header]
    title = keys[0]
    twins = {one for one, two in pairwise(keys[1:]) if one == two and one != title}
    captions = twins | {line.key for line in header[1:] if is_credited_caption(line, in_header=True)}
    unknown = set(keys) - captions - {title}
    if len(unknown) > _MAX_UNKNOWN:
        return 0.0
    score = _ECHO if title in keys[1:] else 0.0
    score += _WIDGET if any(line.after_widget for line in window[1 : end + 1]) else 0.0
    score += _TWIN_CAPTION if twins else 0.0
    score += _GAP if gap else 0.0
    # Verses repeat too: the repetition must be of a headline, two words prove little, and a paragraph must follow.
    short = window[0].text.count(" ") + 1 < _MIN_ECHO_WORDS
    followed = any(map(is_body, window[end : end + 1]))
    doubtful = len(unknown) > 1 or keys.count(title) > 2 or ((short or unknown) and not followed) or (short and unknown)
    return score - (_DOUBT if doubtful else 0.0)
