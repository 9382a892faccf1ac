"""Rates and numbers of operations, by client."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from streams.api.limits import REMEMBERED, ConcurrencyLimit, RateLimit, TooManyRequests, client_of
from streams.errors import Retryable


class _Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_client_has_its_rate_and_saves_up_a_minute_of_it() -> None:
    clock, refused = _Time(), [0]

    def count() -> None:
        refused[0] += 1

    rate = RateLimit(60, count, clock)
    for _ in range(60):
        rate.take("a")
    with pytest.raises(TooManyRequests, match="60 requests a minute") as error:
        rate.take("a")
    assert (error.value.seconds, refused) == (1, [1])
    rate.take("b")
    clock.now += 1
    rate.take("a")
    with pytest.raises(TooManyRequests):
        rate.take("a")
    clock.now += 3600  # no more than a minute's worth is saved
    for _ in range(60):
        rate.take("a")
    with pytest.raises(TooManyRequests):
        rate.take("a")


def test_a_slow_rate_names_the_seconds_to_wait() -> None:
    rate = RateLimit(2, lambda: None, _Time())
    rate.take("a")
    rate.take("a")
    with pytest.raises(TooManyRequests) as error:
        rate.take("a")
    assert error.value.seconds == 30


def test_no_rate_is_no_limit() -> None:
    rate = RateLimit(0, lambda: None, _Time())
    for _ in range(1000):
        rate.take("a")


def test_a_flood_of_addresses_takes_bounded_memory_and_leaves_the_busy_ones_known() -> None:
    clock = _Time()
    rate = RateLimit(2, lambda: None, clock)
    for number in range(3 * REMEMBERED):
        rate.take(f"address {number}")
        if number % 1000 == 0:
            try:
                rate.take("busy")
            except TooManyRequests:
                continue
    assert len(rate._buckets) == REMEMBERED
    with pytest.raises(TooManyRequests):
        rate.take("busy")


def test_one_client_leaves_room_for_the_others() -> None:
    refused: list[int] = []
    limit = ConcurrencyLimit(3, "exports are running", lambda: refused.append(1), each=2)
    with ExitStack() as held:
        held.enter_context(limit.slot("a"))
        held.enter_context(limit.slot("a"))
        with pytest.raises(TooManyRequests, match="2 exports are running for you"), limit.slot("a"):
            pass
        held.enter_context(limit.slot("b"))
        with pytest.raises(Retryable, match="3 exports are running"), limit.slot("c"):
            pass
        assert len(refused) == 2
    with limit.slot("a"), limit.slot("a"):
        pass
    assert limit._held == {}


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "address 192.0.2.7"),
        ("::ffff:192.0.2.7", "address 192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address 2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address fe80::/64"),
        ("", "address unknown"),
        (None, "address unknown"),
        ("testclient", "address unknown"),
    ],
)
def test_a_client_is_its_address_or_its_ipv6_network(address: str | None, client: str) -> None:
    assert client_of(address) == client
