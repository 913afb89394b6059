"""Candle series: streams, closes, corrections, pages of history and their joins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.market.test_book import INSTRUMENT
from virtuoso_desktop.market.candles import CLOSE, COLUMN_COUNT, OPEN_MS, VOLUME, CandleSeries, Columns
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import Timeframe

MINUTE = 60_000
START = 1_700_000_040_000
"""Open time of a minute."""


def candle(index: int, *, close: float = 100.0, closed: bool = False, volume: float = 1.0) -> Candle:
    open_ms = START + index * MINUTE
    return Candle(
        INSTRUMENT.id, Timeframe.M1, open_ms, 100.0, max(100.0, close), min(100.0, close), close, volume, 100.0, closed,
        open_ms + 30_000, 0,
    )  # fmt: skip


def page(indices: list[int], *, close_ticks: float = 1000.0) -> Columns:
    rows = [
        [START + index * MINUTE, 1000.0, max(1000.0, close_ticks), min(1000.0, close_ticks), close_ticks, 1.0, 100.0]
        for index in indices
    ]
    return np.array(rows, dtype=np.float64).T.reshape(COLUMN_COUNT, len(rows))


def series() -> CandleSeries:
    return CandleSeries(INSTRUMENT, Timeframe.M1)


def opens(held: CandleSeries) -> list[int]:
    return [(int(ms) - START) // MINUTE for ms in held.columns[OPEN_MS]]


def test_forming_candle_is_replaced_and_committed_once() -> None:
    held = series()
    assert not held.apply(candle(0, close=100.1))
    assert held.last_is_forming
    base = held.base_version
    assert not held.apply(candle(0, close=100.2))
    assert held.base_version == base, "a tick changes only the last row"
    assert held.apply(candle(0, close=100.3, closed=True))
    assert not held.last_is_forming
    assert held.last_close_ticks == 1003
    assert len(held) == 1


def test_series_that_is_full_drops_its_oldest_rows_and_takes_the_next() -> None:
    held = CandleSeries(INSTRUMENT, Timeframe.M1, most_rows=100)
    for index in range(100):
        held.apply(candle(index, closed=True))
    held.apply(candle(100, close=100.5))
    assert held.last_is_forming
    assert held.columns[CLOSE, -1] == 1005.0
    assert opens(held) == list(range(101 - len(held), 101))
    assert len(held) <= 100


def test_second_confirm_with_the_same_values_commits_nothing() -> None:
    held = series()
    assert held.apply(candle(0, closed=True))
    assert not held.apply(candle(0, closed=True))
    assert held.revisions == 0


def test_correction_after_the_close_is_a_revision() -> None:
    held = series()
    held.apply(candle(0, closed=True))
    held.apply(candle(1))
    assert held.apply(candle(0, close=100.7, closed=True))
    assert held.revisions == 1
    assert held.columns[CLOSE].tolist() == [1007.0, 1000.0]


def test_confirm_after_the_next_candle_began_closes_the_right_row() -> None:
    held = series()
    held.apply(candle(0))
    held.apply(candle(1))
    assert held.uncommitted == {START, START + MINUTE}
    assert held.apply(candle(0, close=100.4, closed=True))
    assert held.uncommitted == {START + MINUTE}
    assert held.late == 1


def test_update_that_is_not_closed_never_reopens_a_committed_row() -> None:
    held = series()
    held.apply(candle(0, close=100.5, closed=True))
    assert not held.apply(candle(0, close=99.0))
    assert held.last_close_ticks == 1005
    assert not held.last_is_forming


def test_candle_off_the_grid_of_time_is_rejected() -> None:
    held = series()
    wrong = Candle(INSTRUMENT.id, Timeframe.M1, START + 1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, True, START, 0)
    assert not held.apply(wrong)
    assert (len(held), held.rejected) == (0, 1)


def test_page_joins_the_stream_without_hole_or_double() -> None:
    held = series()
    held.apply(candle(5, close=100.9))
    added = held.merge(page([1, 2, 3, 4, 5]), committed_before_ms=START + 5 * MINUTE + 1)
    assert added == 4
    assert opens(held) == [1, 2, 3, 4, 5]
    assert held.last_close_ticks == 1009, "the stream's forming candle is newer than the page's"
    assert held.missing(START + 5 * MINUTE + 1) == []


def test_hole_between_page_and_stream_is_found_and_filled() -> None:
    held = series()
    held.apply(candle(8))
    held.merge(page([1, 2, 3]), committed_before_ms=START + 4 * MINUTE)
    assert held.missing(START + 8 * MINUTE) == [START + 4 * MINUTE]
    held.merge(page([4, 5, 6, 7]), committed_before_ms=START + 8 * MINUTE)
    assert held.missing(START + 8 * MINUTE) == []
    assert opens(held) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_candle_without_confirm_is_late_until_rest_commits_it() -> None:
    held = series()
    held.apply(candle(0, close=100.2))
    held.apply(candle(1))
    assert held.missing(START + MINUTE + 3000) == [START]
    held.merge(page([0], close_ticks=1004.0), committed_before_ms=START + MINUTE + 3000)
    assert held.missing(START + MINUTE + 3000) == []
    assert held.columns[CLOSE].tolist() == [1004.0, 1000.0]
    assert held.revisions == 0


def test_rest_that_differs_from_a_committed_row_is_a_revision() -> None:
    held = series()
    held.apply(candle(0, closed=True))
    held.merge(page([0], close_ticks=990.0), committed_before_ms=START + 2 * MINUTE)
    assert held.revisions == 1
    assert held.last_close_ticks == 990.0


@pytest.mark.parametrize("row", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_absurd_page_rows_never_enter(row: int, value: float) -> None:
    held = series()
    rows = page([0, 1, 2])
    rows[row, 1] = value
    held.merge(rows, committed_before_ms=START + 9 * MINUTE)
    assert held.rejected == 1
    assert opens(held) == [0, 2]


def test_oldest_rows_fall_out_beyond_the_limit() -> None:
    held = CandleSeries(INSTRUMENT, Timeframe.M1, most_rows=100)
    for index in range(350):
        held.apply(candle(index, closed=True))
    assert len(held) <= 100
    assert opens(held)[-1] == 349
    assert np.all(np.diff(held.columns[OPEN_MS]) == MINUTE)


def test_values_survive_growth() -> None:
    held = series()
    for index in range(1000):
        held.apply(candle(index, volume=float(index), closed=True))
    assert held.columns[VOLUME].tolist() == [float(index) for index in range(1000)]


@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=30), max_size=8))
def test_any_pages_in_any_order_give_sorted_rows_without_doubles(pages: list[list[int]]) -> None:
    held = series()
    for indices in pages:
        held.merge(page(indices), committed_before_ms=START + 100 * MINUTE)
    assert opens(held) == sorted({index for indices in pages for index in indices})


# --- older rows in front -------------------------------------------------------------------------------------------


def streamed(first: int, end: int) -> CandleSeries:
    held = series()
    for index in range(first, end):
        held.apply(candle(index, close=100.0 + index / 10, closed=index < end - 1))
    return held


def test_older_rows_are_laid_in_front_and_taken_in_one_step() -> None:
    held = streamed(100, 110)
    base_version = held.base_version
    laid = held.lay_before(page([99, 97, 97, 98, 105, 100]))
    assert opens(held)[0] == 100, "nothing has changed yet"
    held.apply(candle(109, close=120.0))
    assert held.take(laid)
    assert opens(held) == list(range(97, 110))
    assert held.columns[CLOSE, -1] == 1200.0, "the newest candle moved on while older ones were laid"
    assert held.base_version == base_version + 1
    assert held.last_is_forming
    held.apply(candle(110, closed=True))
    assert opens(held) == list(range(97, 111))


@pytest.mark.parametrize("change", ["append", "revision", "clear", "page"])
def test_rows_that_changed_meanwhile_must_be_laid_again(change: str) -> None:
    held = streamed(100, 110)
    laid = held.lay_before(page([99]))
    if change == "append":
        held.apply(candle(110))
    elif change == "revision":
        held.apply(candle(104, close=55.0, closed=True))
    elif change == "clear":
        held.clear()
    else:
        held.merge(page([98]), START + 100 * MINUTE)
    before = held.columns.copy()
    assert not held.take(laid)
    assert np.array_equal(held.columns, before)


def test_an_empty_series_and_absurd_or_superfluous_rows() -> None:
    held = CandleSeries(INSTRUMENT, Timeframe.M1, most_rows=5)
    rows = page([1, 2, 3, 4, 5, 6, 7])
    rows[1, 3] = np.nan
    assert held.take(held.lay_before(rows))
    assert opens(held) == [2, 3, 5, 6, 7], "the newest that there is room for"
    assert held.rejected == 1
    assert held.take(held.lay_before(page([0])))
    assert len(held) == 5


def test_a_series_that_nobody_looks_at_gives_back_its_oldest_rows() -> None:
    held = streamed(0, 50)
    assert not held.shorten(50)
    version = held.base_version
    assert held.shorten(20)
    assert opens(held) == list(range(30, 50))
    assert held.base_version > version
    assert held.last_is_forming
    held.apply(candle(49, close=99.0, closed=True))
    assert opens(held) == list(range(30, 50))
