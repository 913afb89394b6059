"""Injected clocks and the venue's offset."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.kernel.clock import LiveClock, ManualClock, ScaledClock, VenueClock, steady_ns


def test_the_live_clock_is_the_computers_utc() -> None:
    clock = LiveClock()
    assert abs(clock.now_ns() - time.time_ns()) < 50_000_000
    first = clock.now_ns()
    assert clock.now_ns() >= first
    assert abs(clock.now_ms() * 1_000_000 - clock.now_ns()) < 50_000_000


def test_a_step_of_the_computers_clock_is_followed() -> None:
    moved_ns = 0
    clock = LiveClock(lambda: time.time_ns() + moved_ns)
    venue = VenueClock(clock)
    venue.measure([(clock.now_ms(), clock.now_ms() + 300, clock.now_ms())])
    assert clock.reanchor() == 0
    for step_s in (3600, -7200, 10, -20):
        moved_ns += step_s * 1_000_000_000
        before_ms = venue.now_ms()
        step_ns = clock.reanchor()
        venue.follow(step_ns)
        assert step_ns == pytest.approx(step_s * 1_000_000_000, abs=50_000_000)
        assert abs(clock.now_ns() - time.time_ns() - moved_ns) < 50_000_000
        assert 0 <= venue.now_ms() - before_ms < 50  # the venue's time goes on
    assert venue.steps == 4
    assert venue.offset_ms == pytest.approx(300 - moved_ns / 1_000_000, abs=50)


def test_the_steady_time_is_of_the_real_second() -> None:
    started_ns, first_ns = time.perf_counter_ns(), steady_ns()
    time.sleep(0.05)
    assert steady_ns() - first_ns == pytest.approx(time.perf_counter_ns() - started_ns, abs=20_000_000)


def test_a_scaled_clock_starts_where_told_and_runs_faster() -> None:
    clock = ScaledClock(1_700_000_000_000, 1000)
    started = time.perf_counter()
    first_ms = clock.now_ms()
    assert 0 <= first_ms - 1_700_000_000_000 < 10_000
    time.sleep(0.02)
    later_ms = clock.now_ms()
    gone_ms = (time.perf_counter() - started) * 1000
    assert 20_000 <= later_ms - first_ms <= gone_ms * 1000 + 1


@pytest.mark.parametrize("rate", [0, -1])
def test_a_clock_never_stands_or_runs_back(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(0, rate)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(1000)
    assert clock.now_ms() == 1000
    clock.advance_ms(0.5)
    assert clock.now_ns() == 1_000_500_000
    clock.set_ms(7)
    assert clock.now_ms() == 7


def test_venue_time_is_the_clocks_until_measured() -> None:
    venue = VenueClock(ManualClock(1000))
    assert venue.offset_ms is None
    assert venue.now_ms() == 1000
    assert not venue.offset_is_suspicious


@given(st.integers(-10_000_000, 10_000_000), st.lists(st.integers(0, 300), min_size=5, max_size=5))
def test_one_slow_answer_does_not_move_the_offset(offset_ms: int, delays: list[int]) -> None:
    venue = VenueClock(ManualClock(50_000_000))
    samples = [(1000 * n, 1000 * n + delay + offset_ms, 1000 * n + 2 * delay) for n, delay in enumerate(delays)]
    samples[0] = (0, offset_ms, 60_000)
    assert venue.measure(samples) == offset_ms
    assert venue.now_ms() == 50_000_000 + offset_ms
    assert venue.to_venue_ms(1_500_000) == 1.5 + offset_ms


@pytest.mark.parametrize(("offset_ms", "suspicious"), [(2000, False), (2001, True), (-2001, True)])
def test_an_offset_above_two_seconds_is_suspicious(offset_ms: int, suspicious: bool) -> None:
    venue = VenueClock(ManualClock())
    venue.offset_ms = offset_ms
    assert venue.offset_is_suspicious is suspicious


def test_offsets_are_judged_in_real_seconds() -> None:
    venue = VenueClock(ScaledClock(0, 60))
    venue.offset_ms = 119_000
    assert not venue.offset_is_suspicious
    venue.offset_ms = 121_000
    assert venue.offset_is_suspicious
