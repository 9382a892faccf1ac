"""Sites on loopback that `rasd watch` can read: feed, sitemap, section page, articles, and failures on demand.

The demo serves its invented outlets with them, and the tests their own.
"""

from __future__ import annotations

import gzip
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FIRST, _MINUTE = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1)
BODY = (
    "أعلنت بلدية المدينة اليوم الأحد افتتاح الجسر الجديد الذي يربط ضفتي النهر بعد عامين من الأعمال.\n"
    "وقال رئيس البلدية إن الجسر سيخفف الازدحام عن وسط المدينة ويختصر زمن الوصول إلى المستشفى العام.\n"
    "وأضاف أن المرحلة الثانية تشمل رصيفا للمشاة ومسارا للدراجات، وينتظر أن تنتهي مطلع العام المقبل."
)


@dataclass(frozen=True)
class Story:
    """What an article's page says.

    Attributes:
        title: headline.
        body: paragraphs, one a line.
        published: time of publication.
    """

    title: str
    body: str = BODY
    published: datetime = _FIRST


def page(story: Story) -> str:
    """Return an article's page."""
    paragraphs = "".join(f"<p>{line}</p>" for line in story.body.splitlines())
    return (
        f'<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{story.title}</title></head>'
        f"<body><article><h1>{story.title}</h1>{paragraphs}</article></body></html>"
    )


@dataclass
class FakeSite:
    """One site. Change its attributes to change what it answers.

    Attributes:
        name: name of the outlet.
        articles: by path, the latest last.
        requests: number of requests by path.
        answers: handlers that take a path over.
        answer_article: a handler that takes the pages of articles over, or None.
        times: when each request came, with its path (`time.monotonic`).
        most_at_once: largest number of requests that were being answered at once.
        robots: robots.txt, or None for 404.
        listed: number of articles in the feed.
        address: base address, without a slash at the end.
    """

    name: str = "صحيفة الجسر"
    articles: dict[str, Story] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Handler] = field(default_factory=dict)
    answer_article: Handler | None = None
    robots: str | None = None
    listed: int = 20
    headers: dict[str, str] = field(default_factory=dict)
    address: str = ""
    times: list[tuple[float, str]] = field(default_factory=list)
    most_at_once: int = 0
    _busy: int = 0

    def publish(self, number: int, story: Story | None = None) -> str:
        """Publish an article and return its address."""
        path = f"/news/{20260000 + number}"
        self.articles[path] = story or Story(f"افتتاح الجسر الجديد رقم {number}", published=_FIRST + number * _MINUTE)
        return f"{self.address}{path}"

    def rss(self) -> str:
        """Return the feed of the latest articles."""
        items = []
        for path, story in reversed(list(self.articles.items())[-self.listed :]):
            moment = format_datetime(story.published)
            items.append(
                f"<item><title>{story.title}</title><link>{path}</link><guid>{path}</guid><pubDate>{moment}</pubDate>"
                f"<description>ملخص: {story.title}</description></item>"
            )
        return (
            f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{self.name}</title>'
            f"<link>{self.address}/</link><language>ar</language>{''.join(items)}</channel></rss>"
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.times.append((time.monotonic(), request.path))
        self.requests[request.path] += 1
        self._busy += 1
        self.most_at_once = max(self.most_at_once, self._busy)
        try:
            return await self._answer(request)
        finally:
            self._busy -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911  (one for each path)
        if request.path in self.answers:
            return await self.answers[request.path](request)
        if request.path == "/robots.txt":
            return web.Response(text=self.robots) if self.robots is not None else web.Response(status=404)
        if request.path == "/rss.xml":
            text = self.rss()
            tag = f'"{len(self.articles)}"'
            if request.headers.get("If-None-Match") == tag:
                return web.Response(status=304, headers={"ETag": tag} | self.headers)
            headers = {"ETag": tag, "Content-Type": "application/rss+xml; charset=utf-8"} | self.headers
            return web.Response(body=text.encode(), headers=headers)
        if request.path == "/sitemap.xml.gz":
            urls = "".join(f"<url><loc>{self.address}{path}</loc></url>" for path in self.articles)
            data = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
            return web.Response(body=gzip.compress(data.encode()), content_type="application/gzip")
        if request.path == "/":
            links = "".join(f'<li><a href="{path}">{story.title}</a></li>' for path, story in self.articles.items())
            head = (
                f'<link rel="alternate" type="application/rss+xml" href="/rss.xml"><title>{self.name}</title>'
                f'<meta property="og:site_name" content="{self.name}">'
            )
            return web.Response(
                text=f"<html lang=ar><head>{head}</head><body><ul>{links}</ul></body></html>", content_type="text/html"
            )
        if request.path in self.articles:
            return await (self.answer_article or self.page_of)(request)
        return web.Response(status=404, text="لا توجد صفحة بهذا العنوان")

    async def page_of(self, request: web.Request) -> web.StreamResponse:
        """Answer with an article's page."""
        return web.Response(text=page(self.articles[request.path]), content_type="text/html", charset="utf-8")


@asynccontextmanager
async def fake_site(host: str = "127.0.0.1", port: int = 0, name: str = FakeSite.name) -> AsyncIterator[FakeSite]:
    """Run a site on a port of a loopback address; 0 picks a free one."""
    site = FakeSite(name)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        site.address = f"http://{host}:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()
