from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.bars import (
    EMPTY_BARS,
    Bars,
    Grid,
    aggregate,
    bucket_ends,
    bucket_opens,
    concatenate,
    decimal_text,
)
from virtuoso_desktop.simulator.market import SimCandle

TIMES = st.integers(1_400_000_000_000, 2_200_000_000_000)


def bars(*rows: tuple[int, ...]) -> Bars:
    return Bars(*np.array(rows, dtype=np.int64).T)


@given(st.sampled_from(list(Timeframe)), st.lists(TIMES, min_size=1, max_size=20))
def test_buckets_are_those_of_the_timeframe(timeframe: Timeframe, times: list[int]) -> None:
    opens = bucket_opens(timeframe, np.array(times))
    assert opens.tolist() == [timeframe.open_ms(time_ms) for time_ms in times]
    assert bucket_ends(timeframe, opens).tolist() == [timeframe.close_ms(open_ms) for open_ms in opens.tolist()]


def test_aggregation_skips_empty_buckets() -> None:
    minute = MINUTE_MS
    rows = bars(
        (0, 10, 12, 9, 11, 5, 50),
        (2 * minute, 11, 11, 8, 8, 1, 9),
        (5 * minute, 8, 8, 8, 8, 0, 0),
        (30 * minute, 20, 21, 19, 20, 2, 40),
    )
    assert [column.tolist() for column in aggregate(rows, Timeframe.M5)] == [
        [0, 5 * minute, 30 * minute],
        [10, 8, 20],
        [12, 8, 21],
        [8, 8, 19],
        [8, 8, 20],
        [6, 0, 2],
        [59, 0, 40],
    ]
    assert aggregate(EMPTY_BARS, Timeframe.M5).size == 0


def test_rows_by_time_and_joined_again() -> None:
    rows = bars(*((index * MINUTE_MS, 1, 1, 1, 1, index, index) for index in range(10)))
    middle = rows.between(3 * MINUTE_MS, 6 * MINUTE_MS)
    assert middle.volume.tolist() == [3, 4, 5]
    assert rows.between(6 * MINUTE_MS, 3 * MINUTE_MS).size == 0
    joined = concatenate([rows.rows(0, 4), EMPTY_BARS, rows.rows(4, 10)])
    assert joined.open_ms.tolist() == rows.open_ms.tolist()
    assert concatenate([]).size == 0


@given(st.integers(0, 10**30), st.integers(0, 20))
def test_decimal_text_is_exact(value: int, digits: int) -> None:
    text = decimal_text(value, digits)
    assert int(text.replace(".", "")) == value
    assert "E" not in text
    assert len(text.partition(".")[2]) == digits


def test_a_grid_whose_steps_are_no_powers_of_ten() -> None:
    grid = Grid.exact(Decimal("0.05"), Decimal("0.010"))
    assert (grid.price(7165), grid.size(3)) == ("358.25", "0.03")
    assert grid.turnover(grid.turnover_of_trades(3, 7165 * 3)) == "10.7475"
    assert grid.tick_lots(7165 * 3) == 7165 * 3


@pytest.mark.parametrize(("digits", "expected"), [(1, "10.7"), (3, "10.747"), (6, "10.747000")])
def test_turnover_in_fewer_or_more_digits_than_the_trades(digits: int, expected: str) -> None:
    grid = Grid.of_digits(2, 1, digits)
    assert grid.turnover(grid.turnover_of_trades(1, 10_747)) == expected


def test_candles_carry_exact_text() -> None:
    grid = Grid.exact(Decimal("0.1"), Decimal("0.001"))
    assert grid.candles(bars((60_000, 5, 9, 4, 6, 12_345, 67))) == [SimCandle(60_000, 5, 9, 4, 6, "12.345", "0.0067")]
