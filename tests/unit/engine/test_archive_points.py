"""What an answer with points proves, and what comes back from the disk."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.history_rows import BTC, ETH
from virtuoso_desktop.engine import archive_points
from virtuoso_desktop.engine.archive_points import PointArchive, list_key, points_batch, points_of, prices_batch
from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery, PointQuery
from virtuoso_desktop.model.market import FundingRate, LongShortRatio, OpenInterest
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_rows import HistoryKind

HOUR = 3_600_000
RATES = [FundingRate(BTC, rate, time_ms) for rate, time_ms in ((0.0001, 8 * HOUR), (-0.00025, 16 * HOUR))]
INTEREST = [OpenInterest(BTC, 51_234.567, n * HOUR) for n in range(1, 5)]
RATIOS = [LongShortRatio(BTC, 0.6123, 0.3877, n * HOUR) for n in range(1, 5)]
FUNDING = list_key(BTC, HistoryKind.FUNDING)
OPEN_INTEREST = list_key(BTC, HistoryKind.OPEN_INTEREST)
RATIO = list_key(BTC, HistoryKind.LONG_SHORT_RATIO)
ALL = PointQuery(BTC)


async def test_points_come_back_in_the_next_run(tmp_path: Path) -> None:
    history = HistoryStore(tmp_path / HISTORY_FILE)
    archive = PointArchive(history, is_real=True)
    assert archive.is_pending
    archive.keep(points_batch(FUNDING, ALL, RATES[::-1]))
    archive.keep(points_batch(OPEN_INTEREST, ALL, INTEREST))
    archive.keep(points_batch(RATIO, ALL, RATIOS[:3]))
    archive.keep(points_batch(RATIO, ALL, RATIOS[1:]))
    archive.keep(points_batch(RATIO, ALL, []))
    history.start()
    await history.close(5.0)
    history = HistoryStore(tmp_path / HISTORY_FILE)
    history.start()
    archive = PointArchive(history, is_real=True)
    assert points_of(FUNDING, (await archive.stored(FUNDING, 0)).rows) == RATES
    assert points_of(FUNDING, (await archive.stored(FUNDING, 9 * HOUR)).rows) == RATES[1:]
    assert points_of(OPEN_INTEREST, (await archive.stored(OPEN_INTEREST, 0)).rows) == INTEREST
    stored = await archive.stored(RATIO, 0)
    assert points_of(RATIO, stored.rows) == RATIOS
    assert stored.covered == ((HOUR, 4 * HOUR + 1),), "two answers that overlap leave no hole between them"
    assert (await archive.stored(list_key(ETH, HistoryKind.FUNDING), 0)).rows.shape == (2, 0)
    await history.close(5.0)


async def test_without_a_history_there_are_none() -> None:
    archive = PointArchive(HistoryStore(None), is_real=True)
    archive.keep(points_batch(FUNDING, ALL, RATES))
    assert not archive.is_pending
    stored = await archive.stored(FUNDING, 0)
    assert (stored.rows.shape, stored.covered) == ((2, 0), ())


async def test_a_disk_that_does_not_answer_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_points, "READ_PATIENCE_S", 0.05)
    history = HistoryStore(tmp_path / HISTORY_FILE)
    archive = PointArchive(history, is_real=True)
    archive.keep(points_batch(FUNDING, ALL, RATES))
    history.start()
    await history.opened(5.0)
    end = threading.Event()
    history.submit(lambda _: end.wait(5.0))
    assert (await archive.stored(FUNDING, 0)).covered == ()
    end.set()
    assert (await history.read(FUNDING, 0, 2**53)).shape[1] == 2
    assert (await archive.stored(FUNDING, 0)).covered == (), "the next of 200 lists does not wait as long again"
    await history.close(5.0)


@pytest.mark.parametrize(
    ("start", "end", "limit", "covered"),
    [
        (None, None, 200, (HOUR, 4 * HOUR + 1)),
        (-5 * HOUR, None, 200, (-5 * HOUR, 4 * HOUR + 1)),
        (-5 * HOUR, None, 4, (HOUR, 4 * HOUR + 1)),
        (-5 * HOUR, 6 * HOUR - 1, 200, (-5 * HOUR, 6 * HOUR)),
        (-5 * HOUR, 6 * HOUR - 1, 4, (HOUR, 6 * HOUR)),
    ],
    ids=["no start", "short", "full", "short with an end", "full with an end"],
)
def test_a_short_answer_proves_all_that_was_asked_a_full_one_its_own_time(
    start: int | None, end: int | None, limit: int, covered: tuple[int, int]
) -> None:
    assert points_batch(OPEN_INTEREST, PointQuery(BTC, start, end, limit), INTEREST).covered == (covered,)


def test_an_empty_answer_proves_a_time_with_both_ends() -> None:
    assert points_batch(OPEN_INTEREST, PointQuery(BTC, HOUR, 3 * HOUR - 1), []).covered == ((HOUR, 3 * HOUR),)
    assert points_batch(OPEN_INTEREST, PointQuery(BTC, HOUR), []).covered == ()


def test_of_prices_the_forming_hour_is_not_kept() -> None:
    opens = [n * HOUR for n in range(1, 5)]
    flat = [-1e-4] * 4
    page = CandlePage(BTC, Timeframe.H1, opens, flat, flat, flat, flat, [], [], 4 * HOUR + 9, True)
    key = list_key(BTC, HistoryKind.PREMIUM_INDEX)
    batch = prices_batch(key, CandleQuery(BTC, Timeframe.H1, start_ms=0, limit=720), page)
    assert batch.rows[0].tolist() == opens[:3]
    assert batch.covered == ((0, 4 * HOUR),)


def test_the_oldest_time_that_both_have_tells_another_market() -> None:
    ours, theirs = np.array([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]), np.array([[2.0, 3.0, 4.0], [6.0, 9.0, 9.0]])
    demo, real = (PointArchive(HistoryStore(None), is_real=is_real) for is_real in (False, True))
    assert not demo.is_contradicted(ours, theirs), "the newest is a correction"
    assert demo.is_contradicted(ours, theirs[:, 1:])
    assert not real.is_contradicted(ours, theirs[:, 1:])
    assert not demo.is_contradicted(ours, theirs[:, 2:]), "no time that both have"
