"""How fast the desk is in a browser: python -m benchmarks.desk CORPUS [--documents 100000] [--visits 15]

Fills an index of its own with generated articles (benchmarks/search/archive.py), serves it, and visits it with Debian's
Chromium: first contentful paint and the end of loading of each view with an empty cache, bytes over the wire, the time
from a click or a key to the frame with what it changed (by parts, and by whole pages, in turns), and from a typed
letter to the names that it suggests. Then articles arrive at `--rate` a second for `--minutes` minutes: cost and memory
of the ticker. Figures are those that the browser reports (Paint, Event and Navigation Timing, CDP). Needs running
servers (`rasd up`) and Chromium. The index is deleted at the end; with `--kept` it is the one that `python -m
benchmarks.search.latency CORPUS --keep` left, and stays.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
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


# Times of an interaction, from the browser's own stamp of the key or click to the frame after: `first` when the first
# part that changed is painted, `whole` when all of the view is. Both survive a navigation.
WATCH = """() => {
  const now = () => performance.timeOrigin + performance.now();
  const began = (event) => {
    if (event.isTrusted) sessionStorage.setItem("began", performance.timeOrigin + event.timeStamp);
  };
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, began, true);
  const painted = (name) => requestAnimationFrame(() => setTimeout(() => {
    const since = sessionStorage.getItem("began");
    if (since && window[name] === undefined) window[name] = now() - since;
  }));
  window.felt = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.interactionId) window.felt.push(one.duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
  addEventListener("desk:shown", () => painted("first"), true);
  addEventListener("DOMContentLoaded", () => {
    painted("first");
    painted("whole");
    const main = document.getElementById("content");
    new MutationObserver(() => {
      if (main.getAttribute("aria-busy") === "false") painted("whole");
    }).observe(main, { attributes: true, attributeFilter: ["aria-busy"] });
  });
}"""
# Keeps the desk's scripts from the events by which they fetch parts: links and forms load whole pages, as before.
PLAIN = """() => {
  for (const name of ["pointerdown", "click", "submit"]) {
    addEventListener(name, (event) => event.stopImmediatePropagation(), true);
  }
}"""
BACK = """() => {
  sessionStorage.setItem("began", performance.timeOrigin + performance.now());
  history.back();
}"""
FRESH = "() => { window.first = window.whole = undefined; sessionStorage.removeItem('began'); }"


@dataclass
class Interactions:
    """Times in milliseconds, by what was done, and those of the first paint after each event (Event Timing)."""

    first: dict[str, list[float]] = field(default_factory=dict)
    whole: dict[str, list[float]] = field(default_factory=dict)
    felt: list[float] = field(default_factory=list)

    def tell(self, way: str) -> None:
        """Print percentiles."""
        for part, found in (("first part", self.first), ("whole view", self.whole)):
            for name, times in found.items():
                print(f"  {way:9} {part:10} {name:20} {spread(times)}")
            if found:
                print(f"  {way:9} {part:10} {'all':20} {spread([one for times in found.values() for one in times])}")
        if self.felt:
            print(f"  {way:9} from an event to the next frame  {spread(self.felt)}")


class Reader:
    """Does what a reader does, in a window of its own, and times each step.

    Args:
        page: the window.
        base: address of the desk.
        found: where the times go.
    """

    def __init__(self, page: Page, base: str, found: Interactions) -> None:
        self.page, self.base, self.found = page, base, found

    async def go(self, path: str) -> None:
        """Load a view, untimed."""
        await self.page.goto(self.base + path, wait_until="load")

    async def timed(self, name: str, action: Callable[[], Awaitable[Any]]) -> None:
        """Do something, and wait until the view that it leads to is painted."""
        await self.page.evaluate(FRESH)
        await action()
        await self.page.wait_for_function("() => window.whole !== undefined")
        first, whole = await self.page.evaluate("() => [window.first, window.whole]")
        self.found.first.setdefault(name, []).append(first)
        self.found.whole.setdefault(name, []).append(whole)

    async def read(self, word: str) -> None:
        """Search, filter, sort, page, open an article and come back; then change the window of Now."""
        page = self.page

        async def click(name: str, selector: str, number: int = 0) -> None:
            if await page.locator(selector).count() > number:
                # A button is down for about a tenth of a second.
                await self.timed(name, lambda: page.locator(selector).nth(number).click(delay=80))

        await self.go("/ar/search")
        await page.fill("#q", word)
        await self.timed("search", lambda: page.press("#q", "Enter"))
        await click("a filter", "aside .facets li a")
        await click("remove a filter", ".chosen a")
        await click("newest first", "[data-part=sort] a", 1)
        await click("copies apart", "[data-part=fold] a", 1)
        await click("next page", "a[rel=next]")
        if await page.locator("[data-open]").count():
            await page.keyboard.press("j")
            await self.timed("open an article", lambda: page.keyboard.press("o"))
            await self.timed("back to the results", lambda: page.evaluate(BACK))
        self.found.felt += await page.evaluate("() => window.felt")
        await self.go("/ar/")
        await click("window of Now", "[data-part=growing] .choice a", 2)
        self.found.felt += await page.evaluate("() => window.felt")


async def interactions(browser: Browser, base: str, words: Sequence[str]) -> dict[str, Interactions]:
    """Read as a reader does, by parts and by whole pages in turns: which comes first changes with each word."""
    found = {"parts": Interactions(), "pages": Interactions()}
    readers = {}
    for way, times in found.items():
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        await context.add_init_script(f"({WATCH})()")
        if way == "pages":
            await context.add_init_script(f"({PLAIN})()")
        readers[way] = Reader(await context.new_page(), base, times)
    for number, word in enumerate(words):
        for way in sorted(readers, reverse=bool(number % 2)):
            await readers[way].read(word)
    for reader in readers.values():
        await reader.page.context.close()
    return found


async def next_results(context: BrowserContext, base: str) -> list[float]:
    """Go to the next result by key twenty times; time each from key to frame."""
    page = await context.new_page()
    await page.goto(f"{base}/ar/search")
    moved = []
    for _ in range(20):
        began = time.perf_counter()
        await page.keyboard.press("j")
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        moved.append((time.perf_counter() - began) * 1000)
    await page.close()
    return moved


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
            print("from key or click to the frame that shows it")
            for way, times in (await interactions(browser, base, words)).items():
                times.tell(way)
            print(f"  next result (j) {spread(await next_results(context, base))}")
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
