"""What is refused before a route sees it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import HttpUrl
from structlog.testing import capture_logs

from streams.api.app import create_api
from streams.api.connection import HEAD_BYTES
from streams.api.gate import allowed_hosts, is_allowed_host
from streams.api.keys import Scope, make_key
from streams.settings import Settings
from tests.support.processes import free_port
from tests.support.serving import in_process


def _settings(**values: Any) -> Settings:
    return Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        **values,
    )


def _detail(answer: httpx.Response, status: int) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    return str(answer.json()["detail"])


SERVED = ["localhost", "LOCALHOST:28000", "rasd.localhost", "localhost.", "127.0.0.1:1", "[::1]:80", "192.0.2.7",
          "rasd.example.com:443", "a.b.example.org"]  # fmt: skip
NOT_SERVED = ["", "evil.example.com", "example.org", "localhost.evil.example.com", "rasd.example.com@evil", "a/b",
              "localhost#@evil", "127.0.0.1.evil.example.com", "[::1", "x:y", "a b"]  # fmt: skip


@pytest.mark.parametrize("host", SERVED)
def test_names_that_are_served(host: str) -> None:
    assert is_allowed_host(host, ("rasd.example.com", "*.example.org"))


@pytest.mark.parametrize("host", NOT_SERVED)
def test_names_that_are_not(host: str) -> None:
    assert not is_allowed_host(host, ("rasd.example.com", "*.example.org"))


def test_beyond_loopback_the_operator_names_the_hosts() -> None:
    assert allowed_hosts(_settings()) == ("127.0.0.1",)
    assert allowed_hosts(_settings(api_host="0.0.0.0")) is None  # noqa: S104
    assert allowed_hosts(_settings(api_host="0.0.0.0", api_hosts="Rasd.example.com.")) == ("rasd.example.com",)  # noqa: S104
    assert allowed_hosts(_settings(api_hosts="a.example.com,*")) is None


async def test_a_web_page_whose_name_is_rebound_to_this_machine_reads_nothing() -> None:
    async with in_process(create_api(_settings())) as http:
        for path in ("/search", "/livez", "/metrics", "/openapi.json", "/docs"):
            refusal = _detail(await http.get(path, headers={"Host": "evil.example.com"}), 421)
            assert "RASD_API_HOSTS" in refusal
        assert (await http.get("/livez", headers={"Host": "127.0.0.1:28000"})).status_code == 200


async def test_a_body_whose_length_can_be_read_in_two_ways_is_refused() -> None:
    async with in_process(create_api(_settings())) as http:
        both = {"Transfer-Encoding": "chunked", "Content-Length": "2", "Content-Type": "application/json"}
        answer = await http.post("/articles", content=b"{}", headers=both)
        assert "both" in _detail(answer, 400)
        assert answer.headers["connection"] == "close"
        hidden = await http.request("GET", "/livez", content=b"GET /metrics HTTP/1.1")
        assert "no body" in _detail(hidden, 400)
        for method in ("DELETE", "PUT", "TRACE"):
            _detail(await http.request(method, "/livez", content=b"x"), 405)
        assert (await http.request("GET", "/livez", headers={"Content-Length": "0"})).status_code == 200


async def test_heads_are_limited_also_when_they_arrive_at_once() -> None:
    async with in_process(create_api(_settings())) as http:
        assert "head" in _detail(await http.get("/livez", headers={"X-Long": "a" * HEAD_BYTES}), 431)
        # A long search is within it.
        most = {"q": "ا" * 500} | {name: ["ا" * 200] * 20 for name in ("place", "person")}
        assert (await http.get("/search", params=most)).status_code == 503


async def test_a_key_in_a_url_is_refused_and_never_repeated() -> None:
    secret, key = make_key("newsroom", [Scope.EXPORT])
    async with in_process(create_api(_settings(api_keys=key.entry()))) as http:
        for path in (
            f"/export?api_key={secret}", f"/livez?X-API-Key={secret}", f"/metrics?access_token={secret}",
            f"/search?q={secret}", f"/articles/{secret}", f"/articles/{secret.replace('_', '%5F', 1)}",
            "/livez?token=a", "/livez?Api%2Dkey=a",
        ):  # fmt: skip
            answer = await http.get(path)
            assert "X-API-Key" in _detail(answer, 400)
            assert secret[8:] not in answer.text
        # Words that only look alike are text to search for.
        assert (await http.get("/search", params={"q": "api_key=rasd_ &token=x"})).status_code == 503


async def test_requests_beyond_the_rate_are_told_when_to_come_back() -> None:
    secret, key = make_key("newsroom", [Scope.EXPORT])
    settings = _settings(api_rate=3, api_key_rate=5, api_keys=key.entry(), api_origins="https://a.example.com")
    async with in_process(create_api(settings)) as http:

        async def statuses(count: int, headers: dict[str, str]) -> list[int]:
            return [(await http.get("/openapi.json", headers=headers)).status_code for _ in range(count)]

        assert await statuses(4, {}) == [200, 200, 200, 429]
        answer = await http.get("/openapi.json", headers={"Origin": "https://a.example.com"})
        assert "3 requests a minute" in _detail(answer, 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert answer.headers["access-control-allow-origin"] == "https://a.example.com"
        # A key has a rate of its own; a wrong one has that of its address, so keys cannot be tried out.
        assert await statuses(6, {"X-API-Key": secret}) == [200] * 5 + [429]
        assert await statuses(1, {"Authorization": f"Bearer {secret}"}) == [429]
        assert await statuses(1, {"X-API-Key": secret[:-1]}) == [429]
        # Health checks are answered all the same, and refusals are counted.
        assert (await http.get("/livez")).status_code == 200
        registry = http._transport.app.state.rasd.metrics.registry  # type: ignore[attr-defined]
        assert registry.get_sample_value("rasd_api_limited_total", {"limit": "rate"}) == 3
        assert registry.get_sample_value("rasd_api_limited_total", {"limit": "key_rate"}) == 2
        assert registry.get_sample_value("rasd_api_requests_total", {"route": "none", "status": "429"}) == 5


async def test_what_fails_is_a_problem_with_all_headers_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    api = create_api(_settings(api_origins="https://a.example.com"))
    async with in_process(api) as http:

        def fail(*_: Any) -> None:
            raise ZeroDivisionError("secret of the inside")

        monkeypatch.setattr(api.state.rasd.searcher, "search", fail)
        with capture_logs() as logs:
            answer = await http.get("/search", headers={"Origin": "https://a.example.com"})
        assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["a request failed"]
        assert "inside" not in _detail(answer, 500)
        assert answer.headers["access-control-allow-origin"] == "https://a.example.com"
        registry = api.state.rasd.metrics.registry
        assert registry.get_sample_value("rasd_api_requests_total", {"route": "/search", "status": "500"}) == 1
        wanted = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "GET"}
        _detail(await http.options("/search", headers=wanted), 400)


async def test_answers_run_nothing_in_a_browser() -> None:
    async with in_process(create_api(_settings())) as http:
        for path in ("/livez", "/search", "/nothing", "/metrics", "/openapi.json"):
            headers = (await http.get(path)).headers
            assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
            assert headers["x-frame-options"] == "DENY"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert not headers["content-type"].startswith("text/html")
        for path in ("/docs", "/redoc"):
            policy = (await http.get(path)).headers["content-security-policy"]
            assert "script-src 'self' 'unsafe-inline'" in policy
            assert "http" not in policy
        script = "<script>alert(1)</script>"
        for path in (f"/articles/{script}", f"/search?q={script * 30}", f"/search?{script}=1", f"/{script}"):
            answer = await http.get(path)
            assert answer.status_code >= 400
            assert answer.headers["content-type"] == "application/problem+json"


async def test_paths_lead_to_no_file() -> None:
    async with in_process(create_api(_settings())) as http:
        for path in ("/static-offline-docs/../pyproject.toml", "/static-offline-docs/%2e%2e/%2e%2e/etc/passwd",
                     "/static-offline-docs/..%2f..%2f..%2f..%2fetc/passwd", "/static-offline-docs//etc/passwd",
                     "/static-offline-docs/..%5c..%5cetc", "/static-offline-docs/%00", "//etc/passwd"):  # fmt: skip
            assert (await http.get(path)).status_code == 404
