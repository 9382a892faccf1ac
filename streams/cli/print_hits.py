"""Prints hits: title, outlet, time, the best pieces with the matching words in bold, places.

Terminals differ in how they order right-to-left text; most do so correctly within a line whose direction is clear. So
on a terminal, Arabic lines are aligned right and text of the other direction is isolated (Unicode Annex 9). In a pipe,
lines are plain text without colours, padding or invisible characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from streams.search.highlight import Highlight
from streams.search.hits import Hit, SearchPage
from streams.search.source_scope import Coverage

SHOWN_OUTAGES = 5
FIRST_STRONG_ISOLATE, END_ISOLATE = "\u2068", "\u2069"


def is_rtl(text: str) -> bool:
    """Return whether the first letter with a strong direction is right-to-left (Annex 9, rules P2 and P3)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"R", "AL"}:
            return True
        if direction == "L":
            return False
    return False


def isolate(text: str) -> str:
    """Isolate a name, so that its direction does not reorder the surrounding text."""
    return f"{FIRST_STRONG_ISOLATE}{text}{END_ISOLATE}"


def marked(highlight: Highlight, style: str = "", *, aligned: bool = True) -> Text:
    """Render a highlight on one line, its matches in bold.

    Args:
        highlight: the piece of text.
        style: of the whole text.
        aligned: whether to align right-to-left text to the right.
    """
    text = Text(" ".join(highlight.text.split("\n")), style=style)
    for start, end in highlight.marks:
        text.stylize("bold yellow", start, end)
    # "left" would pad lines with spaces.
    text.justify = "right" if aligned and is_rtl(highlight.text) else "default"
    return text


def _plain(text: str) -> Highlight:
    return Highlight(text=text, marks=[])


def hit_lines(hit: Hit, number: int, *, terminal: bool = True) -> Group:
    """Render one hit, for a terminal or as plain text."""
    article = hit.article
    keep = isolate if terminal else str
    title = hit.highlights.title or _plain(article.title or article.body[:80])
    when = article.published_at or article.fetched_at
    facts = [keep(article.source)]
    if when is not None:
        facts.append(f"{when:%Y-%m-%d %H:%M} UTC")
    if hit.stories > 1:
        facts.append(f"{hit.stories} copies")
    if hit.first is not None and hit.first.id != article.id:
        facts.append(f"first: {keep(hit.first.source)}")
    if article.places:
        facts.append("، ".join(keep(name) for name in _once(place.name for place in article.places)[:5]))
    heading = marked(title, style="bold", aligned=terminal)
    parts: list[RenderableType] = [Rule(f"{number}", style="dim", align="left") if terminal else Text(f"{number}.")]
    parts += [heading, Text(" · ".join(facts), style="cyan", justify=heading.justify)]
    parts += [marked(piece, aligned=terminal) for piece in hit.highlights.body]
    parts.append(Text(article.url, style="dim", overflow="fold"))
    return Group(*parts)


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def print_hit(hit: Hit, number: int, console: Console) -> None:
    """Print one hit in the form that suits the console."""
    console.print(hit_lines(hit, number, terminal=console.is_terminal))


def print_page(page: SearchPage, console: Console, *, query: str = "") -> None:
    """Print all hits of a page, the number of matching articles, and which watched sources brought nothing."""
    if not page.hits:
        wanted = isolate(query) if console.is_terminal else query
        console.print(f"no article found{f' for {wanted}' if query else ''}", markup=False)
        _print_suggestions(page, console)
        _print_coverage(page.coverage, console)
        return
    for number, hit in enumerate(page.hits, start=1):
        print_hit(hit, number, console)
    least = "" if page.total_is_exact else "at least "
    ending = "; the search timed out, there may be more" if page.partial else ""
    if page.relaxed:
        ending += "; none has enough of the words, so a third of them was enough"
    text = f"{least}{page.total} {'article' if page.total == 1 else 'articles'} in {page.took_ms} ms{ending}"
    console.print()
    console.print(Text(text, style="dim"))
    _print_suggestions(page, console)
    _print_coverage(page.coverage, console)


def _print_suggestions(page: SearchPage, console: Console) -> None:
    for one in page.did_you_mean:
        q = isolate(one.q) if console.is_terminal else one.q
        console.print(f"did you mean {q} ({one.total} {'article' if one.total == 1 else 'articles'})?", markup=False)


def _print_coverage(coverage: Coverage | None, console: Console) -> None:
    if coverage is None or not coverage.affected:
        return
    console.print(f"{coverage.affected} of {coverage.sources} watched sources were silent or abnormal:", markup=False)
    for outage in coverage.outages[:SHOWN_OUTAGES]:
        period = f"since {outage.since:%Y-%m-%d %H:%M}" + (f" to {outage.until:%Y-%m-%d %H:%M}" if outage.until else "")
        outlet = isolate(outage.outlet) if console.is_terminal else outage.outlet
        console.print(
            f"  {outage.source} ({outlet}): {outage.verdict.value} {period} UTC", markup=False, soft_wrap=True
        )
    if len(coverage.outages) > SHOWN_OUTAGES:
        console.print("  … see rasd sources health", markup=False)
