"""Articles as one HTML page."""

from __future__ import annotations

import io

from lxml import html

from streams.cli.article_page import PageWriter
from tests.support.articles import article

HOSTILE = "<script>alert(1)</script>"


def _page(*bodies: str) -> html.HtmlElement:
    sink = io.BytesIO()
    writer = PageWriter(sink)
    for number, body in enumerate(bodies):
        start = body.index("زياد")
        person = {"text": "زياد", "type": "PER", "start": start, "end": start + 4, "score": 1, "name": HOSTILE}
        removed = [{"text": f"شارك {HOSTILE}", "reason": "share_button"}]
        trace = {"clean": {"version": "1", "seconds": 0, "worker": "w", "removed": removed}}
        writer.write(article(id=f"a{number}", title=HOSTILE, body=body, entities=[person], trace=trace))
    writer.close()
    return html.document_fromstring(sink.getvalue().decode())


def test_names_are_marked_and_nothing_else_of_the_text_changes() -> None:
    body = f"قال زياد إن {HOSTILE} «نص».\nThe second paragraph."
    page = _page(body)
    assert "\n".join(one.text_content() for one in page.xpath("//article/p[@dir]")) == body
    (name,) = page.xpath("//article//span")
    assert (name.get("class"), name.text) == ("name per", "زياد")
    assert page.xpath("//script") == []
    assert page.xpath("//h1")[0].text == HOSTILE
    assert page.xpath("//details//del")[0].text == f"شارك {HOSTILE}"


def test_a_page_has_all_articles_or_none() -> None:
    assert len(_page("زياد", "عن زياد").xpath("//article")) == 2
    assert _page().xpath("//article") == []
