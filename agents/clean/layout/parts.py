"""Represent what is known of a page beforehand, and the parts of one article."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from agents.clean.credits.outlet import NOBODY, Outlet
from agents.clean.credits.parse import Credit
from agents.clean.layout.lines import (
    Removal,
)


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of the page from the record or the markup.

    Attributes:
        title: the headline, display text.
        author: the author field as printed, display text.
        captions: texts that are captions according to the markup.
        outlet: the outlet that published the page.
        heads: lines that stand above the text according to the markup, and belong to it only if they are sentences.
    """

    title: str | None = None
    author: str | None = None
    captions: tuple[str, ...] = ()
    outlet: Outlet = NOBODY
    heads: frozenset[str] = frozenset()


NO_HINTS = Hints()


@dataclass(slots=True)
class Parts:
    """Parts of one article.

    Attributes:
        title, subtitle: headline and second headline, or None.
        body: paragraphs.
        captions: (text, credit), each once.
        credit: content of the credit lines.
        removed: everything taken out of the body, each with its rule; boilerplate first, then the rest in page order.
        published_at: when it was published, if its page says so; None if unknown.
    """

    title: str | None = None
    subtitle: str | None = None
    body: list[str] = field(default_factory=list)
    captions: list[tuple[str, str | None]] = field(default_factory=list)
    credit: Credit = field(default_factory=Credit)
    removed: list[Removal] = field(default_factory=list)
    published_at: datetime | None = None
