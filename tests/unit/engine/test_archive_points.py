"""Funding, open interest and ratios: to the disk and back in the next run."""

from __future__ import annotations

from pathlib import Path

from tests.history_rows import BTC, ETH
from virtuoso_desktop.engine.archive_points import PointArchive
from virtuoso_desktop.model.market import FundingRate, LongShortRatio, OpenInterest
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_rows import HistoryKind, SeriesKey

HOUR = 3_600_000
RATES = [FundingRate(BTC, rate, time_ms) for rate, time_ms in ((0.0001, 8 * HOUR), (-0.00025, 16 * HOUR))]
INTEREST = [OpenInterest(BTC, 51_234.567, n * HOUR) for n in range(1, 5)]
RATIOS = [LongShortRatio(BTC, 0.6123, 0.3877, n * HOUR) for n in range(1, 5)]


async def test_points_come_back_in_the_next_run(tmp_path: Path) -> None:
    history = HistoryStore(tmp_path / HISTORY_FILE)
    history.start()
    archive = PointArchive(history)
    archive.keep(RATES[::-1])
    archive.keep(INTEREST)
    archive.keep(RATIOS[:3])
    archive.keep(RATIOS[1:])
    archive.keep([])
    await history.close(5.0)
    history = HistoryStore(tmp_path / HISTORY_FILE)
    history.start()
    archive = PointArchive(history)
    assert await archive.funding(BTC, 0) == RATES
    assert await archive.funding(BTC, 9 * HOUR) == RATES[1:]
    assert await archive.open_interest(BTC, 0) == INTEREST
    assert await archive.ratios(BTC, 0) == RATIOS
    assert await archive.ratios(ETH, 0) == []
    key = SeriesKey(BTC, HistoryKind.LONG_SHORT_RATIO, "1h")
    assert history.covered(key) == ((HOUR, 4 * HOUR + 1),), "two answers that overlap leave no hole between them"
    await history.close(5.0)


async def test_without_a_history_there_are_none() -> None:
    archive = PointArchive(HistoryStore(None))
    archive.keep(RATES)
    assert await archive.funding(BTC, 0) == []
    assert await archive.open_interest(BTC, 0) == []
