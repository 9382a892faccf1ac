"""What a reader sees of an alert: subject, plain text and HTML, in Arabic or English.

Display text is never changed: directions are isolated by marks around it, not inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.core import Locale

from streams.alerts.records import Alert, AlertStory
from streams.alerts.standing_search import StandingSearch
from streams.search.highlight import Highlight

# First strong isolate, pop directional isolate: what is between has a direction of its own.
FSI, PDI = "\u2068", "\u2069"
_ARABIC, _ENGLISH = Locale("ar"), Locale("en")
_COUNTED = {
    "ar": {
        "stories": {"one": "خبر واحد", "two": "خبران", "few": "{} أخبار", "many": "{} خبرًا", "other": "{} خبر"},
        "outlets": {"one": "مصدر واحد", "two": "مصدران", "few": "{} مصادر", "many": "{} مصدرًا", "other": "{} مصدر"},
        "articles": {"one": "مقال واحد", "two": "مقالان", "few": "{} مقالات", "many": "{} مقالًا", "other": "{} مقال"},
        "minutes": {"one": "دقيقة واحدة", "two": "دقيقتين", "few": "{} دقائق", "many": "{} دقيقة", "other": "{} دقيقة"},
        "hours": {"one": "ساعة واحدة", "two": "ساعتين", "few": "{} ساعات", "many": "{} ساعة", "other": "{} ساعة"},
        "sources": {"one": "مصدر واحد", "two": "مصدران", "few": "{} مصادر", "many": "{} مصدرًا", "other": "{} مصدر"},
        "names": {
            "one": "اسم جديد",
            "two": "اسمان جديدان",
            "few": "{} أسماء جديدة",
            "many": "{} اسمًا جديدًا",
            "other": "{} اسم جديد",
        },
    },
    "en": {
        "stories": {"one": "1 story", "other": "{} stories"},
        "outlets": {"one": "1 outlet", "other": "{} outlets"},
        "articles": {"one": "1 article", "other": "{} articles"},
        "minutes": {"one": "1 minute", "other": "{} minutes"},
        "hours": {"one": "1 hour", "other": "{} hours"},
        "sources": {"one": "1 watched source", "other": "{} watched sources"},
        "names": {"one": "a new name", "other": "{} new names"},
    },
}
_WORDS = {
    "ar": {
        "within": "خلال",
        "usual": "والمعتاد نحو",
        "silent": "لا نتائج منذ",
        "changed": "تغيّر خبر",
        "quiet": "متوقفة عن النشر",
        "also": "نشرته أيضًا",
        "places": "الأماكن",
        "open": "الخبر في رصد",
        "more": "وغيرها",
        "unsubscribe": "إلغاء الاشتراك",
        "search": "البحث الدائم",
        "untitled": "(بلا عنوان)",
        "test": "رسالة تجريبية",
        "digest": "ما استجدّ",
        "by": "من البحث",
        "comma": "، ",
    },
    "en": {
        "within": "within",
        "usual": "where the usual number is about",
        "silent": "nothing has matched for",
        "changed": "an article was changed",
        "quiet": "quiet",
        "also": "Also in",
        "places": "Places",
        "open": "The story in Rasd",
        "more": "and more",
        "unsubscribe": "Unsubscribe",
        "search": "Standing search",
        "untitled": "(no headline)",
        "test": "a test message",
        "digest": "what is new",
        "by": "From",
        "comma": ", ",
    },
}


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A finished message.

    Attributes:
        id: the same when it is sent again.
        subject: one line.
        text: plain text.
        html: a whole document.
        url: where to read more; None without RASD_ALERTS_URL.
        unsubscribe: link that ends the alerts to this target; None if there is none.
        payload: the alert as JSON, for programs.
    """

    id: str
    subject: str
    text: str
    html: str
    url: str | None
    unsubscribe: str | None
    payload: dict[str, Any]


def counted(number: float, what: str, language: str) -> str:
    """Return a number with its noun in the right form: 3 أخبار, 11 خبرًا."""
    forms = _COUNTED[language][what]
    locale = _ARABIC if language == "ar" else _ENGLISH
    form = locale.plural_form(number if number != int(number) else int(number))
    return forms.get(form, forms["other"]).format(f"{number:g}")


