"""Measure how pages pasted from two or three real articles are split, with echoes, captions and widgets."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agents.clean.layout.lines import squeeze
from agents.clean.layout.segment import segment
from agents.clean.page import Limits, read_page
from agents.text.display import display_text
from streams.errors import Rejected
from streams.records import RawArticle

_CAPTIONS = (
    "جانب من الجلسة الافتتاحية للمؤتمر في العاصمة (رويترز)",
    "الوزير يتحدث إلى الصحافيين بعد ختام الاجتماع (أ.ف.ب)",
    "آثار الدمار في أحد الأحياء الشرقية بعد العاصفة التي ضربت المدينة الساحلية أول من أمس (أ.ب)",
    "لاعبو الفريق يحتفلون بالهدف الثاني في مباراة الأمس (تصوير: سامر الخطيب)",
    "متسوقون في سوق المدينة القديمة خلال موسم العيد (الشرق الأوسط)",
    "مزارع يتفقد محصوله في ريف المحافظة (موقع أخبار الريف)",
)
LAYOUTS = {
    "echo, captions, TT, gap": (True, True, True, True),
    "echo, captions, TT": (True, True, True, False),
    "echo, captions": (True, True, False, False),
    "echo, TT": (True, False, True, False),
    "echo only": (True, False, False, False),
    "captions, TT, gap (no echo)": (False, True, True, True),
}


@dataclass(frozen=True, slots=True)
class Pasted:
    """Counts by layout.

    Attributes:
        exact: pages split exactly: every title and every body as on a page of its own.
        pages: pages made.
    """

    exact: Counter[str]
    pages: Counter[str]


def measure(articles: Sequence[RawArticle], pages: int, seed: int = 7) -> Pasted:
    """Make `pages` pages of each layout and split them."""
    rng = random.Random(seed)
    exact: Counter[str] = Counter()
    usable = [raw for raw in articles if raw.title and len(raw.content) > 400]
    total: Counter[str] = Counter()
    for layout, signals in LAYOUTS.items():
        for _ in range(pages):
            chosen = [found for raw in rng.sample(usable, rng.choice((2, 3))) if (found := _alone(raw))]
            page = "\n".join(
                _render(title, body, signals, rng, first=not number) for number, (title, body) in enumerate(chosen)
            )
            apart = [(parts.title, parts.body) for parts in segment(display_text(page))]
            total[layout] += 1
            exact[layout] += apart == chosen
    return Pasted(exact, total)


def _alone(raw: RawArticle) -> tuple[str, list[str]] | None:
    """Return title and body of the article on a page of its own, or None if it has none."""
    try:
        parts = read_page(raw, Limits()).articles[0]
    except Rejected:
        return None
    return (squeeze(parts.title), parts.body) if parts.title else None


def _render(
    title: str, body: list[str], signals: tuple[bool, bool, bool, bool], rng: random.Random, *, first: bool
) -> str:
    echo, captions, widget, gap = signals
    blank = rng.choice(("", "\n"))
    caption = [rng.choice(_CAPTIONS)] * 2 if captions else []
    head = [title, *caption, *(["TT"] if widget else []), *([title] if echo else []), *(caption if echo else [])]
    lead = "" if first or not gap else "\n\n\n"
    return lead + f"{blank}\n".join(head) + f"\n{blank}" + f"{blank}\n".join(body)
