"""Print what a standing search would have told."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from streams.alerts.rehearsal import Rehearsal

_WIDTH = 40


def print_rehearsal(found: Rehearsal, console: Console) -> None:
    """Print a rehearsal: numbers, days, outlets, parts and examples."""
    console.print(f"[bold]{found.alerts}[/] alerts, {found.alerts_a_day:g} a day")
    console.print(f"{found.articles} articles of {found.stories} stories match, from {found.since:%Y-%m-%d %H:%M} UTC")
    if not found.complete:
        console.print("[yellow]Older articles match too; only the newest were replayed.[/]")
    most = max((day.alerts for day in found.days), default=0)
    for day in found.days:
        console.print(f"  {day.date}  {day.alerts:>5}  {'█' * max(1, day.alerts * _WIDTH // most)}")
    if found.outlets:
        table = Table("outlet", "articles", "stories", box=None, pad_edge=False)
        for share in found.outlets:
            table.add_row(escape(share.name), str(share.articles), str(share.stories))
        console.print(table)
    for part in found.parts:
        if part.fewer:
            console.print(f"without {escape(part.name)}: {part.fewer:.0%} fewer alerts ({part.alerts})")
    for example in found.examples:
        _print_example(example, console)


def _print_example(example: Any, console: Console) -> None:
    console.print(f"[dim]{example['moment']}[/] {escape(example['reason'])}")
    for story in example["stories"][:3]:
        outlets = "، ".join(story["outlets"])
        console.print(f"  {escape(story['title'] or '-')} [dim]({escape(outlets)})[/]")
    for line in example["detail"][:3]:
        console.print(f"  {escape(line)}")
