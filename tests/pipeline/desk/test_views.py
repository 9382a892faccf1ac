"""Every view in both languages, at three widths and in all themes, as a browser shows it."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from playwright.async_api import Browser, Page, Route

from streams.elastic.client import make_client
from streams.errors import Reason, Rejected
from streams.kafka.clients import client_options
from streams.kafka.dead_letters import Origin, failure_headers
from streams.records import RawArticle
from streams.topics import Topic, topic_name
from tests.pipeline.desk import layout
from tests.pipeline.desk.conftest import HOSTILE, Desk, ferry
from tests.pipeline.search.conftest import store
from tests.support.articles import article
from tests.support.browser import visiting
from tests.support.serving import publish, until

# One server, index and browser for all.
pytestmark = pytest.mark.asyncio(loop_scope="module")

VIEWS = (
    "",
    "search",
    "search?q=العقبة&source=almina",
    "search?q=لاشيءمنهذا",
    "articles/ferry-4?q=بحري",
    "raw/ferry-3",
    "stories/ferry-1",
    "map",
    "compare?q=العقبة&other=المياه",
    "names/place/العقبة",
    "sources",
    "alerts",
    "pipeline",
    "rehearse?q=العقبة",
)
WIDTHS = (360, 768, 1280)


async def test_every_view_is_accessible_whole_and_self_contained(desk: Desk, browser: Browser) -> None:
    for language, direction, width in (("ar", "rtl", 360), ("en", "ltr", 1280)):
        async with visiting(browser, desk.base, width) as visitor:
            for view in VIEWS:
                await visitor.visit(f"/{language}/{view}")
                root = visitor.page.locator("html")
                assert await root.get_attribute("lang") == language
                assert await root.get_attribute("dir") == direction
                assert await visitor.axe() == [], (language, width, view)
                for other in WIDTHS:
                    await visitor.page.set_viewport_size({"width": other, "height": 900})
                    assert await visitor.overflow() <= 0, (language, other, view)
                await visitor.page.set_viewport_size({"width": width, "height": 900})
                if language == "ar":
                    # Themes differ in nothing but colours.
                    for theme in ("dark", "contrast"):
                        await visitor.page.evaluate("(name) => document.documentElement.dataset.theme = name", theme)
                        assert await visitor.axe("color-contrast") == [], (theme, view)


async def test_the_parts_of_the_views_stand_where_they_did(desk: Desk, browser: Browser) -> None:
    found = {}
    for language in layout.LANGUAGES:
        for width in (1280, 768, 375):
            async with visiting(browser, desk.base, width) as visitor:
                for view in [view for view, widths in layout.VIEWS.items() if width in widths]:
                    await visitor.visit(f"/{language}/{view}")
                    found[f"{language}/{view} {width}"] = await layout.measure(visitor.page)
    if not layout.renew(found):
        stored = layout.read()
        moved = {view: layout.differences(stored.get(view, {}), boxes) for view, boxes in found.items()}
        assert {view: parts for view, parts in moved.items() if parts} == {}
        assert stored.keys() == found.keys()


async def test_nothing_moves_while_a_view_loads(desk: Desk, browser: Browser) -> None:
    for language, width in (("ar", 360), ("en", 1280)):
        async with visiting(browser, desk.base, width) as visitor:
            # Text that is set anew when its font comes late moves too, on a busy machine; this is about all else.
            await visitor.page.route("**/*.ttf", lambda route: route.abort())
            for view in ("", "search?q=العقبة", "articles/ferry-4", "stories/ferry-1", "map", "compare?q=العقبة"):
                await visitor.visit(f"/{language}/{view}")
                assert await visitor.shift() == [], (language, view)
            assert all(error.startswith("Failed to load resource") for error in visitor.errors)
            visitor.errors.clear()


async def test_the_theme_is_kept(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        await visitor.visit("/ar/display?theme=dark&back=/ar/search")
        assert visitor.page.url == f"{desk.base}/ar/search"
        await visitor.visit("/ar/alerts")
        assert await visitor.page.locator("html").get_attribute("data-theme") == "dark"


async def test_nothing_in_an_article_runs(desk: Desk, browser: Browser) -> None:
    phrases = [quote(f"«{one}»") for one in HOSTILE]
    async with httpx.AsyncClient(base_url=desk.base) as http:
        for one in HOSTILE:
            # Not all are queries; what is wrong with one is told as text, too.
            answer = await http.get("/ar/search", params={"q": one})
            assert answer.status_code in {200, 422}
            assert not any(part in answer.text for part in ("<script>window", "<img src=x", "<svg onload", "<iframe"))
    async with visiting(browser, desk.base) as visitor:
        views = ["search?q=زعفران&fold=false", "search?q=زعفران", *(f"search?q={phrase}" for phrase in phrases)]
        views += [
            "?minutes=360",
            "stories/hostile",
            "map?q=زعفران",
            *(f"compare?q={phrase}&other={phrase}" for phrase in phrases),
        ]
        views += [f"rehearse?q={phrase}" for phrase in phrases[:2]]
        views += [f"names/person/{quote(one, safe='')}" for one in HOSTILE]
        views += [f"articles/hostile-{number}?q=خبر" for number in range(len(HOSTILE))]
        for view in views:
            await visitor.page.goto(f"{desk.base}/ar/{view}")
            assert await visitor.page.evaluate("() => window.hacked") is None
            assert await visitor.page.locator("main script, main iframe, main img, main svg[onload]").count() == 0
        await visitor.visit("/ar/search?q=زعفران&fold=false")
        titles = await visitor.page.locator(".hit h3").all_inner_texts()
        # Shown as it stands in the article, not as what a browser would make of it.
        assert {" ".join(HOSTILE[0].split()), " ".join(HOSTILE[1].split())} <= {" ".join(t.split()) for t in titles}


async def test_searching_by_keyboard_and_by_click(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/search")
        await page.keyboard.press("/")
        await page.keyboard.type("الكسو")
        await page.wait_for_selector("#names-typed option", state="attached")
        assert await page.locator("#names-typed option").first.get_attribute("value") == "«زياد الكسواني»"
        await page.fill("#q", "العقبة")
        await page.keyboard.press("Enter")
        await visitor.arrive("**/ar/search?q=*")
        assert await page.locator("#total").get_attribute("data-total") == "4"
        # One story, whose four articles are in three outlets.
        assert await page.locator("[data-hit]").count() == 1
        await page.keyboard.press("j")
        assert await page.evaluate("() => document.activeElement.matches('.chosen-hit [data-open]')")
        await page.keyboard.press("o")
        await visitor.arrive("**/ar/articles/*")
        assert await page.locator(".body a.name.place").first.inner_text() == "العقبة"
        assert await page.locator("h1 mark, .body mark").count() > 0
        assert (await page.locator(".quotes blockquote").inner_text()).startswith("السفينة تتسع")
        assert await page.locator(".quotes a").inner_text() == "زياد الكسواني"
        await visitor.back("**/ar/search?q=*")
        # The focus is where it was, so the next result is the one after it; there is only this one.
        assert await page.evaluate("() => document.activeElement.matches('[data-open]')")
        await page.keyboard.press("j")
        await page.keyboard.press("s")
        await visitor.arrive("**/ar/stories/ferry-1")
        assert await page.locator(".lane").count() == 3
        # What outlets changed in the text is marked by what it is.
        assert "450" in await page.locator(".diff del.number").first.inner_text()
        await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.locator("[data-share]").click()
        await page.wait_for_function("() => document.querySelector('[data-share]').textContent === 'نُسخ الرابط'")
        assert (await page.evaluate("() => navigator.clipboard.readText()")).endswith("/ar/stories/ferry-1")
        await visitor.back("**/ar/search?q=*")
        await page.keyboard.press("?")
        assert await page.locator("dialog").is_visible()
        await page.keyboard.press("Escape")
        await page.locator("aside .facets a", has_text="almina").first.click()
        await visitor.arrive("**source=almina**")
        assert await page.locator("#total").get_attribute("data-total") == "2"
        await page.locator(".chosen a", has_text="almina").click()
        await visitor.arrive(lambda url: "source" not in url)
        assert await page.locator("#total").get_attribute("data-total") == "4"


async def test_moves_fetch_parts_and_are_what_their_addresses_show(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        loads: list[str] = []
        page.on("domcontentloaded", lambda _: loads.append(page.url))
        titles = page.locator("[data-hit] [data-open]")
        total, sort = page.locator("#total"), page.locator("[data-part=sort] a")
        await visitor.visit("/ar/search?q=المياه")
        first = await titles.all_inner_texts()
        await page.fill("#q", "العقبة")
        await page.keyboard.press("Enter")
        await visitor.arrive("**/ar/search?q=%D8%A7%D9%84%D8%B9**")
        # Keys are for the results now, as after loading a page, and the number found is said.
        assert await page.evaluate("() => document.activeElement.id") == "content"
        assert await page.locator("[data-said]").inner_text() == await total.inner_text() == "٤ مقالات"
        await sort.nth(1).click()
        await visitor.arrive("**sort=time**")
        assert await sort.nth(1).get_attribute("aria-current") == "true"
        assert await sort.nth(1).evaluate("(link) => document.activeElement === link")
        # Also links of what was not the first part to come have the new order.
        await page.locator("aside .facets a", has_text="almina").first.click()
        await visitor.arrive("**source=almina**")
        assert "sort=time" in page.url
        shown = await _reading(page)
        feed = await page.locator("link[rel=alternate]").get_attribute("href")
        kept = await page.locator("form.query input[type=hidden]").evaluate_all("(all) => all.map((one) => one.name)")
        switch = await page.locator(".switch").get_attribute("href")
        assert await visitor.axe() == []
        await visitor.back("**/ar/search?q=*sort=time")
        await visitor.back("**/ar/search?q=%D8%A7%D9%84%D8%B9*")
        await visitor.back("**/ar/search?q=%D8%A7%D9%84%D9%85*")
        assert await titles.all_inner_texts() == first
        assert await page.input_value("#q") == "المياه"
        await page.evaluate("() => history.go(3)")
        await visitor.arrive("**source=almina**")
        assert await _reading(page) == shown
        # From the results to an article, its story and a name, and back again at the place where the reader was.
        await page.set_viewport_size({"width": 1280, "height": 300})
        await titles.last.scroll_into_view_if_needed()
        place = await page.evaluate("() => scrollY")
        assert place > 0
        await titles.last.click()
        await visitor.arrive("**/ar/articles/*")
        assert await page.evaluate("() => scrollY") == 0
        await page.locator("[data-story]").first.click()
        await visitor.arrive("**/ar/stories/ferry-1")
        await page.locator(".names a").first.click()
        await visitor.arrive("**/ar/names/*/*")
        assert await page.locator(".timeline rect").count() > 1
        await page.evaluate("() => history.go(-3)")
        await visitor.arrive("**source=almina**")
        assert await page.evaluate("() => scrollY") == place
        assert loads == [f"{desk.base}/ar/search?q={quote('المياه')}"]
        await page.reload()
        assert await _reading(page) == shown
        assert await page.locator("link[rel=alternate]").get_attribute("href") == feed
        assert kept == await page.locator("form.query input[type=hidden]").evaluate_all(
            "(all) => all.map((a) => a.name)"
        )
        assert await page.locator(".switch").get_attribute("href") == switch


async def test_what_cannot_be_fetched_by_parts_is_loaded_whole(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/search?q=العقبة")
        await page.evaluate("() => { window.mine = 1; }")
        await page.fill("#q", "«")
        await page.route("**/ar/search?**", _refuse_fragments)
        await page.keyboard.press("Enter")
        await page.wait_for_function("() => window.mine === undefined")
        await visitor.arrive("**/ar/search?q=%C2%AB")
        assert await page.locator("#total").count() == 1
        visitor.errors.clear()


async def _reading(page: Page) -> tuple[str, str]:
    """Return what a view says, times apart, which are told as time that passed, and its title."""
    text: str = await page.locator("main").evaluate(
        """(main) => {
          const copy = main.cloneNode(true);
          for (const time of copy.querySelectorAll("time")) time.remove();
          return copy.textContent.replace(/\\s+/g, " ");
        }"""
    )
    return text, await page.title()


async def _refuse_fragments(route: Route) -> None:
    if "rasd-fragment" in route.request.headers:
        await route.abort()
    else:
        await route.continue_()


async def test_now_keeps_its_ticker_while_stories_change(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/?minutes=360")
        await page.wait_for_selector("[data-live=on]")
        await page.evaluate("() => { window.ticker = document.querySelector('[data-ticker]'); }")
        await page.locator("[data-part=growing] .choice a").nth(1).click()
        await visitor.arrive("**minutes=60**")
        assert await page.evaluate("() => window.ticker.isConnected")
        await page.locator(".story .where").first.click()
        await visitor.arrive("**place=**")
        assert not await page.evaluate("() => window.ticker.isConnected")
        await page.wait_for_selector("[data-live=on]")
        await page.keyboard.press("j")
        await page.keyboard.press("s")
        await visitor.arrive("**/ar/stories/*")
        await visitor.back("**place=**")
        await page.wait_for_selector("[data-live=on]")
        await page.mouse.move(5, 5)
        await publish(desk.settings, [ferry(8, "manara", datetime.now(UTC), "near")])
        await page.wait_for_selector("[data-items] li[data-id='ferry-8']")


async def test_pages_cover_what_an_export_does_without_any_script(desk: Desk, browser: Browser) -> None:
    query = "q=المياه"
    async with httpx.AsyncClient(base_url=desk.base) as http:
        lines = (await http.get(f"/export?{query}")).text.splitlines()
        exported = {json.loads(line)["id"] for line in lines[:-1]}
    async with visiting(browser, desk.base, java_script_enabled=False) as visitor:
        page = visitor.page
        await visitor.visit(f"/en/search?{query}&fold=false&sort=time")
        assert int(await page.locator("#total").get_attribute("data-total") or 0) == len(exported)
        feed = await page.locator("link[rel=alternate]").get_attribute("href")
        async with httpx.AsyncClient(base_url=desk.base) as http:
            assert (await http.get(str(feed))).headers["content-type"].startswith("application/rss+xml")
        seen: list[str] = []
        while True:
            links = await page.locator("[data-hit] [data-open]").all()
            seen += [((await link.get_attribute("href")) or "").split("/")[3].split("?")[0] for link in links]
            following = page.locator("a[rel=next]")
            if not await following.count():
                break
            async with page.expect_navigation(wait_until="load"):
                await following.click()
        assert sorted(seen) == sorted(exported)


async def test_an_article_shows_what_changed_in_its_text(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.base) as http:
        shown = (await http.get("/en/articles/ferry-4")).text
        assert '<a href="#changes">2 versions of the text</a>' in shown
        assert '<del class="change number">لـ500' in shown
        assert '<ins class="change number">لـ480' in shown
        assert "#changes" not in (await http.get("/en/articles/ferry-1")).text
        story = (await http.get("/en/stories/ferry-1")).text
        assert re.findall(r'href="([^"]+)">earlier versions<', story) == ["/en/articles/ferry-4#changes"]


async def test_a_period_is_chosen_on_the_timeline(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/search")
        whole = int(await page.locator("#total").get_attribute("data-total") or 0)
        box = await page.locator("[data-timeline] svg").bounding_box()
        assert box
        # Time runs from right to left in Arabic: the left end holds the latest articles.
        await page.mouse.move(box["x"] + 2, box["y"] + 20)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] / 5, box["y"] + 20, steps=4)
        await page.mouse.up()
        await visitor.arrive("**from=**")
        part = int(await page.locator("#total").get_attribute("data-total") or 0)
        assert 0 < part < whole
        titles = await page.locator(".hit h3").all_inner_texts()
        assert any("البحري" in title or "بحري" in title for title in titles)


async def test_the_ticker_shows_arrivals_and_holds_still_while_it_is_read(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/")
        items = page.locator("[data-items] li")
        before = await items.count()
        await page.wait_for_selector("[data-live=on]")
        await page.mouse.move(5, 5)
        await publish(desk.settings, [article(id="fresh-1", title="خبر وصل الآن <b>x</b>")])
        await page.wait_for_selector("[data-items] li[data-id='fresh-1']")
        assert "<b>x</b>" in await items.first.inner_text()
        # While the pointer is in it, nothing moves; the reader asks for what waits.
        await page.locator("[data-window]").hover()
        top = await items.first.inner_text()
        await publish(desk.settings, [article(id="fresh-2", title="خبر ينتظر")])
        await page.wait_for_function("() => !document.querySelector('[data-fresh]').disabled")
        assert await items.first.inner_text() == top
        assert await page.locator("[data-stale].shown").is_visible()
        await page.locator("[data-fresh]").click()
        assert "خبر ينتظر" in await items.first.inner_text()
        await page.locator("[data-pause]").click()
        await page.mouse.move(5, 5)
        await publish(desk.settings, [article(id="fresh-3", title="خبر أثناء الوقفة")])
        await page.wait_for_function("() => !document.querySelector('[data-fresh]').disabled")
        assert await items.count() == before + 2


async def test_stories_grow_by_outlets_not_by_articles(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.base) as http:
        # A long window: this test may come some minutes after the articles were composed.
        found = (await http.get("/stories", params={"minutes": 120})).json()["stories"]
        by_id = {story["id"]: story for story in found}
        ferry = by_id["ferry-1"]
        # Four articles in three outlets, of which one joined within the last quarter of the window.
        assert (ferry["articles"], ferry["outlets"], ferry["growth_window"], ferry["growth"]) == (4, 3, 3, 1)
        assert found[0]["id"] == "ferry-1"
        assert sum(ferry["series"]) == 4
        assert not ferry["breaking"]
        assert ferry["first"]["source"] == "baydar"
        none = (await http.get("/stories", params={"minutes": 60, "source": "shiraa", "q": "العقبة"})).json()
        assert none["stories"] == []
        lineage = (await http.get("/stories/ferry-1")).json()
        taken = {member["article"]["id"]: member["descent"]["origin"] for member in lineage["members"]}
        assert taken == {"ferry-1": None, "ferry-2": "ferry-1", "ferry-3": "ferry-2", "ferry-4": "ferry-3"}
        assert (await http.get("/stories/none")).status_code == 404
        wrong = await http.get("/stories/ferry-1/differences", params={"earlier": "ferry-1", "later": "single-1"})
        assert wrong.status_code == 404


async def test_the_map_shows_where_stories_are(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/map?q=العقبة")
        await page.wait_for_selector("[data-map][data-state=ready] .cluster")
        await page.locator(".cluster").first.press("Enter")
        await page.wait_for_selector("[data-map-panel] li a")
        assert "بحري" in await page.locator("[data-map-panel] li a").first.inner_text()
        await page.locator("[data-map-panel] a.button").click()
        await page.wait_for_url("**/ar/search?*bbox=*")
        assert await page.locator("#total").get_attribute("data-total") == "4"


async def test_a_map_that_gets_no_answer_can_still_be_moved(desk: Desk, browser: Browser) -> None:
    async with visiting(browser, desk.base) as visitor:
        for address in ("**/map?*", "**/outlines*"):
            await visitor.page.route(address, lambda route: route.abort())
        await visitor.visit("/ar/map")
        await visitor.page.wait_for_selector("[data-map][data-state=away]")
        await visitor.page.unroute("**/map?*")
        await visitor.page.locator("[data-map]").press("-")
        await visitor.page.wait_for_selector("[data-map][data-state=ready] .cluster")
        # The browser tells of each request that failed; the page itself raises nothing.
        assert all(error.startswith("Failed to load resource") for error in visitor.errors)
        visitor.errors.clear()


async def test_a_comparison_is_normalised_and_can_be_taken_away(desk: Desk, browser: Browser) -> None:
    async with httpx.AsyncClient(base_url=desk.base) as http:
        query = {"q": "المياه", "other": "العقبة"}
        rows = list(csv.DictReader((await http.get("/ar/compare.csv", params=query)).text.splitlines()))
        counted = (await http.get("/search", params={"q": "المياه", "size": 1})).json()["total"]
        assert sum(int(row["articles_1"]) for row in rows) == counted
        assert sum(int(row["articles_2"]) for row in rows) == 4
        shares = [
            (float(row["share_1"]), int(row["articles_1"]) / int(row["delivered"])) for row in rows if row["share_1"]
        ]
        assert shares
        assert all(written == pytest.approx(counted, abs=1e-6) for written, counted in shares)
        picture = await http.get("/ar/compare.svg", params=query)
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "attachment" in picture.headers["content-disposition"]
        ElementTree.fromstring(picture.text)  # noqa: S314  (our own)
    async with visiting(browser, desk.base) as visitor:
        await visitor.visit("/ar/compare?q=المياه&other=العقبة")
        async with visitor.page.expect_download() as taken:
            await visitor.page.locator("[data-png]").click()
        assert (await taken.value).suggested_filename == "compare.png"


async def test_standing_searches_are_shown_with_what_they_match(desk: Desk, browser: Browser) -> None:
    async with httpx.AsyncClient(base_url=desk.base) as http:
        saved = await http.post(
            "/alerts", json={"name": "<i>الميناء</i>", "filters": {"q": "العقبة", "source": ["almina"]}}
        )
        assert saved.status_code == 201
    async with visiting(browser, desk.base) as visitor:
        page = visitor.page
        await visitor.visit("/ar/alerts")
        assert await page.locator("tbody th a").first.inner_text() == "<i>الميناء</i>"
        await page.locator("tbody small a").click()
        await visitor.arrive("**/ar/search?*")
        assert await page.locator("#total").get_attribute("data-total") == "2"
        await page.locator("a[href*='/rehearse']").click()
        await visitor.arrive("**/ar/rehearse?*")
        assert await page.locator(".figures dd").nth(3).inner_text() == "٢"
        await visitor.visit("/ar/alerts")
        await page.locator("tbody th a").first.click()
        await visitor.arrive("**/ar/alerts/*")
        assert await page.locator("h1").inner_text() == "<i>الميناء</i>"


async def test_the_forms_of_a_name_are_told_apart_and_counted_together(desk: Desk, browser: Browser) -> None:
    async with httpx.AsyncClient(base_url=desk.base) as http:
        found = (await http.get("/names/variants", params={"name": "السيد زياد الكسواني"})).json()["variants"]
        assert found == [{"name": "زياد الكسواني", "articles": 3}, {"name": "السيد زياد الكسواني", "articles": 1}]
    async with visiting(browser, desk.base) as visitor:
        await visitor.visit("/ar/names/person/زياد الكسواني")
        listed = visitor.page.locator("aside li", has_text="السيد زياد الكسواني")
        assert await listed.locator(".count").inner_text() == "١"


async def test_the_pipeline_is_shown_as_it_runs(desk: Desk, browser: Browser) -> None:
    await publish(desk.settings, [article(id="waits-1"), article(id="waits-2")])
    async with httpx.AsyncClient(base_url=desk.base) as http:

        async def known() -> bool:
            answer = await http.get("/pipeline")
            return answer.status_code == 200 and _stage(answer, "index")["waiting"] >= 2

        await until(known)
        stages = (await http.get("/pipeline")).json()["stages"]
        assert [stage["stage"] for stage in stages[:3]] == ["clean", "fingerprint", "dedupe"]
        assert stages[2]["writes"] == ["articles.clustered", "articles.moves"]
        assert (stages[0]["waiting"], stages[0]["oldest_seconds"]) == (0, None)
        assert _stage(await http.get("/pipeline"), "index")["oldest_seconds"] > 0
    async with visiting(browser, desk.base) as visitor:
        await visitor.visit("/ar/pipeline")
        last = visitor.page.locator(".flow > li", has_text="articles.enriched").last
        assert await last.locator("h2").inner_text() == "index"


def _stage(answer: httpx.Response, stage: str) -> dict[str, Any]:
    return next(one for one in answer.json()["stages"] if one["stage"] == stage)


async def test_the_page_of_an_article_is_shown_as_it_arrived(desk: Desk, browser: Browser) -> None:
    url = "https://almina.example.com/raw/1"
    page = "<html><body><script>window.hacked = 1</script><p>نص الصفحة كما وصلت.</p></body></html>"
    other, value = (RawArticle(url=one, source="almina", content=page).to_json() for one in (f"{url}0", url))
    async with AIOKafkaProducer(**client_options(desk.settings)) as producer:
        raw = topic_name(Topic.RAW, desk.settings)
        # In one batch, so that both have the same time.
        batch = producer.create_batch()
        for given in (other, value):
            batch.append(key=url.encode(), value=given, timestamp=None)
        sent = await (await producer.send_batch(batch, raw, partition=1))
        for key in (url, f"{url}0"):
            headers = failure_headers("clean", Rejected(Reason.NO_ARTICLE, f"nothing in {key}"), Origin(raw, 1, 0))
            await producer.send_and_wait(topic_name(Topic.DLQ, desk.settings), value, key=key.encode(), headers=headers)
    arrived = datetime.fromtimestamp(sent.timestamp / 1000, UTC)
    client = make_client(desk.settings)
    kept = article(id="raw/1", url=url, title="خبر صفحته محفوظة", ingested_at=arrived.isoformat())
    gone = article(id="raw-2", url=url, ingested_at=(arrived - timedelta(days=8)).isoformat())
    await store(desk.settings, client, [kept, gone])
    await client.close()
    async with httpx.AsyncClient(base_url=desk.base) as http:
        answer = await http.get("/articles/raw-2/raw")
        assert (answer.status_code, "no longer has" in answer.json()["detail"]) == (404, True)
        letters = (await http.get("/articles/raw-2/dead-letters")).json()
        assert [one["message"] for one in letters["letters"]] == [f"nothing in {url}"]
        assert letters["complete"]
        assert (await http.get("/articles/none/raw")).status_code == 404
        answer = await http.get("/articles/raw/1/raw")
        assert answer.content == value
        assert answer.headers["rasd-raw-position"] == f"1:{sent.offset + 1}"
    async with visiting(browser, desk.base) as visitor:
        await visitor.visit("/ar/articles/raw/1")
        await visitor.page.locator(".trace summary").click()
        await visitor.page.locator(".trace a[href*='/raw/']").click()
        await visitor.arrive("**/ar/raw/raw/1")
        assert await visitor.page.locator("pre").inner_text() == page
        assert await visitor.page.locator("tbody tr").count() == 1
        assert await visitor.axe() == []
        await visitor.visit("/en/raw/raw-2")
        assert await visitor.page.locator(".empty").count() == 1
