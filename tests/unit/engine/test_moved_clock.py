"""The computer's clock is wrong, or somebody moves it: data stay live, in the venue's time, and a person is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fake_adapter import FakeAdapter, ticker
from tests.running import until
from tests.unit.engine.test_engine import Rig, running
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.exchanges.base import RequestPriority, ServerTime
from virtuoso_desktop.kernel.clock import NS_PER_MS, LiveClock, ManualClock
from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.model.errors import LinkError

pytestmark = pytest.mark.deadline_s(20)


class Computer(LiveClock):
    """A computer whose clock somebody moves."""

    def __init__(self, wrong_s: float) -> None:
        self.wrong_s = wrong_s
        super().__init__(lambda: time.time_ns() + int(self.wrong_s * 1e9))


class Venue(FakeAdapter):
    """Has the right time, and sends tickers of it."""

    def __init__(self, computer: Computer) -> None:
        super().__init__(computer)  # type: ignore[arg-type]  # reads it only
        self.is_out = False
        self.times_asked = 0

    def now_ms(self) -> int:
        return time.time_ns() // NS_PER_MS

    async def server_time(self, *, priority: int = RequestPriority.CLOCK) -> ServerTime:
        self.times_asked += 1
        if self.is_out:
            raise LinkError("No answer.")
        own_ms = self.clock.now_ms()
        return ServerTime(own_ms, self.now_ms(), own_ms)


@asynccontextmanager
async def watching(tmp_path: Path, wrong_s: float) -> AsyncIterator[tuple[Rig, Computer, Venue]]:
    computer = Computer(wrong_s)
    venue = Venue(computer)
    async with running(tmp_path, venue) as rig:
        await until(lambda: len(rig.engine.watched()) == 2, "a universe")
        await until(lambda: rig.engine.links()[0].offset_ms is not None, "the venue's time")
        yield rig, computer, venue


def tick(rig: Rig, venue: Venue) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        rig.store.apply(ticker(symbol, event_ms=venue.now_ms()))


def error_ms(rig: Rig, venue: Venue) -> int:
    return abs(rig.engine.venue_now_ms() - venue.now_ms())


def warnings(rig: Rig) -> list[str]:
    return [each.user_text for each in rig.engine.notices.all if each.where == "clock"]


@pytest.mark.parametrize(("wrong_s", "words"), [(10.0, "10.0 s ahead of Bybit"), (-10.0, "10.0 s behind Bybit")])
async def test_a_wrong_clock_is_told_and_rows_are_live(tmp_path: Path, wrong_s: float, words: str) -> None:
    async with watching(tmp_path, wrong_s) as (rig, _, venue):
        assert error_ms(rig, venue) < 100
        tick(rig, venue)
        assert [row.state for row in rig.engine.market_rows()] == [RowState.LIVE] * 2
        (said,) = warnings(rig)
        assert words in said
        assert rig.engine.links()[0].offset_is_suspicious


async def test_a_clock_that_jumps_both_ways_moves_no_venue_time(tmp_path: Path) -> None:
    async with watching(tmp_path, 0.0) as (rig, computer, venue):
        tick(rig, venue)
        for wrong_s, words in ((10.0, "ahead of"), (-10.0, "behind"), (3600.0, "ahead of"), (0.0, "agrees with")):
            computer.wrong_s = wrong_s
            asked = venue.times_asked
            told = len(warnings(rig))
            await until(lambda told=told: len(warnings(rig)) > told, f"words about {wrong_s:+} s")
            assert words in warnings(rig)[-1]
            assert error_ms(rig, venue) < 100
            tick(rig, venue)
            assert {row.state for row in rig.engine.market_rows()} == {RowState.LIVE}
            await until(lambda asked=asked: venue.times_asked > asked, "a new measurement")
            assert error_ms(rig, venue) < 100
        assert not rig.engine.links()[0].offset_is_suspicious
        assert rig.engine.status().messages_per_s >= 0
        assert [each.severity for each in rig.engine.notices.all if each.where == "clock"] == [Severity.WARNING] * 3 + [
            Severity.INFO
        ]


async def test_a_jump_while_the_venue_cannot_be_asked_is_borne(tmp_path: Path) -> None:
    async with watching(tmp_path, 0.0) as (rig, computer, venue):
        venue.is_out = True
        computer.wrong_s = -600.0
        await until(lambda: bool(warnings(rig)), "the words")
        await asyncio.sleep(0.1)
        assert error_ms(rig, venue) < 100


async def test_absurd_delays_have_the_time_measured_again(tmp_path: Path) -> None:
    async with watching(tmp_path, 0.0) as (rig, _, venue):
        keeper = rig.engine._time_keeper
        keeper._measured_s -= 60.0
        asked = venue.times_asked
        keeper.compare(200.0)
        await asyncio.sleep(0.05)
        assert venue.times_asked == asked
        keeper.compare(-9_000.0)
        await until(lambda: venue.times_asked > asked, "a new measurement")


async def test_a_notice_is_not_silenced_by_a_clock_set_back() -> None:
    from virtuoso_desktop.kernel.notices import NoticeBoard

    clock = ManualClock()
    board = NoticeBoard(clock)
    board.post(Severity.INFO, "a", "b")
    clock.advance_ms(-3_600_000)
    board.post(Severity.INFO, "a", "b")
    assert len(board.all) == 2
