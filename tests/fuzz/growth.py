"""Watch how the time of cleaning grows: `python -m tests.fuzz.growth [KIND…] [--megabytes 5]` (make growth).

Each kind of hostile page is cleaned at an eighth, a quarter, half and all of the size, in a process of its own.
It fails where doubling the page takes more than `MOST_GROWTH` times the processor time, where a page takes more than
`MOST_SECONDS`, or where the process needs more than `MOST_MEMORY`. A page that is refused with a reason is right.

Processor time varies on a busy machine: the bound is between twice (linear) and four times (quadratic), and a kind
fails only if it exceeds it in each of three rounds.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise

MOST_GROWTH, MOST_SECONDS, MOST_MEMORY = 3.2, 60.0, 600
# Shorter times are mostly noise.
LEAST_SECONDS = 0.5
ROUNDS = 3
MEGABYTE = 1_000_000

TEXT = {
    "spaces": " ",
    "no-break spaces": "\u00a0",
    "tabs and spaces": "\t ",
    "line ends": "\n",
    "digits": "1234567890",
    "Arabic digits": "٠١٢٣ ٤٥٦ ",
    "dashes": "-",
    "dashes and spaces": "- ",
    "dots": ". ",
    "quotes": '"',
    "angle quotes": "«»",
    "open quotes": "«",
    "brackets": "(",
    "pairs of brackets": "(ا) ",
    "square brackets": "[ا] ",
    "slashes": "1/2/",
    "colons": "ا: ",
    "commas": "ا، ",
    "ampersands": "&",
    "entities": "&amp;",
    "escaped entities": "&amp;amp;",
    "numbered entities": "&#1575;",
    "tatweel": "\u0640",
    "marks": "\u064e\u0651",
    "letters with marks": "نَّ",
    "accents": "e\u0301",
    "joiners": "ا\u200d",
    "marks of direction": "\u202eا",
    "one letter": "ا",
    "words": "كلمة ",
    "lines of one word": "كلمة\n",
    "the article": "ال",
    "and and and": "و و ",
    "dates": "5 مارس 2024 ",
    "days": "5 و6 و",
    "Hijri dates": "5 شوال 1445 هـ ",
    "weekdays": "أمس الخميس ",
    "clocks": "10:30 ",
    "credits": "كتب: سامر الخطيب - ",
    "names": "سامر بن محمد أبو ",
    "agencies": "وكالة «رويترز» ",
    "ends": "(النهاية) ع م / ",
    "sentences": "أعلنت البلدية أمس بدء العمل في الميناء القديم بكلفة 12 مليون دينار.\n",
    "headlines": "البلدية توسع الميناء القديم\n",
    "related": "اقرأ أيضا: ",
    "tags": "#ميناء ",
    "buttons": "شارك طباعة ",
    "invitations": "تابعوا قناتنا على ",
    "links": "https://a.example/1?x=1 ",
    "accounts": "@a.b ",
    "code": "var a = {b: function(c) { return $('d'); }};",
    "half code": "{a:",
    "misread": "Ø§Ù„",
    "visual order": "ةملك ىلإ ",
    "other scripts": "слово 中文 ",
    "emoji": "👩\u200d👧",
}
_LONG = "نص عربي قصير هنا، وفيه كلمات كثيرة تكفي لفقرة واحدة."
HTML = {
    "paragraphs": "<p>نص عربي قصير هنا.",
    "line breaks": "نص<br>",
    "empty line breaks": "<br>",
    "open blocks": "<div>",
    "closed blocks": "<div></div>",
    "closing tags": "</div>",
    "open lists": "<ul><li>نص",
    "open tables": "<table><tr><td>نص",
    "rows": "<tr><td>نص</td><td>5</td></tr>",
    "cells": "<td>نص",
    "tables": "<table><tr><td>نص</td><td>5</td></tr><tr><td>نص</td><td>5</td></tr></table>",
    "formatting": "<b>نص",
    "fonts": "<font color=red>نص</font>",
    "spans": "<span class=a>نص</span>",
    "links": "<a href=/1>خبر من أربع كلمات</a>",
    "first headings": "<h1>عنوان من أربع كلمات</h1>",
    "second headings and texts": f"<h2>عنوان من أربع كلمات</h2><p>{_LONG}</p>",
    "stories": f"<article><h1>عنوان من أربع كلمات</h1><p>{_LONG}</p></article>",
    "dates": "<time datetime=2024-03-05>5 مارس 2024</time>",
    "writers": "<span class=author>سامر الخطيب</span>",
    "captions": "<figure><img><figcaption>الميناء القديم</figcaption></figure>",
    "comments of readers": "<div class=comments><p>تعليق قارئ كريم</p></div>",
    "comments of HTML": "<!-- نص -->",
    "open comments": "<!--",
    "scripts": "<script>var a=1;</script>",
    "linked data": '<script type="application/ld+json">{"@type":"NewsArticle","headline":"عنوان"}</script>',
    "nested linked data": '<script type="application/ld+json">[[[[',
    "trailing commas": '<script type="application/ld+json">[1, , ,',
    "metas": "<meta property=og:title content=عنوان>",
    "hidden": "<p hidden>نص",
    "quotations": "<blockquote class=pull-quote>نص عربي هنا، وفيه كلمات كثيرة تكفي لفقرة واحدة.</blockquote>",
    "less than": "<",
    "half tags": "<a ",
    "attributes": 'x="1" ',
    "entities": "&amp;",
    "ampersands": "&",
    "CDATA": "<![CDATA[",
    "inputs": "<input type=radio>نعم",
    "pre": "<pre>نص\n",
    "headers": "<header><h2>عنوان من أربع كلمات",
    "quoted tags": "&lt;p&gt;نص",
}  # fmt: skip
KINDS = {f"text: {name}": ("text/plain", unit) for name, unit in TEXT.items()} | {
    f"HTML: {name}": ("text/html", unit) for name, unit in HTML.items()
}
# Around the units, so that there is an article to look for, and an attribute for the units of attributes.
BEFORE = {
    "text/plain": "البلدية توسع الميناء\nأعلنت البلدية أمس بدء العمل في الميناء القديم.\n",
    "text/html": "<h1>البلدية توسع الميناء</h1>",
}
AFTER = {
    "text/plain": "\nوقال رئيسها إن العمل يستغرق عامين كاملين.",
    "text/html": "<p>أعلنت البلدية أمس بدء العمل في الميناء القديم.</p>",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page cost.

    Attributes:
        seconds: of the processor.
        memory: of the whole process at its peak, MiB.
        end: `articles`, or the reason of the refusal.
    """

    seconds: float
    memory: int
    end: str