def reason_of(alert: Alert, language: str) -> str:  # noqa: PLR0911  (one for each kind)
    """Return why an alert is due, in one sentence without a full stop."""
    words, numbers = _WORDS[language], alert.numbers
    count = numbers.get("count", alert.count)
    within = f"{words['within']} {counted(numbers.get('minutes', 0), 'minutes', language)}"
    match alert.kind:
        case "frequency":
            return f"{counted(count, alert.of, language)} {within}"
        case "spike":
            usual = f"{words['usual']} {numbers.get('expected', 0):.1f}"
            return f"{counted(count, 'stories', language)} {within}{words['comma']}{usual}"
        case "silence":
            return f"{words['silent']} {counted(numbers.get('hours', 0), 'hours', language)}"
        case "new-name":
            return counted(len(alert.detail), "names", language)
        case "change":
            return words["changed"]
        case "source-quiet":
            return f"{counted(len(alert.detail), 'sources', language)}: {words['quiet']}"
        case "digest":
            if not alert.count:
                return f"{counted(len(alert.detail), 'sources', language)}: {words['quiet']}"
            return f"{words['digest']}: {counted(alert.count, 'stories', language)}"
        case "test":
            return words["test"]
    return counted(alert.count, "stories", language)


def compose(
    alert: Alert, search: StandingSearch, base: str | None = None, unsubscribe: str | None = None
) -> AlertMessage:
    """Write the message of an alert.

    Args:
        alert: what is due.
        search: its standing search, for language and time zone.
        base: RASD_ALERTS_URL, without a slash at the end.
        unsubscribe: link that ends the alerts to the target.
    """
    language, words = search.language, _WORDS[search.language]
    reason = reason_of(alert, language)
    first = alert.stories[0] if alert.stories else None
    single = first is not None and alert.count == 1
    headline = (first.title or words["untitled"]) if single and first is not None else reason
    subject = f"{FSI}{search.name}{PDI}: {FSI}{headline}{PDI}"
    url = story_url(base, first) if first is not None else None
    return AlertMessage(
        id=alert.id,
        subject=subject,
        text=_text(alert, search, base, unsubscribe, reason),
        html=_html(alert, search, base, unsubscribe, reason),
        url=url,
        unsubscribe=unsubscribe,
        payload=payload(alert, base),
    )


def payload(alert: Alert, base: str | None = None) -> dict[str, Any]:
    """Return an alert as the JSON object that webhooks get, in the form of Standard Webhooks."""
    data = alert.model_dump(mode="json", exclude={"owner"})
    for shown, story in zip(data["stories"], alert.stories, strict=True):
        shown["rasd_url"] = story_url(base, story)
        shown["outlets"] = story.outlets
    return {"type": f"alert.{alert.kind}", "timestamp": data["moment"], "data": data}


def story_url(base: str | None, story: AlertStory) -> str | None:
    """Return where the API has a story."""
    if base is None or not story.articles:
        return None
    return f"{base}/articles/{quote(story.articles[0].article, safe='')}"


