"""How fast the desk is in a browser: python -m benchmarks.desk CORPUS [--documents 100000] [--visits 15]

Fills an index of its own with generated articles (benchmarks/search/archive.py), serves it, and visits it with Debian's
Chromium: first contentful paint and the end of loading of each view with an empty cache, bytes over the wire, the time
from a click or a key to the next painted view, and from a typed letter to the names that it suggests. Then articles
arrive at `--rate` a second for `--minutes` minutes: cost and memory of the ticker. Figures are those that the browser
reports (Paint Timing, Navigation Timing, CDP). Needs running servers (`rasd up`) and Chromium. The index is deleted at
the end; with `--kept` it is the one that `python -m benchmarks.search.latency CORPUS --keep` left, and stays.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from benchmarks.search.archive import Archive
from benchmarks.search.latency import PREFIX, fill
from benchmarks.search.running import api, ground
from streams.elastic.client import make_client
from streams.elastic.templates import names
from streams.kafka.clients import open_producer
from streams.records import Article
from streams.settings import Settings
from streams.topics import Topic, topic_name
from tests.support.browser import browsing

MIB = 1024 * 1024
# Words of the archive's names (benchmarks/search/archive.py).
NAMES = ("شخص", "هيئة", "مدينة")
TIMES = """() => {
  const load = performance.getEntriesByType("navigation")[0];
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const all = [load, ...performance.getEntriesByType("resource")];
  const bytes = (keep) => all.filter(keep).reduce((sum, one) => sum + one.transferSize, 0);
  const isFont = (one) => one.name.endsWith(".ttf");
  return { painted: paint.startTime, usable: load.domContentLoadedEventEnd, answered: load.responseStart,
           bytes: bytes((one) => !isFont(one)), fonts: bytes(isFont) };
}"""
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Format the percentiles 50, 95 and 99, by the nearest rank, and the greatest value."""
    ordered = sorted(values)
    marks = {share: ordered[round(share / 100 * (len(ordered) - 1))] for share in (50, 95, 99)}
    text = "  ".join(f"p{share} {value:7.1f}" for share, value in marks.items())
    return f"{text}  max {ordered[-1]:7.1f} {unit}  (n={len(ordered)})"


async def load(browser: Browser, url: str, visits: int) -> dict[str, list[float]]:
    """Visit a view `visits` times, each time with an empty cache."""
    found: dict[str, list[float]] = {}
    for _ in range(visits):
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        page = await context.new_page()
        await page.goto(url, wait_until="load")
        # On a busy machine, the first paint may come after the end of loading.
        await page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
        times: dict[str, float] = await page.evaluate(TIMES)
        times["shift"] = await page.evaluate(SHIFTS)
        for name, value in times.items():
            found.setdefault(name, []).append(value)
        await context.close()
    return found


async def painted(page: Page) -> None:
    """Wait until the view that is loading has painted."""
    await page.wait_for_load_state("domcontentloaded")
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def interactions(context: BrowserContext, base: str, words: Sequence[str]) -> dict[str, list[float]]:
    """Search, filter, sort, page and open articles as a reader does; time each from key or click to the next paint."""
    page = await context.new_page()
    found: dict[str, list[float]] = {}

    async def timed(name: str, action: Any) -> None:
        began = time.perf_counter()
        async with page.expect_navigation(wait_until="domcontentloaded"):
            await action
        await painted(page)
        found.setdefault(name, []).append((time.perf_counter() - began) * 1000)

    for word in words:
        await page.goto(f"{base}/ar/search")
        await page.fill("#q", word)
        await timed("search", page.press("#q", "Enter"))
        if await page.locator(".facets li a").count():
            await timed("filter", page.locator(".facets li a").first.click())
            await timed("remove a filter", page.locator(".chosen a").first.click())
        await timed("newest first", page.locator(".choice a").nth(1).click())
        if await page.locator("a[rel=next]").count():
            await timed("next page", page.locator("a[rel=next]").click())
        if await page.locator("[data-open]").count():
            await page.keyboard.press("j")
            await timed("open an article", page.keyboard.press("o"))
    moved = []
    await page.goto(f"{base}/ar/search")
    for _ in range(20):
        began = time.perf_counter()
        await page.keyboard.press("j")
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        moved.append((time.perf_counter() - began) * 1000)
    found["next result (j)"] = moved
    await page.close()
    return found


TYPED = """(letters) => new Promise((done) => {
  const list = document.querySelector("#names-typed"), box = document.querySelector("#q");
  // Names that were there before would be replaced by the same number of nodes: something must change.
  list.replaceChildren(document.createElement("option"));
  const began = performance.now();
  const late = setTimeout(() => done(null), 5000);
  new MutationObserver((_, watching) => {
    watching.disconnect();
    clearTimeout(late);
    requestAnimationFrame(() => done(performance.now() - began));
  }).observe(list, { childList: true });
  box.value = letters;
  box.dispatchEvent(new InputEvent("input", { inputType: "insertText", bubbles: true }));
})"""


