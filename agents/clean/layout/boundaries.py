"""Find where one article of a page ends and the next begins.

The signals, by their strength on real pages: a headline that is repeated with no paragraph between (sufficient alone);
a font-size widget below a headline; a caption printed twice in succession; a longer gap than usual on the page.

Pages pasted together without echoes (`parted_points`): a headline below a rule, a longer gap or an agency's end mark,
and with a date above or a credit below it, as the page's first article has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from agents.clean.credits.date_lines import is_date_line
from agents.clean.credits.dateline import dateline_credit
from agents.clean.credits.outlet import Outlet
from agents.clean.credits.parse import MAX_CREDIT_CHARS, Credit, parse_credit
from agents.clean.layout.boilerplate_rules import is_end_mark
from agents.clean.layout.lines import Line, is_body, is_credited_caption, is_sentence, split_credit
from agents.clean.layout.page_frame import is_separator, is_top_line
from agents.text.keys import match_key_of_display

# A header holds the headline twice, a kicker, and a caption up to four times. The longest one seen has 12 lines.
HEADER_LINES = 14
_MAX_UNKNOWN = 3
_MIN_ECHO_WORDS = 3
_MAX_TITLE_WORDS = 30
# Of `parted_points`.
_RULE, _ENDED, _CREDITED, _SAME_FORM, _CONSISTENT = 0.6, 0.6, 0.6, 0.4, 0.6
_LONG_GAP, _MAX_TOP, _MAX_BELOW, _MAX_KICKER_WORDS = 2, 4, 5, 12
_BULLETS = frozenset("*•-–·▪◆■")
_NO_HEADLINE_END = frozenset(".:؛،,：")
_MIN_LONE_TITLE_WORDS, _MIN_RULED_TITLE_WORDS, _TOPIC_LINES, _TOPIC_CHARS, _LEAST_TOLD = 5, 4, 4, 600, 0.25
_PREFIX_RE = re.compile(r"^(?:[وف]?(?:ال|لل|بال|كال)|[وفبل](?=\w{4}))")
_STEM, _SHORTEST_STEM = 4, 3
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


@dataclass(frozen=True, slots=True)
class _Head:
    """The header of an article that a page may have pasted below another.

    Attributes:
        title: index of the headline.
        credited: whether a credit or a date is beside the headline, or the first paragraph begins with a credit.
    """

    title: int
    credited: bool


def parted_points(lines: Sequence[Line], outlet: Outlet) -> list[int]:
    """Return the index of the first line of every article but the first, on a page of articles without echoes.

    A section begins below a rule (`* * *`), a gap longer than usual, or a paragraph. It begins an article if its first
    line is a headline with paragraphs below it, and enough tells it from a subheading: every rule or longer gap of the
    page is followed by a headline; a credit or a date belongs to the headline; an end mark closes the text above.

    Args:
        lines: the page's lines, among them its rules.
        outlet: the outlet that published the page.
    """
    first = _head(lines, 0, outlet)
    if first is None or not any(map(is_body, lines)):
        return []
    usual = _usual_gap(lines)
    found = []
    rules = {number for number in range(1, len(lines)) if is_separator(lines[number - 1].text)}
    gaps = {number for number in range(1, len(lines)) if _LONG_GAP <= lines[number].blanks > usual}
    heads = {number: _head(lines, number, outlet) for number in rules | gaps}
    ruled, gapped = _all_headed(rules, heads), _all_headed(gaps, heads)
    text = 0  # the last line above that is no rule
    for number in range(1, len(lines)):
        line = lines[number]
        score = 0.0
        if number in rules:
            score += _RULE + (_CONSISTENT if ruled else 0.0)
        else:
            text = number - 1
            if line.blanks > usual:
                score += _GAP + (_CONSISTENT if gapped and number in gaps else 0.0)
        above = lines[text]
        ended = is_end_mark(above.text)
        if not (is_body(above) or ended or number in rules) or is_body(line):
            continue
        score += _ENDED if ended else 0.0
        if score + _CREDITED + _SAME_FORM < _ENOUGH:
            continue
        head = heads[number] if number in heads else _head(lines, number, outlet)
        if head is None:
            continue
        if head.credited:
            score += _CREDITED + (_SAME_FORM if first.credited else 0.0)
        if score >= _ENOUGH and _on_its_own(
            lines, lines[first.title], head, strict=not (head.credited or (ruled and number in rules))
        ):
            found.append(number)
    return found


def _on_its_own(lines: Sequence[Line], page_title: Line, head: _Head, *, strict: bool) -> bool:
    """Return whether the text below a headline speaks of it, and less of the headline of the page.

    Subheadings stand below a page's headline and their text goes on about it.

    Args:
        lines: the page's lines.
        page_title: the headline of the page's first article.
        head: the headline in question.
        strict: whether nothing but white space or rules sets the text off.
    """
    title = lines[head.title]
    least = _MIN_LONE_TITLE_WORDS if strict else 2 if head.credited else _MIN_RULED_TITLE_WORDS
    if title.text.count(" ") + 1 < least:
        return False
    text = set[str]()
    for line in lines[head.title + 1 : head.title + 1 + _TOPIC_LINES]:
        text |= _stems(line.text[:_TOPIC_CHARS])
    own, foreign = _stems(title.text), _stems(page_title.text)
    told = len(own & text) / len(own) if own else 0.0
    common = len(foreign & text) / len(foreign) if foreign else 0.0
    return told >= _LEAST_TOLD and common < told / 2 if strict else common <= max(told, _LEAST_TOLD)


def _stems(text: str) -> set[str]:
    """Return the beginnings of the longer words, without article and prepositions: enough to tell topics apart."""
    words = (_PREFIX_RE.sub("", word) for word in match_key_of_display(text).split())
    return {word[:_STEM] for word in words if len(word) >= _SHORTEST_STEM}


def _usual_gap(lines: Sequence[Line]) -> int:
    return sorted(line.blanks for line in lines)[len(lines) // 2]


def _all_headed(numbers: Set[int], heads: Mapping[int, _Head | None]) -> bool:
    """Return whether each of these sections is an article: a headline with text below it."""
    return bool(numbers) and all(heads[number] is not None for number in numbers)


def _head(lines: Sequence[Line], start: int, outlet: Outlet) -> _Head | None:
    """Read the header that begins at `start`; return None if no headline or no text follows."""
    at, credited = start, False
    while at < min(start + _MAX_TOP, len(lines)) and (is_top_line(lines[at]) or is_kicker(lines, at)):
        credited = credited or is_date_line(lines[at].text)
        at += 1
    if at >= len(lines) or not is_headline(lines[at], 2 if start else 1):
        return None
    if not credited and parse_credit(lines[at].text, outlet).certain:
        return None
    for below in range(at + 1, min(at + 1 + _MAX_BELOW, len(lines))):
        line = lines[below]
        if is_body(line):
            return _Head(at, credited or dateline_credit(line.text, outlet) is not None)
        if is_separator(line.text):
            return None
        credit = parse_credit(line.text, outlet) if len(line.text) <= MAX_CREDIT_CHARS else None
        if is_date_line(line.text) or (credit is not None and _is_credit(credit)):
            credited = True
        elif below > at + 1 and not credited and not is_credited_caption(line, in_header=True):
            return None
    return None


def _is_credit(credit: Credit) -> bool:
    whole = credit.byline is not None and credit.dateline is not None
    return (credit.certain and not credit.places_only) or (credit.likely and whole)


def is_headline(line: Line, least: int = _MIN_ECHO_WORDS) -> bool:
    """Return whether the line could be a headline: `least` words or more, no sentence, no label, no half a clause."""
    words = line.text.count(" ") + 1
    return (
        least <= words <= _MAX_TITLE_WORDS
        and not is_body(line)
        and bool(line.key)
        and line.text[-1] not in _NO_HEADLINE_END
        and line.text[0] not in _BULLETS
        and not is_credited_caption(line, in_header=False)
    )


def is_kicker(lines: Sequence[Line], number: int) -> bool:
    """Return whether a line leads up to the headline below it: «بعد عامين من الانتظار..», «الوزير لـ«المرفأ»:»."""
    if number + 1 >= len(lines):
        return False
    line, below = lines[number], lines[number + 1]
    if line.text.count(" ") >= _MAX_KICKER_WORDS or is_body(line) or not is_headline(below):
        return False
    return line.text.endswith((":", "：")) or (
        line.text.endswith(("..", "…"))
        and not below.text.endswith(("..", "…"))
        and below.text.count(" ") >= _MIN_ECHO_WORDS
    )


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
    if line.key != title_key:
        return False
    if any(is_body(after) or is_credited_caption(after, in_header=True) for after in following):
        return True
    # Most papers print short first paragraphs without a full stop; a verse has no paragraph below it.
    return line.text.count(" ") >= _MIN_ECHO_WORDS and any(map(is_body, lines[position + 1 :]))


def _returns(lines: Sequence[Line], position: int) -> bool:
    """Return whether the line is printed again in the header: then it is a caption, however long.

    A sentence without a credit is a lead that was printed twice, unless the headline or a widget comes once more.
    """
    line = lines[position]
    if not line.key:
        return False
    again = [at for at in range(position + 1, min(HEADER_LINES, len(lines))) if lines[at].key == line.key]
    if not again:
        return False
    if not is_sentence(line) or split_credit(line.text)[1] is not None:
        return True
    return any(other.key == lines[0].key or other.after_widget for other in lines[position + 1 : HEADER_LINES])


def _starts_article(lines: Sequence[Line], position: int, usual_gap: int) -> bool:
    title = lines[position]
    words = title.text.count(" ") + 1
    if words > _MAX_TITLE_WORDS or is_body(title) or not title.key:
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
