"""A site on loopback for tests of watched sources: feed, sitemap, pages, and failures on demand."""

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

STORY = (
    "أعلنت بلدية المدينة اليوم الأحد افتتاح الجسر الجديد الذي يربط ضفتي النهر بعد عامين من الأعمال.\n"
    "وقال رئيس البلدية إن الجسر سيخفف الازدحام عن وسط المدينة ويختصر زمن الوصول إلى المستشفى العام.\n"
    "وأضاف أن المرحلة الثانية تشمل رصيفا للمشاة ومسارا للدراجات، وينتظر أن تنتهي مطلع العام المقبل."
)


def page(title: str, body: str = STORY) -> str:
    """Return an article's page."""
    paragraphs = "".join(f"<p>{line}</p>" for line in body.splitlines())
    return (
        f'<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )


@dataclass
class FakeSite:
    """One site. Change its attributes to change what it answers.

    Attributes:
        articles: title by path, the latest last.
        requests: number of requests by path.
        answers: handlers that take a path over.
        times: when each request came, with its path (`time.monotonic`).
        most_at_once: largest number of requests that were being answered at once.
        robots: robots.txt, or None for 404.
        address: base address, without a slash at the end.
    """

    articles: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Handler] = field(default_factory=dict)
    robots: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    address: str = ""
    times: list[tuple[float, str]] = field(default_factory=list)
    most_at_once: int = 0
    _busy: int = 0

    def publish(self, number: int, title: str | None = None) -> str:
        """Publish an article and return its address."""
        path = f"/news/{20260000 + number}"
        self.articles[path] = title or f"افتتاح الجسر الجديد رقم {number}"
        return f"{self.address}{path}"

    def rss(self) -> str:
        """Return the feed of the latest 20 articles."""
        items = []
        for number, (path, title) in reversed(list(enumerate(self.articles.items()))[-20:]):
            moment = format_datetime(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number))
            items.append(
                f"<item><title>{title}</title><link>{path}</link><guid>{path}</guid><pubDate>{moment}</pubDate>"
                f"<description>ملخص: {title}</description></item>"
            )
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>أخبار الجسر</title>'
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
            links = "".join(
                f'<li><a href="{path}">{title} في وسط المدينة</a></li>' for path, title in self.articles.items()
            )
            head = (
                '<link rel="alternate" type="application/rss+xml" href="/rss.xml"><title>الجسر</title>'
                '<meta property="og:site_name" content="صحيفة الجسر">'
            )
            return web.Response(
                text=f"<html lang=ar><head>{head}</head><body><ul>{links}</ul></body></html>", content_type="text/html"
            )
        if request.path in self.articles:
            return web.Response(text=page(self.articles[request.path]), content_type="text/html", charset="utf-8")
        return web.Response(status=404, text="لا توجد صفحة بهذا العنوان")


@asynccontextmanager
async def fake_site(host: str = "127.0.0.1") -> AsyncIterator[FakeSite]:
    """Run a site on a free port of a loopback address."""
    site = FakeSite()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        site.address = f"http://{host}:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()
