"""Articles as one HTML document: text with its names coloured, places, dates, and what cleaning removed.

It needs no server and no other file, and runs no script. Texts of the interface are those of the desk.
"""

from __future__ import annotations

from typing import BinaryIO

from markupsafe import Markup

from streams.api.desk.display import CHOICES, Display
from streams.api.desk.passages import Run, names_of, paragraphs
from streams.records import Article

STYLE = """
body { font: 1.125rem/1.9 "IBM Plex Sans Arabic", "Noto Sans Arabic", "Segoe UI", Tahoma, sans-serif; margin: 2rem auto;
  max-width: 46rem; padding-inline: 1rem; background: Canvas; color: CanvasText; }
article { border-block-end: 1px solid GrayText; padding-block: 1.5rem; }
h1 { font-size: 1.75rem; line-height: 1.4; margin: 0; }
small, li, footer { font-size: .875rem; }
.name { border-block-end: 2px solid; border-radius: 2px 2px 0 0; color: #111; }
.per { background: #f0e4f7; border-color: #7b3fa0; }
.org { background: #dfeafb; border-color: #2a62b5; }
.place { background: #dbf1e0; border-color: #1f7a3c; }
.loc { background: #fbecd2; border-color: #9a6408; }
del { opacity: .75; }
"""
KINDS = ("per", "org", "place", "loc")


class PageWriter:
    """Writes one HTML document, article by article.

    Args:
        sink: where to write; the caller closes it.
    """

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._display = Display("ar", {name: options[0] for name, options in CHOICES.items()})
        self._begun = False

    def write(self, article: Article) -> None:
        """Write one article."""
        self._begin()
        d = self._display
        facts = [article.source, d.moment(article.published_at) if article.published_at else "", article.byline or ""]
        parts = [
            Markup('<article lang="{}"><h1 dir="auto">{}</h1>\n').format(
                article.language, article.title or d.text("untitled")
            ),
            Markup("<p><small>{}</small></p>\n").format(
                Markup(" · ").join(Markup("<bdi>{}</bdi>").format(fact) for fact in facts if fact)
            ),
        ]
        for runs in paragraphs(article.body, names_of(article)):
            parts.append(Markup('<p dir="auto">{}</p>\n').format(Markup().join(self._run(run) for run in runs)))
        parts += [self._list("dates", [f"{date.text} ({date.date})" for date in article.dates]), self._removed(article)]
        self._sink.write(Markup().join([*parts, Markup("</article>\n")]).encode())

    def close(self) -> None:
        """Write the end of the document."""
        self._begin()
        self._sink.write(b"</body></html>\n")

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        legend = Markup(" ").join(
            Markup('<span class="name {}">{}</span>').format(kind, self._display.text(f"kind_{kind}")) for kind in KINDS
        )
        head = Markup(
            '<!DOCTYPE html>\n<html lang="ar" dir="rtl"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            "<title>{}</title><style>{}</style></head><body>\n<p>{}</p>\n"
        )
        # Quotes are not escaped in a style element.
        self._sink.write(head.format(self._display.text("brand"), Markup(STYLE), legend).encode())  # noqa: S704

    def _run(self, run: Run) -> Markup:
        if run.name is None:
            return Markup("{}").format(run.text)
        title = f"{self._display.plain(f'kind_{run.name.kind}')}: {run.name.name}"
        return Markup('<span class="name {}" title="{}">{}</span>').format(run.name.kind, title, run.text)

    def _list(self, heading: str, lines: list[str]) -> Markup:
        if not lines:
            return Markup()
        items = Markup().join(Markup("<li><bdi>{}</bdi></li>").format(line) for line in lines)
        return Markup("<footer>{}<ul>{}</ul></footer>\n").format(self._display.text(heading), items)

    def _removed(self, article: Article) -> Markup:
        removed = article.trace["clean"].removed if "clean" in article.trace else None
        if not removed:
            return Markup()
        items = Markup().join(
            Markup('<li dir="auto"><code>{}</code> <del>{}</del></li>').format(line.reason, line.text)
            for line in removed
        )
        return Markup("<details><summary>{}</summary><ul>{}</ul></details>\n").format(
            self._display.text("removed"), items
        )
