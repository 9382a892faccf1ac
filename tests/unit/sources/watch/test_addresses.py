"""Which addresses may be requested."""

from __future__ import annotations

import socket

import pytest

from streams.sources.watch.addresses import AddressGuard, AddressRefused, GuardedResolver


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/feed",
        "http://127.1/feed",
        "http://2130706433/feed",
        "http://0x7f000001/feed",
        "http://0177.0.0.1/feed",
        "http://0.0.0.0/",
        "http://10.1.2.3/feed",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://[::1]/feed",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[fec0::1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[5f00::1]/",
        "file:///etc/passwd",
        "ftp://example.com/feed",
        "http:///feed",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        AddressGuard().check(url)


@pytest.mark.parametrize("url", ["https://example.com/rss", "http://93.184.215.14/", "http://[2606:2800:21f::1]/"])
def test_public_addresses_are_allowed(url: str) -> None:
    AddressGuard().check(url)


def test_a_setting_allows_a_network_and_no_other() -> None:
    guard = AddressGuard(["10.1.0.0/16", "::1"])
    guard.check("http://10.1.2.3/")
    guard.check("http://[::1]/")
    with pytest.raises(AddressRefused, match=r"10\.2\.0\.1"):
        guard.check("http://10.2.0.1/")


async def test_a_name_that_resolves_to_this_machine_is_refused() -> None:
    resolver = GuardedResolver(AddressGuard())
    with pytest.raises(AddressRefused, match="localhost"):
        await resolver.resolve("localhost", 80, socket.AF_INET)
    allowing = GuardedResolver(AddressGuard(["127.0.0.0/8"]))
    assert [found["host"] for found in await allowing.resolve("localhost", 80, socket.AF_INET)] == ["127.0.0.1"]
