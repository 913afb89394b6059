"""When a venue's clock is measured: at once, now and then, and when messages come at impossible times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fake_adapter import FakeAdapter
from tests.running import until
from virtuoso_desktop.engine.upkeep import CLOCK_SAMPLES, ClockTimes, TimeKeeper
from virtuoso_desktop.exchanges.base import RequestPriority, ServerTime
from virtuoso_desktop.kernel.clock import ManualClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.tasks import Supervisor

NOW_MS = 1_700_000_000_000
LOOK_S = 0.005


class SkewedVenue(FakeAdapter):
    """A venue whose clock is ``ahead_ms`` ahead."""

    ahead_ms = 0
    measured = 0

    async def server_time(self, *, priority: int = RequestPriority.CLOCK) -> ServerTime:
        self.measured += 1
        now_ms = self.clock.now_ms()
        return ServerTime(now_ms, now_ms + self.ahead_ms, now_ms)


@asynccontextmanager
async def keeping(adapter: SkewedVenue) -> AsyncIterator[tuple[VenueClock, NoticeBoard]]:
    clock, notices = VenueClock(adapter.clock), NoticeBoard(adapter.clock)
    tasks = Supervisor()
    tasks.spawn("test.clock", TimeKeeper(adapter, clock, notices, ClockTimes(60.0, LOOK_S, LOOK_S)).run)
    try:
        yield clock, notices
    finally:
        await tasks.stop()


async def looks(count: float) -> None:
    await asyncio.sleep(LOOK_S * count)


async def test_a_clock_that_is_right_is_measured_once_whatever_single_messages_say() -> None:
    adapter = SkewedVenue(ManualClock(NOW_MS))
    async with keeping(adapter) as (clock, notices):
        for lag_ms in (20.0, 9_000.0, -9_000.0, 30.0) * 6:
            adapter.metrics.lag_ms.add(lag_ms)
            await looks(1)
        assert (adapter.measured, clock.offset_ms, notices.all) == (CLOCK_SAMPLES, 0, ())


@pytest.mark.parametrize("ahead_ms", [10_000, -10_000])
async def test_a_clock_that_jumps_is_measured_again_at_once_and_told(ahead_ms: int) -> None:
    adapter = SkewedVenue(ManualClock(NOW_MS))
    async with keeping(adapter) as (clock, notices):
        await until(lambda: clock.offset_ms == 0, "the first measurement")
        adapter.ahead_ms = ahead_ms
        adapter.metrics.lag_ms.add(-ahead_ms)
        await until(lambda: clock.offset_ms == ahead_ms, "the second")
        adapter.metrics.lag_ms.add(20.0)
        (notice,) = notices.all
        assert f"differs from Bybit by {ahead_ms / 1000:+.1f} s" in notice.user_text


async def test_messages_that_are_late_for_another_reason_cost_ever_fewer_measurements() -> None:
    adapter = SkewedVenue(ManualClock(NOW_MS))
    adapter.metrics.lag_ms.add(9_000.0)
    async with keeping(adapter):
        await until(lambda: adapter.measured >= 2 * CLOCK_SAMPLES, "the second measurement")
        await looks(100)
        assert adapter.measured <= 7 * CLOCK_SAMPLES
