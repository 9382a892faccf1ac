"""API keys: made, read, asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl

from streams.api.app import create_api
from streams.api.keys import Scope, check_exposed, holder, is_loopback, make_key, read_keys, redact
from streams.errors import OperatorError
from streams.settings import Settings
from tests.support.articles import raw_record
from tests.support.processes import free_port, rasd
from tests.support.serving import in_process


def _settings(**values: Any) -> Settings:
    return Settings(
        _env_file=None,
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_connect_timeout=1,
        elasticsearch_url=HttpUrl(f"http://127.0.0.1:{free_port()}"),
        **values,
    )


def test_a_key_is_known_again_by_its_entry_alone() -> None:
    secret, key = make_key("newsroom", [Scope.EXPORT])
    other, _ = make_key("newsroom", [Scope.EXPORT])
    assert secret != other
    assert secret not in key.entry()
    (read,) = read_keys(_settings(api_keys=key.entry()))
    assert read == key
    assert holder([read], secret) == key
    assert holder([read], other) is None
    assert holder([read], key.digest) is None
    assert holder([], secret) is None


def test_keys_of_settings_and_file_count_together(tmp_path: Path) -> None:
    entries = [make_key(name, Scope)[1].entry() for name in ("a", "b", "c")]
    path = tmp_path / "keys"
    path.write_text(f"# keys\n\n{entries[1]}\n  {entries[2]}\n", encoding="utf-8")
    keys = read_keys(_settings(api_keys=f"{entries[0]}", api_keys_file=path))
    assert [key.name for key in keys] == ["a", "b", "c"]


def test_bad_entries_are_named_without_being_shown(tmp_path: Path) -> None:
    secret, key = make_key("a", Scope)
    for bad in (secret, "a:export:" + secret, "a:all:" + "0" * 64, "a:export:" + "0" * 63, f"{key.entry()} x"):
        with pytest.raises(OperatorError, match="RASD_API_KEYS, entry 2") as caught:
            read_keys(_settings(api_keys=[key.entry(), bad]))
        assert secret not in str(caught.value)
        assert caught.value.status == 2
    with pytest.raises(OperatorError, match="a key itself, not its hash"):
        read_keys(_settings(api_keys=[secret]))
    with pytest.raises(OperatorError, match="two API keys are named a"):
        read_keys(_settings(api_keys=[key.entry(), key.entry()]))
    with pytest.raises(OperatorError, match="No such file"):
        read_keys(_settings(api_keys_file=tmp_path / "none"))
    (tmp_path / "bad").write_bytes(b"# ok\nhello\n")
    with pytest.raises(OperatorError, match="bad, line 2 is not an API key entry"):
        read_keys(_settings(api_keys_file=tmp_path / "bad"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OperatorError, match="not UTF-8"):
        read_keys(_settings(api_keys_file=tmp_path / "binary"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    check_exposed(host, (), _settings())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "2001:db8::1", "name.invalid"])  # noqa: S104
def test_every_other_address_needs_one(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(OperatorError, match="requires API keys"):
        check_exposed(host, (), _settings())
    check_exposed(host, (make_key("a", Scope)[1],), _settings())
    check_exposed(host, (), _settings(api_open=True))


def test_serve_refuses_in_one_line_to_listen_without_keys() -> None:
    done = rasd("serve", "--host", "0.0.0.0", "--port", "0", settings=_settings())  # noqa: S104
    assert done.returncode == 2
    said = " ".join(done.stderr.decode().split())
    assert said.startswith(
        "rasd: listening on 0.0.0.0 requires API keys, and there are none → create one with rasd api-key new"
    )
    assert "Traceback" not in said


def test_the_command_makes_keys_that_work(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    done = rasd("api-key", "new", "--name", "newsroom", "--scope", "export", "--file", str(path), settings=_settings())
    assert done.returncode == 0, done.stderr
    secret = done.stdout.decode().strip()
    (key,) = read_keys(_settings(api_keys_file=path))
    assert holder([key], secret) == key
    assert (key.name, key.scopes) == ("newsroom", frozenset({Scope.EXPORT}))
    assert path.stat().st_mode & 0o077 == 0
    again = rasd("api-key", "new", "--name", "newsroom", "--file", str(path), settings=_settings())
    assert (again.returncode, again.stdout) == (2, b"")
    assert b"already" in again.stderr
    for bad in (["--name", "a:b"], ["--name", "a", "--scope", "all"], ["--name", ""], []):
        assert rasd("api-key", "new", *bad, settings=_settings()).returncode == 2


async def test_intake_and_exports_ask_for_keys_of_their_scope_and_searches_for_none() -> None:
    (intake, one), (export, two) = make_key("scraper", [Scope.INTAKE]), make_key("newsroom", [Scope.EXPORT])
    async with in_process(create_api(_settings(api_keys=[one.entry(), two.entry()]))) as http:

        async def post(headers: Mapping[str, str] | Mapping[bytes, bytes]) -> httpx.Response:
            return await http.post("/articles", json=raw_record(), headers=headers)

        async def get(headers: Mapping[str, str] | Mapping[bytes, bytes]) -> httpx.Response:
            return await http.get("/export", headers=headers)

        for ask in (post, get):
            missing = await ask({})
            assert missing.status_code == 401
            assert missing.headers["content-type"] == "application/problem+json"
            assert missing.headers["www-authenticate"] == 'Bearer realm="rasd"'
            for wrong in (intake[:-1].encode(), b"17-18", one.digest.encode(), one.entry().encode(), b"\xc3\xa9"):
                answer = await ask({b"Authorization": b"Bearer " + wrong})
                assert answer.status_code == 401
                assert wrong not in answer.content
            assert (await ask({"Authorization": f"Basic {intake}"})).status_code == 401
        # 503: they are let in, and find no server.
        assert (await post({"Authorization": f"Bearer {intake}"})).status_code == 503
        assert (await post({"X-API-Key": intake})).status_code == 503
        assert (await get({"X-API-Key": export})).status_code == 503
        refused = await get({"X-API-Key": intake})
        assert (refused.status_code, refused.json()["detail"]) == (403, "the API key scraper lacks the scope export")
        assert (await post({"X-API-Key": export})).status_code == 403
        assert (await http.get("/search")).status_code == 503
        schemes = (await http.get("/openapi.json")).json()["components"]["securitySchemes"]
        assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}


async def test_without_keys_everything_is_open() -> None:
    async with in_process(create_api(_settings())) as http:
        assert (await http.get("/export")).status_code == 503


def test_no_token_of_an_address_is_logged() -> None:
    secret = "Ab-_" * 8
    assert redact(f"/feeds/0123456789ab.{secret}.atom") == "/feeds/…"
    assert redact("/alerts/unsubscribe/0123456789ab.digest.signature") == "/alerts/unsubscribe/…"
    assert redact("cannot fetch https://almina.example.com/feeds/rss.xml") == (
        "cannot fetch https://almina.example.com/feeds/rss.xml"
    )
