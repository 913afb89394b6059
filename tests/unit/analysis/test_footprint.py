"""Footprints of candles, and the divergence of price and delta."""

from __future__ import annotations

import random

import pytest

from tests.unit.market.test_book import INSTRUMENT
from virtuoso_desktop.analysis.footprint import FootprintRow, delta_divergence, footprint
from virtuoso_desktop.market.footprint import KEPT_MINUTES, row_height
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.market import Aggressor, Trade
from virtuoso_desktop.model.timeframe import Timeframe

HOUR_MS = 3_600_000
OPEN_MS = 1_771_012_800_000 // HOUR_MS * HOUR_MS


def trade(number: int, at_ms: int, ticks: int, lots: int) -> Trade:
    """Negative lots were sold."""
    side = Aggressor.BUY if lots > 0 else Aggressor.SELL
    price, size = INSTRUMENT.to_price(ticks), INSTRUMENT.to_size(abs(lots))
    return Trade(INSTRUMENT.id, f"t{number}", price, size, side, OPEN_MS + at_ms, number, False, OPEN_MS + at_ms, 0)


def state_of(rows: list[tuple[int, int, int]]) -> InstrumentState:
    """(ms after the hour, ticks, signed lots)."""
    store = MarketStore((50,), ())
    state = store.add(INSTRUMENT)
    for number, row in enumerate(rows):
        store.apply(trade(number, *row))
    return state


def test_rows_and_running_delta_are_those_of_a_plain_walk() -> None:
    rng = random.Random(1)
    rows = [
        (second * 700, 500_000 + rng.randint(-900, 900), rng.choice((-1, 1)) * rng.randint(1, 99))
        for second in range(3_000)
    ]
    state = state_of(rows)
    for timeframe in (Timeframe.M1, Timeframe.M5, Timeframe.M15):
        open_ms = OPEN_MS + 15 * 60_000
        told = footprint(state, timeframe, open_ms)
        assert told is not None
        inside = [row for row in rows if 0 <= OPEN_MS + row[0] - open_ms < timeframe.duration_ms]
        running, path = 0, [0]
        for _, _, lots in inside:
            running += lots
            path.append(running)
        assert (told.delta_lots, told.lowest_lots, told.highest_lots) == (running, min(path), max(path))
        height = row_height(500_000)
        for row in told.rows:
            here = [lots for _, ticks, lots in inside if ticks // height * height == row.bottom_ticks]
            assert (row.sold_lots, row.bought_lots) == (-sum(x for x in here if x < 0), sum(x for x in here if x > 0))
            assert row.delta_lots == sum(here)
        assert sum(row.sold_lots + row.bought_lots for row in told.rows) == sum(abs(lots) for *_, lots in inside)
        assert told.is_complete


def test_diagonal_imbalance_and_stacked_rows() -> None:
    height = row_height(500_000)
    base = 500_000 // height * height
    bought = {0: 10, 1: 30, 2: 45, 3: 60, 4: 1}
    sold = {0: 10, 1: 15, 2: 20, 3: 5, 4: 40, 6: 50}
    rows = [(0, base, 1)]  # decides the height
    rows += [(1_000, base + row * height, lots) for row, lots in bought.items()]
    rows += [(2_000, base + row * height, -lots) for row, lots in sold.items()]
    told = footprint(state_of(rows), Timeframe.M1, OPEN_MS)
    assert told is not None
    # buyers: 11 against nothing, 30:10, 45:15, 60:20, 1 too few; sellers: 40 and 50 against nothing above
    assert [row.imbalance for row in told.rows] == [1, 1, 1, 1, -1, -1]
    assert told.rows[1] == FootprintRow(base + height, 15, 30, 1)
    assert told.stacked == ((1, base, base + 3 * height),)
    assert told.row_ticks == height


def test_what_was_not_watched_or_is_no_longer_kept_has_no_footprint() -> None:
    state = state_of([(30_000, 500_000, 5), (KEPT_MINUTES * 60_000 + 70_000, 500_000, 7), (61_000, 500_000, 3)])
    assert footprint(state, Timeframe.M1, OPEN_MS) is None, "older than an hour"
    assert footprint(state, Timeframe.H4, OPEN_MS) is None, "longer than an hour"
    empty = footprint(state, Timeframe.M5, OPEN_MS + 300_000)
    assert empty is not None
    assert (empty.rows, empty.delta_lots, empty.is_complete) == ((), 0, True)
    begun = footprint(state_of([(30_000, 500_000, 5)]), Timeframe.M1, OPEN_MS)
    assert begun is not None
    assert not begun.is_complete
    assert footprint(MarketStore((50,), (), has_flow=False).add(INSTRUMENT), Timeframe.M1, OPEN_MS) is None


@pytest.mark.parametrize(("ticks", "height"), [(100, 1), (9_000, 2), (20_000, 5), (40_000, 10), (690_000, 200)])
def test_a_row_is_about_two_basis_points_high(ticks: int, height: int) -> None:
    assert row_height(ticks) == height


@pytest.mark.parametrize(
    ("prices", "cvd", "indices", "side", "expected"),
    [
        ((10.0, 11.0), (5.0, 4.0), (10, 15), 1, -1),
        ((10.0, 11.0), (5.0, 6.0), (10, 15), 1, 0),
        ((10.0, 9.0), (5.0, 4.0), (10, 15), 1, 0),
        ((10.0, 11.0), (5.0, 4.0), (10, 14), 1, 0),
        ((10.0, 9.0), (5.0, 6.0), (10, 15), -1, 1),
        ((10.0, 9.0), (5.0, 4.0), (10, 15), -1, 0),
        ((10.0,), (5.0,), (10,), 1, 0),
    ],
)
def test_divergence(
    prices: tuple[float, ...], cvd: tuple[float, ...], indices: tuple[int, ...], side: int, expected: int
) -> None:
    assert delta_divergence(prices, cvd, indices, side) == expected
    mirrored = [-price for price in prices], [-each for each in cvd]
    assert delta_divergence(*mirrored, indices, -side) == -expected
