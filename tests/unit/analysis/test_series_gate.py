"""Which rows are candles, what fills a short gap, and where everything begins anew."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from virtuoso_desktop.analysis.kernels import TABLE_CANDLE_WIDTH
from virtuoso_desktop.analysis.series_gate import GatedSeries, SeriesColumns, Verdict, gate_series, spacing_of
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe

LATER_MS = 1 << 44


def gated(rows: list[tuple[float, ...]], *, timeframe: Timeframe = Timeframe.M1, tick: float = 0.5) -> GatedSeries:
    """Rows of (open time in candles, open, high, low, close, volume, turnover)."""
    columns = np.array(rows, dtype=float).T
    times = (columns[0] * timeframe.duration_ms).astype(np.int64)
    return gate_series(SeriesColumns(times, *columns[1:]), timeframe, tick, LATER_MS)


def good(at: float, close: float = 101.0) -> tuple[float, ...]:
    return (at, 100.0, max(102.0, close), 99.0, close, 5.0, 500.0)


def verdicts(series: GatedSeries) -> list[str]:
    return [Verdict(int(code)).name for code in series.verdicts]


def test_prices_become_ticks_and_the_rest_stays() -> None:
    series = gated([good(10), (11, 101.2, 101.3, 101.2, 101.3, 2.0, 202.0)])
    assert series.candles.shape == (TABLE_CANDLE_WIDTH, 2)
    assert series.candles[1:5, 0].tolist() == [200, 204, 198, 202]
    assert series.candles[1:5, 1].tolist() == [202, 203, 202, 203]
    assert series.candles[5:7, 1].tolist() == [2.0, 202.0]
    assert np.isnan(series.candles[7]).all()
    assert series.close_ms.tolist() == [11 * MINUTE_MS, 12 * MINUTE_MS]
    assert series.rejected == 0


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ((11, np.nan, 102, 99, 101, 5, 500), "NOT_FINITE"),
        ((11, 100, np.inf, 99, 101, 5, 500), "NOT_FINITE"),
        ((11, 100, 102, 99, 101, np.nan, 500), "NOT_FINITE"),
        ((11, 100, 102, 99, 101, 5, np.inf), "NOT_FINITE"),
        ((11, 0, 102, 0, 101, 5, 500), "NO_PRICE"),
        ((11, 100, 102, -99, 101, 5, 500), "NO_PRICE"),
        ((11, 100, 102, 0.1, 101, 5, 500), "NO_PRICE"),
        ((11, 100, 100.5, 99, 101, 5, 500), "BAD_RANGE"),
        ((11, 100, 102, 100.5, 101, 5, 500), "BAD_RANGE"),
        ((11, 100, 102, 99, 101, -5, 500), "BAD_SIZE"),
        ((11, 100, 102, 99, 101, 5, -500), "BAD_SIZE"),
        ((11, 100, 1e16, 99, 101, 5, 500), "TOO_LARGE"),
        ((11, 100, 1e300, 99, 101, 5, 500), "TOO_LARGE"),
        ((11, 100, 102, 99, 101, 1e31, 500), "TOO_LARGE"),
        ((11.5, 100, 102, 99, 101, 5, 500), "OFF_GRID"),
        ((10, 100, 102, 99, 101, 5, 500), "DUPLICATE"),
        ((9, 100, 102, 99, 101, 5, 500), "OUT_OF_ORDER"),
    ],
)
def test_a_row_that_is_no_candle_is_left_out_and_nothing_else(row: tuple[float, ...], verdict: str) -> None:
    series = gated([good(10), row, good(11)])
    assert verdicts(series) == ["TAKEN", verdict, "TAKEN"]
    assert series.row.tolist() == [0, 2]
    assert series.rejected == 1
    without = gated([good(10), good(11)])
    np.testing.assert_array_equal(series.candles, without.candles)


def test_a_bad_row_does_not_set_the_time() -> None:
    assert verdicts(gated([good(10), (99, np.nan, 1, 1, 1, 1, 1), good(11)])) == ["TAKEN", "NOT_FINITE", "TAKEN"]


def test_what_is_not_closed_is_not_taken_and_not_rejected() -> None:
    columns = np.array([good(10), good(11)]).T
    times = (columns[0] * MINUTE_MS).astype(np.int64)
    series = gate_series(SeriesColumns(times, *columns[1:]), Timeframe.M1, 0.5, 12 * MINUTE_MS - 1)
    assert verdicts(series) == ["TAKEN", "NOT_CLOSED"]
    assert series.rejected == 0


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_short_gap_is_filled_with_flat_candles(missing: int) -> None:
    series = gated([good(10, 101.5), good(11 + missing)])
    assert series.row.tolist() == [0, *[-1] * missing, 1]
    assert (series.candles[1:5, 1:-1] == 203).all()
    assert (series.candles[5:7, 1:-1] == 0).all()
    assert series.candles[8].tolist() == [0, *[1] * missing, 0]
    assert series.candles[0].tolist() == [(10 + at) * MINUTE_MS for at in range(missing + 2)]
    assert not series.is_reset.any()


@pytest.mark.parametrize("missing", [4, 500])
def test_after_a_long_gap_everything_begins_anew(missing: int) -> None:
    series = gated([good(10), good(11 + missing), good(12 + missing)])
    assert series.row.tolist() == [0, 1, 2]
    assert series.is_reset.tolist() == [False, True, False]


def ms(*date: int) -> int:
    return int(dt.datetime(*date, tzinfo=dt.UTC).timestamp()) * 1000


def one_price(times: list[int], timeframe: Timeframe) -> GatedSeries:
    prices = np.full(len(times), 100.0)
    opens = np.array(times, dtype=np.int64)
    return gate_series(SeriesColumns(opens, prices, prices, prices, prices, None, None), timeframe, 1.0, LATER_MS)


def test_months_are_neighbours_whatever_their_length() -> None:
    series = one_price([ms(2024, 1, 1), ms(2024, 2, 1), ms(2024, 3, 1), ms(2024, 5, 1)], Timeframe.MO1)
    assert series.row.tolist() == [0, 1, 2, -1, 3]
    assert series.candles[0, 3] == ms(2024, 4, 1)
    assert series.close_ms[-1] == ms(2024, 6, 1)
    assert verdicts(one_price([ms(2024, 1, 31)], Timeframe.MO1)) == ["OFF_GRID"]


def test_weeks_begin_on_monday() -> None:
    monday = ms(2024, 1, 1)
    series = one_price([monday, monday + 7 * DAY_MS], Timeframe.W1)
    assert verdicts(series) == ["TAKEN", "TAKEN"]
    assert series.close_ms[0] == monday + 7 * DAY_MS
    assert verdicts(one_price([monday + 3 * DAY_MS], Timeframe.W1)) == ["OFF_GRID"]


def test_a_series_of_nothing_but_bad_rows_feeds_nothing() -> None:
    series = gated([(10, np.nan, 1, 1, 1, 1, 1)])
    assert series.candles.shape == (TABLE_CANDLE_WIDTH, 0)
    assert series.row.size == series.close_ms.size == series.is_reset.size == 0


def test_the_spacing_is_the_most_common_step() -> None:
    assert spacing_of(np.array([0, 60, 120, 500, 560])) == 60
    assert spacing_of(np.array([560, 500, 120, 60, 0])) == 60
    assert spacing_of(np.array([5, 5, 5])) is None
    assert spacing_of(np.array([5])) is None