async def typing(context: BrowserContext, base: str, words: Sequence[str]) -> list[float]:
    """Type the beginnings of words, and time each from the letter to the frame with the names that begin so."""
    page = await context.new_page()
    await page.goto(f"{base}/ar/search")
    await page.evaluate("() => document.querySelector('#names-typed').replaceChildren()")
    times = []
    for word in words:
        for length in range(2, min(6, len(word)) + 1):
            taken: float | None = await page.evaluate(TYPED, word[:length])
            if taken is not None:
                times.append(taken)
    await page.close()
    return times


async def ticker(context: BrowserContext, settings: Settings, base: str, rate: float, minutes: float) -> None:
    """Let articles arrive while the ticker is open; print what that costs the browser."""
    page = await context.new_page()
    await page.goto(f"{base}/ar/")
    await page.wait_for_selector("[data-live=on]")
    devtools = await context.new_cdp_session(page)
    await devtools.send("Performance.enable")

    async def sample() -> dict[str, float]:
        await devtools.send("HeapProfiler.collectGarbage")
        return {one["name"]: one["value"] for one in (await devtools.send("Performance.getMetrics"))["metrics"]}

    topic, sent = topic_name(Topic.ENRICHED, settings), 0
    first = await sample()
    heaps = [first["JSHeapUsedSize"] / MIB]
    began = time.monotonic()
    async with open_producer(settings) as producer:
        while (passed := time.monotonic() - began) < minutes * 60:
            while sent < passed * rate:
                record = Article(
                    id=f"tick-{sent}",
                    url=f"https://almina.example.com/{sent}",
                    source="almina",
                    language="ar",
                    title=f"خبر رقم {sent} عن ارتفاع منسوب المياه في السد",
                    body="ارتفع منسوب المياه في السد بعد الأمطار.",
                    ingested_at=datetime.now(UTC),
                )
                await producer.send(topic, record.to_json(), key=record.id.encode())
                sent += 1
            if len(heaps) <= passed // 15:
                heaps.append((await sample())["JSHeapUsedSize"] / MIB)
            await asyncio.sleep(0.02)
    last = await sample()
    shown = await page.locator("[data-items] li").count()
    busy = last["TaskDuration"] - first["TaskDuration"]
    print(f"ticker: {sent:,} articles in {passed:.0f} s, {shown} items on screen at the end")
    print(f"  main thread busy {busy / passed:.1%}, DOM nodes {first['Nodes']:.0f} → {last['Nodes']:.0f}")
    print("  heap after collection, every 15 s: " + " ".join(f"{heap:.1f}" for heap in heaps) + " MiB")
    await page.close()


async def measure(arguments: argparse.Namespace) -> None:
    """Run all measurements and print them."""
    archive = Archive(arguments.corpus)
    words = [query["q"] for query in archive.queries(400) if query.get("q")][: arguments.searches]
    async with ground() as own:
        settings = own.model_copy(update={"index_prefix": PREFIX}) if arguments.kept else own
        if arguments.kept:
            client = make_client(settings)
            archive.made = (await client.count(index=names(settings).read))["count"]
            await client.close()
            print(f"{archive.made:,} articles in the index")
        await fill(settings, archive, arguments.documents)
        async with api(settings) as (base, _), browsing() as browser:
            await load(browser, f"{base}/ar/search", 3)  # until the server has compiled its code
            for name, path in (
                ("now", "/ar/"),
                ("search", "/ar/search"),
                ("results", f"/ar/search?q={words[0]}"),
                ("map", "/ar/map"),
                ("article", "/ar/articles/d0"),
            ):
                found = await load(browser, base + path, arguments.visits)
                size, fonts = statistics.median(found["bytes"]) / 1024, found["fonts"][0] / 1024
                print(f"{name}: {size:.0f} KiB, fonts {fonts:.0f} KiB, layout shift {max(found['shift']):.3f}")
                for key, what in (
                    ("answered", "first byte"),
                    ("painted", "first contentful paint"),
                    ("usable", "usable"),
                ):
                    print(f"  {what:24} {spread(found[key])}")
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            print("from key or click to the next view painted")
            every: list[float] = []
            for name, times in (await interactions(context, base, words)).items():
                every += times
                print(f"  {name:24} {spread(times)}")
            print(f"  {'all':24} {spread(every)}")
            typed = [word for query in words for word in query.split()]
            print(f"from a letter to its names {spread(await typing(context, base, [*NAMES, *typed]))}")
            await ticker(context, settings, base, arguments.rate, arguments.minutes)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="folder with saudinewsnet/")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--kept", action="store_true", help="measure the index that benchmarks.search.latency kept")
    parser.add_argument("--visits", type=int, default=15, help="visits of each view with an empty cache")
    parser.add_argument("--searches", type=int, default=20)
    parser.add_argument("--rate", type=float, default=50.0, help="articles a second for the ticker")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the ticker is watched")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
