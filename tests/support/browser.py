"""The Chromium of the system, driven by Playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from tests.support.programs import debian_program

# WCAG 2.2 AA, and what axe recommends beside it.
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # Its own sandbox needs rights that containers and root do not give.
        browser = await playwright.chromium.launch(
            executable_path=debian_program("chromium", "chromium"), args=["--no-sandbox"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visitor:
    """A browser window that records what should not be: requests elsewhere, errors, dialogs."""

    context: BrowserContext
    page: Page
    base: str
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def visit(self, path: str) -> None:
        await self.page.goto(self.base + path, wait_until="load")

    async def arrive(self, address: str | Callable[[str], bool]) -> None:
        """Wait until the window shows the whole of what is at an address, by a pattern of it."""
        await self.page.wait_for_url(address)
        await self.page.wait_for_selector("main:not([aria-busy=true])")

    async def back(self, address: str) -> None:
        """Go back to an address, by a pattern of it."""
        await self.page.evaluate("() => history.back()")
        await self.arrive(address)

    async def axe(self, *rules: str) -> list[str]:
        """Violations of accessibility, with the elements concerned.

        Args:
            *rules: names of rules of axe-core; all by default.
        """
        # axe adds its script through the debugger, which no policy of the page concerns.
        options = RULES | ({"runOnly": {"type": "rule", "values": rules}} if rules else {})
        found: dict[str, Any] = (await Axe().run(self.page, options=options)).response
        return [
            f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
            for violation in found["violations"]
        ]

    async def shift(self) -> list[str]:
        """Return what moved by itself since the view began to load, as the browser's Layout Instability API tells."""
        moved: list[str] = await self.page.evaluate(
            """() => new Promise((done) => {
              const moved = [];
              new PerformanceObserver((list) => {
                const sources = list.getEntries().filter((one) => !one.hadRecentInput).flatMap((one) => one.sources);
                moved.push(...sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? "gone"));
              }).observe({ type: "layout-shift", buffered: true });
              requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved))));
            })"""
        )
        return moved

    async def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(
            await self.page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


@asynccontextmanager
async def visiting(browser: Browser, base: str, width: int = 1280, **options: Any) -> AsyncIterator[Visitor]:
    """A window on the server at `base`; at the end nothing may have gone wrong in it."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = await context.new_page()
    visitor = Visitor(context, page, base)

    def requested(request: Request) -> None:
        if not request.url.startswith(base + "/"):
            visitor.elsewhere.append(request.url)

    page.on("request", requested)
    page.on("pageerror", lambda error: visitor.errors.append(str(error)))
    page.on("dialog", lambda dialog: visitor.errors.append(f"dialog: {dialog.message}"))
    page.on(
        "console",
        lambda message: visitor.errors.append(message.text) if message.type in {"error", "warning"} else None,
    )
    try:
        yield visitor
        assert visitor.elsewhere == []
        assert visitor.errors == []
    finally:
        await context.close()
