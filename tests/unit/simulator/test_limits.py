from __future__ import annotations

from virtuoso_desktop.simulator.limits import INSTRUMENTS, RateLimiter, RateLimits


class Seconds:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_eleventh_request_of_a_rolling_second_is_refused_until_the_first_is_forgotten() -> None:
    seconds = Seconds()
    limiter = RateLimiter(RateLimits(), seconds)
    for at in range(10):
        allowance = limiter.admit("a", "/kline")
        assert not allowance.exceeded
        assert (allowance.limit, allowance.remaining, allowance.reset_in_s) == (10, 9 - at, 0.0)
        seconds.now_s += 0.05
    refused = limiter.admit("a", "/kline")
    assert refused.exceeded
    assert refused.remaining == 0
    assert abs(refused.reset_in_s - 0.45) < 1e-9
    seconds.now_s += refused.reset_in_s
    assert not limiter.admit("a", "/kline").exceeded


def test_endpoints_and_addresses_are_counted_apart() -> None:
    limiter = RateLimiter(RateLimits(endpoint_requests=1), Seconds())
    assert not limiter.admit("a", "/kline").exceeded
    assert limiter.admit("a", "/kline").exceeded
    assert not limiter.admit("a", "/time").exceeded
    assert not limiter.admit("b", "/kline").exceeded


def test_an_address_above_600_requests_in_5_s_is_banned_for_ten_minutes() -> None:
    seconds = Seconds()
    limiter = RateLimiter(RateLimits(), seconds)
    for at in range(600):
        assert not limiter.admit("a", f"/{at}").banned
    assert limiter.admit("a", "/more").banned
    assert not limiter.admit("b", "/more").banned
    seconds.now_s += 599.9
    assert limiter.admit("a", "/more").banned
    seconds.now_s += 0.2
    assert not limiter.admit("a", "/more").banned


def test_600_requests_spread_over_more_than_5_s_are_served() -> None:
    seconds = Seconds()
    limiter = RateLimiter(RateLimits(), seconds)
    for at in range(1_800):
        assert not limiter.admit("a", f"/{at}").banned
        seconds.now_s += 5 / 599


def test_clients_paced_at_ten_a_second_are_served_with_some_jitter() -> None:
    seconds = Seconds()
    limiter = RateLimiter(RateLimits(), seconds)
    for at in range(100):
        assert not limiter.admit("a", "/kline").exceeded
        seconds.now_s += 0.098 if at % 2 else 0.1


def test_the_list_of_instruments_is_served_twenty_times() -> None:
    limiter = RateLimiter(RateLimits(), Seconds())
    answers = [limiter.admit("a", INSTRUMENTS) for _ in range(21)]
    assert [answer.exceeded for answer in answers] == [False] * 20 + [True]
    assert {answer.limit for answer in answers} == {20}