def page(kind: str, size: int) -> str:
    """Return a page of a kind, of `size` bytes of UTF-8 or a few more."""
    content_type, unit = KINDS[kind]
    middle = unit * (size // len(unit.encode()))
    if kind == "HTML: attributes":
        middle = f"<p {middle}>"
    return BEFORE[content_type] + middle + AFTER[content_type]


def clean(kind: str, sizes: Sequence[int]) -> list[Cost]:
    """Clean a page of a kind in each of the sizes, in this process."""
    from agents.clean.page import Limits, clean_page
    from streams.errors import Rejected
    from streams.records import RawArticle

    def run(content: str) -> str:
        raw = RawArticle(url="https://almina.example/1", source="almina", content=content, content_type=KINDS[kind][0])
        try:
            clean_page(raw, ingested_at=datetime(2026, 1, 1, tzinfo=UTC), limits=Limits())
        except Rejected as rejected:
            return str(rejected.reason)
        return "articles"

    run(page(kind, 2_000))  # reads the tables
    costs = []
    for size in sizes:
        content = page(kind, size)
        start = time.process_time()
        end = run(content)
        seconds = time.process_time() - start
        costs.append(Cost(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, end))
    return costs


def measure(kind: str, sizes: Sequence[int]) -> list[Cost]:
    """Clean a page of a kind in each of the sizes, in a process of its own.

    Raises:
        subprocess.TimeoutExpired: it took ten times what it may.
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "tests.fuzz.growth", "--child", kind, "--bytes", *map(str, sizes)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=10 * MOST_SECONDS)
    return [Cost(**cost) for cost in json.loads(done.stdout)]


def faults(kind: str, size: int) -> tuple[list[str], list[Cost]]:
    """Return what is wrong with the growth of a kind, and the costs at each size."""
    costs = measure(kind, [size // part for part in (8, 4, 2, 1)])
    wrong = []
    for half, whole in pairwise(costs):
        if whole.seconds > LEAST_SECONDS and whole.seconds > MOST_GROWTH * half.seconds:
            wrong.append(f"{half.seconds:.2f} s, and {whole.seconds:.2f} s for twice the page")
    if costs[-1].seconds > MOST_SECONDS:
        wrong.append(f"{costs[-1].seconds:.0f} s")
    if costs[-1].memory > MOST_MEMORY:
        wrong.append(f"{costs[-1].memory} MiB")
    return wrong, costs


def main(arguments: list[str]) -> int:
    """Measure all kinds or the named ones; return 1 if any grows too fast."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.growth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="all by default; a part of a name is enough")
    parser.add_argument("--megabytes", type=float, default=5.0, help="size of the largest page")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--bytes", type=int, nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps([asdict(cost) for cost in clean(options.child, options.bytes)]))
        return 0
    chosen = [kind for kind in KINDS if not options.kinds or any(part in kind for part in options.kinds)]
    if not chosen:
        parser.error(f"no kind is named {' or '.join(options.kinds)}; known: {', '.join(KINDS)}")
    failed = []
    for kind in chosen:
        size = int(options.megabytes * MEGABYTE)
        wrong, costs = faults(kind, size)
        for _ in range(ROUNDS - 1):
            if wrong:
                wrong, costs = faults(kind, size)
        times = " ".join(f"{cost.seconds:.2f}" for cost in costs)
        print(f"{kind}: {times} s, {costs[-1].memory} MiB, {costs[-1].end}", flush=True)
        if wrong:
            failed.append(kind)
            print(f"  fails: {'; '.join(wrong)}", flush=True)
    print(
        f"growth: {len(chosen) - len(failed)} of {len(chosen)} kinds hold"
        + (f", not {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
