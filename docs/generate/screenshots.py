"""Makes the pictures of the desk in the README: python -m docs.generate.screenshots [ADDRESS]

Visits a running demo (`make demo`, at http://127.0.0.1:28000 by default) with Debian's Chromium and writes
desk-*.png in the folder `images` beside this one. They show what the demo shows at that moment; no test compares them.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
from playwright.async_api import ViewportSize, async_playwright

from tests.support.programs import debian_program

TARGET = Path(__file__).parents[1] / "images"
SIZE = ViewportSize(width=1280, height=800)


async def make(base: str, target: Path = TARGET) -> list[Path]:
    """Write the pictures and return their paths."""
    async with httpx.AsyncClient(base_url=base, timeout=30) as http:
        stories = (await http.get("/stories", params={"minutes": 1440, "size": 1})).raise_for_status().json()["stories"]
    if not stories:
        raise SystemExit(f"{base} has no story of the last day: start the demo first (make demo)")
    views = {
        "now": ("/ar/?minutes=360", "light"),
        "story": (f"/ar/stories/{stories[0]['id']}", "light"),
        "map": ("/ar/map", "dark"),
        "search": ("/en/search?q=خط بحري أو ميناء", "light"),
    }
    made = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=debian_program("chromium", "chromium"), args=["--no-sandbox"]
        )
        for name, (path, theme) in views.items():
            context = await browser.new_context(viewport=SIZE, color_scheme="dark" if theme == "dark" else "light")
            page = await context.new_page()
            await page.goto(base + path, wait_until="load")
            if name == "map":
                await page.wait_for_selector("[data-map][data-state=ready] .cluster")
            elif name == "now":
                await page.wait_for_selector("[data-live=on]")
            file = target / f"desk-{name}.png"
            await page.screenshot(path=file)
            made.append(file)
            await context.close()
        await browser.close()
    return made


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for file in asyncio.run(make(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:28000")):
        print(file)