def _moment(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def _text(alert: Alert, search: StandingSearch, base: str | None, unsubscribe: str | None, reason: str) -> str:
    words = _WORDS[search.language]
    blocks = [f"{FSI}{search.name}{PDI}: {reason}"]
    detail = "\n".join(f"{FSI}{line}{PDI}" for line in alert.detail)
    if detail and alert.kind != "digest":
        blocks.append(detail)
    for story in alert.stories:
        when = _moment(story.published_at or story.moment, search.zone)
        lines = [_starred(story.headline) or story.title or words["untitled"], f"{FSI}{story.outlet}{PDI} | {when}"]
        lines += [f"… {_starred(piece)} …" for piece in story.excerpts]
        if others := story.outlets[1:]:
            lines.append(f"{words['also']}: {_joined(others, words['comma'])}")
        if story.places:
            lines.append(f"{words['places']}: {_joined(story.places, words['comma'])}")
        if story.searches:
            lines.append(f"{words['by']}: {_joined(story.searches, words['comma'])}")
        lines.append(story.url)
        if link := story_url(base, story):
            lines.append(link)
        blocks.append("\n".join(lines))
    if alert.count > len(alert.stories) > 0:
        blocks.append(words["more"])
    if detail and alert.kind == "digest":
        blocks.append(f"{counted(len(alert.detail), 'sources', search.language)}: {words['quiet']}\n{detail}")
    if unsubscribe:
        blocks.append(f"{words['unsubscribe']}: {unsubscribe}")
    return "\n\n".join(blocks) + "\n"


def _joined(names: Sequence[str], comma: str) -> str:
    return comma.join(f"{FSI}{name}{PDI}" for name in names)


def _starred(piece: Highlight | None) -> str:
    return "" if piece is None else _marked(piece.text, piece.marks, "*", "*", str)


def _marked(text: str, marks: Iterable[tuple[int, int]], before: str, after: str, write: Any) -> str:
    parts, end = [], 0
    for start, stop in marks:
        parts += [write(text[end:start]), before, write(text[start:stop]), after]
        end = stop
    return "".join([*parts, write(text[end:])])


_STYLE = (
    "body{font-family:'Noto Naskh Arabic','Segoe UI',Tahoma,sans-serif;font-size:17px;line-height:1.7;color:#222;"
    "max-width:42em;margin:1em auto;padding:0 1em}h2{font-size:20px;margin:1.2em 0 .2em}p{margin:.3em 0}"
    ".about{color:#666;font-size:14px}mark{background:#fff1a8;color:inherit}a{color:#0b5394}ul{margin:.3em 0}"
)


def _html(alert: Alert, search: StandingSearch, base: str | None, unsubscribe: str | None, reason: str) -> str:
    words, language = _WORDS[search.language], search.language
    direction = "rtl" if language == "ar" else "ltr"
    parts = [f'<p class="about">{words["search"]}: <bdi>{escape(search.name)}</bdi> — {escape(reason)}</p>']
    detail = "<ul>" + "".join(f'<li dir="auto">{escape(line)}</li>' for line in alert.detail) + "</ul>"
    if alert.detail and alert.kind != "digest":
        parts.append(detail)
    for story in alert.stories:
        title = _html_marked(story.headline) or escape(story.title or words["untitled"])
        parts.append(f'<h2 dir="auto"><a href="{escape(story.url)}">{title}</a></h2>')
        when = _moment(story.published_at or story.moment, search.zone)
        parts.append(f'<p class="about"><bdi>{escape(story.outlet)}</bdi> | <bdi>{escape(when)}</bdi></p>')
        parts += [f'<p dir="auto">… {_html_marked(piece)} …</p>' for piece in story.excerpts]
        if others := story.outlets[1:]:
            parts.append(f'<p class="about">{words["also"]}: {_bdi(others, words["comma"])}</p>')
        if story.places:
            parts.append(f'<p class="about">{words["places"]}: {_bdi(story.places, words["comma"])}</p>')
        if story.searches:
            parts.append(f'<p class="about">{words["by"]}: {_bdi(story.searches, words["comma"])}</p>')
        if link := story_url(base, story):
            parts.append(f'<p class="about"><a href="{escape(link)}">{words["open"]}</a></p>')
    if alert.count > len(alert.stories) > 0:
        parts.append(f"<p>{words['more']}</p>")
    if alert.detail and alert.kind == "digest":
        parts.append(f"<p>{counted(len(alert.detail), 'sources', language)}: {words['quiet']}</p>{detail}")
    if unsubscribe:
        parts.append(f'<p class="about"><a href="{escape(unsubscribe)}">{words["unsubscribe"]}</a></p>')
    return (
        f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f"<title>{escape(search.name)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _bdi(names: Sequence[str], comma: str) -> str:
    return comma.join(f"<bdi>{escape(name)}</bdi>" for name in names)


def _html_marked(piece: Highlight | None) -> str:
    return "" if piece is None else _marked(piece.text, piece.marks, "<mark>", "</mark>", escape)
