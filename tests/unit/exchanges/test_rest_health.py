"""The breaker, bans and blocks, by a clock of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.exchanges.rest_health import FAILURES_TO_OPEN, FAILURES_WITHIN_S, Breaker, RestHealth
from virtuoso_desktop.model.errors import LinkError, RateLimited, VenueBlocked, VenueDown

FAULT = LinkError("no answer in time")
DOWN = VenueDown("HTTP 503")


def fail(breaker: Breaker, now_s: float, error: LinkError = FAULT) -> None:
    breaker.begin()
    breaker.failed(error, now_s)
    breaker.ended()


def test_five_failures_in_thirty_seconds_open_it_and_one_probe_closes_it() -> None:
    breaker = Breaker(lambda openings: 10.0 * openings)
    for number in range(FAILURES_TO_OPEN):
        assert breaker.refusal_s(float(number)) is None
        fail(breaker, float(number))
    assert breaker.is_open
    assert breaker.refusal_s(5.0) == 9.0
    assert breaker.refusal_s(14.0) is None
    breaker.begin()
    assert breaker.refusal_s(14.0) == 1.0, "one probe at a time"
    breaker.failed(FAULT, 15.0)
    breaker.ended()
    assert breaker.refusal_s(15.0) == 20.0, "the second wait is longer"
    assert breaker.refusal_s(35.0) is None
    breaker.begin()
    breaker.succeeded()
    breaker.ended()
    assert not breaker.is_open
    assert breaker.refusal_s(36.0) is None
    fail(breaker, 37.0)
    assert not breaker.is_open, "it starts to count anew"


def test_failures_far_apart_do_not_open_it() -> None:
    breaker = Breaker(lambda _: 10.0)
    for number in range(50):
        fail(breaker, number * (FAILURES_WITHIN_S / (FAILURES_TO_OPEN - 1) + 0.1))
        assert not breaker.is_open


def test_a_probe_that_was_cancelled_lets_another_one_go() -> None:
    breaker = Breaker(lambda _: 10.0)
    for _ in range(FAILURES_TO_OPEN):
        fail(breaker, 0.0)
    breaker.begin()
    breaker.ended()
    assert breaker.refusal_s(11.0) is None


@given(st.lists(st.tuples(st.sampled_from(["ask", "fail", "succeed", "drop"]), st.floats(0.0, 20.0)), max_size=60))
def test_never_two_probes_and_never_open_without_reason(steps: list[tuple[str, float]]) -> None:
    breaker = Breaker(lambda openings: min(60.0, 5.0 * openings))
    now_s, running = 0.0, 0
    recent: list[float] = []
    for what, after_s in steps:
        now_s += after_s
        if what == "ask" and breaker.refusal_s(now_s) is None:
            breaker.begin()
            running += 1
            if breaker.is_open:
                assert breaker.refusal_s(now_s) is not None
        elif what == "fail" and running:
            running -= 1
            was_open = breaker.is_open
            recent = [at for at in recent if now_s - at <= FAILURES_WITHIN_S] + [now_s]
            breaker.failed(FAULT, now_s)
            breaker.ended()
            assert was_open or breaker.is_open == (len(recent) >= FAILURES_TO_OPEN)
        elif what == "succeed" and running:
            running -= 1
            recent.clear()
            breaker.succeeded()
            breaker.ended()
            assert not breaker.is_open
        elif what == "drop" and running:
            running -= 1
            breaker.ended()
        assert breaker.left_s(now_s) <= 60.0


@pytest.mark.parametrize(
    ("error", "phase"),
    [(RateLimited("banned", retry_after_s=600.0), LinkPhase.BANNED),
     (VenueBlocked("refused", retry_after_s=600.0), LinkPhase.BLOCKED)],
)  # fmt: skip
def test_a_stop_lasts_its_time_then_one_probe_goes(error: RateLimited, phase: LinkPhase) -> None:
    health = RestHealth(lambda _: 10.0)
    assert health.state(0.0).phase is LinkPhase.CONNECTING
    health.succeeded(1.0)
    assert health.state(1.0).phase is LinkPhase.LIVE
    health.stop(error, 100.0)
    health.succeeded(100.5)
    state = health.state(130.0)
    assert (state.phase, state.reason, state.next_try_s) == (phase, error.user_text, 570.0)
    assert health.state(140.0).for_s == 10.0
    with pytest.raises(type(error)) as caught:
        health.refuse_while_stopped(200.0)
    assert caught.value.retry_after_s == 500.0
    health.refuse_while_stopped(700.0)
    health.begin()
    with pytest.raises(type(error)):
        health.refuse_while_stopped(700.0)
    health.ended()
    assert health.state(701.0).phase is phase, "until an answer came"
    health.succeeded(702.0)
    assert health.state(702.0).phase is LinkPhase.LIVE


def test_a_user_may_probe_a_block_but_not_a_ban() -> None:
    health = RestHealth(lambda _: 10.0)
    health.stop(RateLimited("banned", retry_after_s=600.0), 0.0)
    health.retry_now()
    with pytest.raises(RateLimited):
        health.refuse_while_stopped(1.0)
    health.stop(VenueBlocked("refused", retry_after_s=600.0), 0.0)
    health.retry_now()
    health.refuse_while_stopped(1.0)


def test_only_the_venues_own_faults_are_called_maintenance() -> None:
    health = RestHealth(lambda _: 10.0)
    for _ in range(FAILURES_TO_OPEN):
        fail(health.breaker("candles"), 0.0, DOWN)
    state = health.state(1.0)
    assert (state.phase, state.groups, state.next_try_s, state.reason) == (
        LinkPhase.MAINTENANCE, ("candles",), 9.0, "HTTP 503",
    )  # fmt: skip
    for _ in range(FAILURES_TO_OPEN):
        fail(health.breaker("tickers"), 0.0, FAULT)
    assert health.state(1.0).phase is LinkPhase.BACKOFF


def test_when_everything_was_down_the_first_answer_lets_all_groups_probe() -> None:
    health = RestHealth(lambda _: 50.0)
    health.succeeded(0.0)
    for group in ("candles", "clock"):
        for _ in range(FAILURES_TO_OPEN):
            fail(health.breaker(group), 10.0)
    assert health.state(20.0).groups == ("candles", "clock")
    health.succeeded(30.0)
    assert health.breaker("candles").refusal_s(30.0) is None
    assert health.state(30.0).phase is LinkPhase.LIVE, "the clock is asked seldom: that nobody asked is no trouble"


def test_a_group_that_fails_alone_keeps_its_pauses_while_others_succeed() -> None:
    health = RestHealth(lambda _: 50.0)
    for number in range(FAILURES_TO_OPEN):
        fail(health.breaker("candles"), number * 2.0)
        health.succeeded(number * 2.0 + 1.0)
    assert health.breaker("candles").refusal_s(20.0) == pytest.approx(38.0)
    assert health.state(20.0).groups == ("candles",)
