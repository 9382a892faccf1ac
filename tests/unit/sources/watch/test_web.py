"""Polite requests: robots.txt, pace, limits, redirects."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from aiohttp import web as http

from deploy.demo.fake_web import FakeSite, Handler, fake_site
from streams.settings import Settings
from streams.sources.watch.web import Fault, FetchError, open_web, user_agent

SETTINGS = Settings(_env_file=None).model_copy(
    update={
        "watch_allow": ("127.0.0.1/32",),
        "watch_host_delay": 0.0,
        "watch_timeout": 5.0,
        "max_content_bytes": 100_000,
    }
)


@pytest.fixture
async def site() -> AsyncIterator[FakeSite]:
    async with fake_site() as site:
        yield site


def reply(status: int = 200, body: bytes = b"", **headers: str) -> Handler:
    async def answer(_: http.Request) -> http.StreamResponse:
        return http.Response(status=status, body=body, headers={n.replace("_", "-"): v for n, v in headers.items()})

    return answer


async def fault_of(url: str, settings: Settings = SETTINGS) -> FetchError:
    async with open_web(settings) as web:
        with pytest.raises(FetchError) as caught:
            await web.get(url)
    return caught.value


async def test_one_agent_says_who_asks(site: FakeSite) -> None:
    seen: list[str] = []

    async def answer(request: http.Request) -> http.StreamResponse:
        seen.append(request.headers["User-Agent"])
        return http.Response(text="ok")

    site.answers["/x"] = answer
    named = SETTINGS.model_copy(update={"watch_contact": "https://desk.example/bot"})
    async with open_web(named) as web:
        assert (await web.get(f"{site.address}/x")).body == b"ok"
    assert seen == [user_agent(named)]
    assert seen[0].startswith("Rasd/")
    assert seen[0].endswith("(+https://desk.example/bot)")


async def test_robots_are_read_once_and_observed(site: FakeSite) -> None:
    site.robots = "User-agent: *\nDisallow: /private/\nCrawl-delay: 0\n\nUser-agent: rasd\nDisallow: /news/\n"
    site.publish(1)
    async with open_web(SETTINGS) as web:
        with pytest.raises(FetchError) as caught:
            await web.get(f"{site.address}/news/20260001")
        assert caught.value.kind is Fault.ROBOTS
        assert (await web.get(f"{site.address}/")).status == 200
    assert site.requests == {"/robots.txt": 1, "/": 1}


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False)])
async def test_a_robots_txt_that_is_missing_allows_and_one_that_fails_forbids(
    site: FakeSite, status: int, allowed: bool
) -> None:
    site.answers["/robots.txt"] = reply(status)
    if allowed:
        async with open_web(SETTINGS) as web:
            assert (await web.get(f"{site.address}/")).status == 200
    else:
        assert (await fault_of(f"{site.address}/")).kind is Fault.SERVER
        assert site.requests["/"] == 0


async def test_a_host_gets_one_request_at_a_time_with_a_pause(site: FakeSite) -> None:
    for number in range(5):
        site.publish(number)
    async with open_web(SETTINGS.model_copy(update={"watch_host_delay": 0.05})) as web:
        await asyncio.gather(*(web.get(f"{site.address}{path}") for path in site.articles))
    assert site.most_at_once == 1
    moments = [moment for moment, _ in site.times]
    # 5 ms for the clock's grain and the way to the server.
    assert min(after - before for before, after in pairwise(moments)) > 0.045


async def test_the_crawl_delay_of_robots_txt_is_the_pause(site: FakeSite) -> None:
    site.robots = "User-agent: *\nCrawl-delay: 0.1\n"
    async with open_web(SETTINGS) as web:
        await web.get(f"{site.address}/")
        await web.get(f"{site.address}/rss.xml")
    moments = {path: moment for moment, path in site.times}
    assert moments["/rss.xml"] - moments["/"] > 0.09


async def test_validators_get_a_304(site: FakeSite) -> None:
    site.publish(1)
    async with open_web(SETTINGS) as web:
        first = await web.get(f"{site.address}/rss.xml")
        again = await web.get(f"{site.address}/rss.xml", etag=first.headers["ETag"])
    assert (first.status, again.status, again.body) == (200, 304, b"")


async def test_redirects_are_followed_and_permanent_ones_remembered(site: FakeSite) -> None:
    site.answers["/old"] = reply(301, Location="/moved")
    site.answers["/moved"] = reply(308, Location="/rss.xml")
    site.answers["/today"] = reply(302, Location="/rss.xml")
    async with open_web(SETTINGS) as web:
        for good in ("/old", "/today"):
            assert (await web.get(f"{site.address}{good}")).url == f"{site.address}/rss.xml"
        assert (await web.get(f"{site.address}/old")).moved_to == f"{site.address}/rss.xml"
        assert (await web.get(f"{site.address}/today")).moved_to is None
    site.answers["/round"] = reply(302, Location="/round")
    assert (await fault_of(f"{site.address}/round")).kind is Fault.REDIRECTS
    site.answers["/nowhere"] = reply(302)
    assert (await fault_of(f"{site.address}/nowhere")).kind is Fault.REDIRECTS


@pytest.mark.parametrize("target", ["http://127.0.0.2/", "http://10.0.0.1/", "file:///etc/passwd"])
async def test_a_redirect_to_an_inner_address_is_refused(site: FakeSite, target: str) -> None:
    site.answers["/out"] = reply(302, Location=target)
    settings = SETTINGS.model_copy(
        update={"watch_allow": (site.address.removeprefix("http://").split(":")[0] + "/32",)}
    )
    fault = await fault_of(f"{site.address}/out", settings)
    assert fault.kind is Fault.ADDRESS


async def test_a_name_of_this_machine_is_refused_by_default(site: FakeSite) -> None:
    port = site.address.rsplit(":", 1)[1]
    strict = SETTINGS.model_copy(update={"watch_allow": ()})
    for host in ("localhost", "127.0.0.1", "[::1]", "2130706433"):
        fault = await fault_of(f"http://{host}:{port}/", strict)
        assert fault.kind is Fault.ADDRESS, host
    assert not site.requests


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Fault.MISSING),
        (401, Fault.BLOCKED),
        (403, Fault.BLOCKED),
        (404, Fault.MISSING),
        (410, Fault.GONE),
        (429, Fault.BLOCKED),
        (500, Fault.SERVER),
        (503, Fault.SERVER),
    ],
)
async def test_statuses(site: FakeSite, status: int, kind: Fault) -> None:
    site.answers["/x"] = reply(status, Retry_After="120")
    fault = await fault_of(f"{site.address}/x")
    assert fault.kind is kind
    assert fault.wait == (None if status == 410 else timedelta(minutes=2))
    assert str(status) in str(fault)


async def test_a_challenge_for_browsers_is_no_answer(site: FakeSite) -> None:
    site.answers["/x"] = reply(200, b"<html>...", **{"cf-mitigated": "challenge"})
    assert (await fault_of(f"{site.address}/x")).kind is Fault.BLOCKED


async def test_limits_of_size_hold_for_what_is_unpacked(site: FakeSite) -> None:
    site.answers["/bomb"] = reply(200, gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")
    site.answers["/large"] = reply(200, bytes(200_000))
    for path in ("/bomb", "/large"):
        assert (await fault_of(f"{site.address}{path}")).kind is Fault.TOO_LARGE


async def test_a_server_that_never_ends_runs_into_the_timeout(site: FakeSite) -> None:
    ended = asyncio.Event()

    async def answer(request: http.Request) -> http.StreamResponse:
        response = http.StreamResponse()
        await response.prepare(request)
        await response.write(b"<rss>")
        await ended.wait()
        return response

    site.answers["/slow"] = answer
    fault = await fault_of(f"{site.address}/slow", SETTINGS.model_copy(update={"watch_timeout": 0.2}))
    ended.set()
    assert fault.kind is Fault.TIMEOUT


async def test_an_answer_that_breaks_off_is_a_fault(site: FakeSite) -> None:
    async def answer(request: http.Request) -> http.StreamResponse:
        response = http.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<rss>")
        assert request.transport is not None
        request.transport.close()
        return response

    site.answers["/cut"] = answer
    assert (await fault_of(f"{site.address}/cut")).kind is Fault.NETWORK
