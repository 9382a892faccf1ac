"""Every letter that a reader of a page sees is in a body or in a removal with its reason, for HTML as for text."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from agents.clean.html.encoding import decode_bytes, repair
from agents.clean.page import Limits, clean_page, read_page
from agents.text.display import display_text
from streams.errors import Rejected
from streams.records import RawArticle
from tests.support.processes import ROOT
from tests.unit.clean.html.test_stories import STORIES
from tests.unit.clean.samples import BODY, CAPTION, CREDIT, KICKER, NOW, TITLE

SAMPLES = sorted(
    path
    for folder in ("deploy/demo/articles", "benchmarks/cleaning/pages")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".html", ".htm", ".txt"}
)
# What no reader sees as text.
NO_TEXT = "script, style, template, svg, math, canvas, iframe, object, audio, video, head, map"
LETTER_RE = re.compile(r"[^\W_]")


def letters(text: str) -> Counter[str]:
    return Counter(LETTER_RE.findall(display_text(text)))


def shown(html: str) -> str:
    tree = LexborHTMLParser(html)
    for node in tree.css(NO_TEXT):
        node.decompose()
    return tree.body.text(separator="\n") if tree.body is not None else ""


def lost(content: str, content_type: str) -> Counter[str]:
    """Return the letters of a page that are in no body and no removal of its articles."""
    raw = RawArticle(url="https://harbour.example/1", source="harbour", content=content, content_type=content_type)
    try:
        page = read_page(raw, Limits())
    except Rejected:
        return Counter()  # nothing is lost of a page that becomes a dead letter with its bytes
    kept = "\n".join(
        line for parts in page.articles for line in [*parts.body, *(removal.text for removal in parts.removed)]
    )
    return letters(shown(repair(content)) if content_type == "text/html" else repair(content)) - letters(kept)


def test_there_are_samples() -> None:
    assert {path.suffix for path in SAMPLES} >= {".html", ".txt"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples(path: Path) -> None:
    assert not lost(decode_bytes(path.read_bytes()), "text/html" if path.suffix != ".txt" else "text/plain")


# What looks like a story's text and is none: rows of buttons, and the headline once more.
BUTTONS = "فيسبوك تويتر واتساب تلغرام طباعة نسخ الرابط فيسبوك تويتر واتساب تلغرام طباعة نسخ الرابط"
LONG_TITLE = (
    f"{TITLE} بعد أن طالب بذلك الصيادون والتجار وأصحاب المراكب الصغيرة في كل اجتماع"
    " للمجلس البلدي منذ عشرة أعوام كاملة بلا جدوى"
)


@pytest.mark.parametrize(
    ("title", "refused"), [(TITLE, [BUTTONS, BUTTONS]), (LONG_TITLE, [LONG_TITLE])], ids=["buttons", "headline"]
)
def test_a_refused_story(title: str, refused: list[str]) -> None:
    told = [(title, "".join(f"<p>{line}</p>" for line in lines)) for title, lines in STORIES[:2]]
    told.insert(1, (title, "".join(f"<p>{line}</p>" for line in refused)))
    html = "".join(f"<article><h1>{title}</h1>{text}</article>" for title, text in told)
    assert not lost(f"<html><body>{html}</body></html>", "text/html")


def test_a_story_printed_twice() -> None:
    title, lines = STORIES[0]
    story = f"<article><h1>{title}</h1>{''.join(f'<p>{line}</p>' for line in lines)}</article>"
    other = f"<article><h1>{STORIES[1][0]}</h1>{''.join(f'<p>{line}</p>' for line in STORIES[1][1])}</article>"
    raw = RawArticle(
        url="https://harbour.example/1", source="harbour", content=story + other + story, content_type="text/html"
    )
    first, second = clean_page(raw, ingested_at=NOW, limits=Limits(), explain=True)
    removed = [removal.text for removal in first.trace["clean"].removed or ()]
    assert set(lines) <= set(removed) and second.title == STORIES[1][0]


TEXTS = st.sampled_from(
    [
        *BODY, TITLE, KICKER, CAPTION, f"{CAPTION} ({CREDIT})", "TT", "منى السالم – الرياض", "المصدر: رويترز",
        "اقرأ أيضاً:", "الجمعة 1 مارس 2024", "10:30", "سمات ميناء بحر", "جميع الحقوق محفوظة", "(رويترز)", "شارك طباعة",
        "القاهرة (رويترز) - قالت البلدية إن العمل بدأ أمس في الميناء.", *(title for title, _ in STORIES), "إعلان",
    ]
)  # fmt: skip
TAGS = st.sampled_from(
    ["p", "div", "h1", "h2", "h3", "span", "li", "td", "aside", "figcaption", "blockquote", "article", "footer", "form",
     "a href='/1'", "p hidden", "div class='related'", "div class='article-body'", "b", "button", "nav", "time",
     "div class='comments'", "span class='author'", "div class='date'", "section", "header", "table", "tr", "pre"]
)  # fmt: skip
Nodes = st.recursive(
    TEXTS,
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=5)).map(
        lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0].split()[0]}>"
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(Nodes, min_size=1, max_size=8).map("<br>".join), st.booleans())
def test_any_html(content: str, titled: bool) -> None:
    head = f"<title>{TITLE}</title>" if titled else ""
    assert not lost(f"<html><head>{head}</head><body>{content}</body></html>", "text/html")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS | st.just(""), max_size=30).map("\n".join))
def test_any_text(content: str) -> None:
    assert not lost(content, "text/plain")
