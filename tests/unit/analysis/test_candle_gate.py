"""The gate in front of the table: what may enter, gaps, revisions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.candle_series import random_candles, series_of
from virtuoso_desktop.analysis.candle_gate import CHECKPOINT_EVERY, CandleFeed, Reject, Verdict
from virtuoso_desktop.analysis.candle_rows import candles_of
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE, COLUMNS
from virtuoso_desktop.analysis.kernels import (
    CLOSE,
    DELTA,
    HIGH,
    LOW,
    OPEN_MS,
    SYNTHETIC,
    TURNOVER,
    VOLUME,
    Floats,
)
from virtuoso_desktop.files.ohlcv import OhlcvTable
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, WEEK_MS, Timeframe

PARAMS = np.array([0.1, 0.0, float(DAY_MS), float(MINUTE_MS)])
BARS, GAP = COLUMNS.index("bars"), COLUMNS.index("gap")


def feed_of(candles: Floats) -> CandleFeed:
    feed = CandleFeed(Timeframe.M1, PARAMS)
    feed.history(candles)
    return feed


def changed(candle: Floats) -> Floats:
    other = candle.copy()
    other[CLOSE] = other[HIGH] = other[HIGH] + 3.0
    other[VOLUME] += 1.0
    return other


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({CLOSE: math.nan}, Reject.NOT_FINITE),
        ({HIGH: math.inf}, Reject.NOT_FINITE),
        ({OPEN_MS: math.nan}, Reject.NOT_FINITE),
        ({VOLUME: math.nan}, Reject.NOT_FINITE),
        ({DELTA: math.inf}, Reject.NOT_FINITE),
        ({LOW: 0.0}, Reject.NO_PRICE),
        ({LOW: 1e9}, Reject.RANGE),
        ({HIGH: 1.0}, Reject.RANGE),
        ({VOLUME: -1.0}, Reject.NO_SIZE),
        ({TURNOVER: -1e-9}, Reject.NO_SIZE),
        ({OPEN_MS: 1_700_006_400_001.0}, Reject.MISALIGNED),
        ({OPEN_MS: 1e300}, Reject.MISALIGNED),
    ],
)
def test_what_cannot_be_a_candle_is_counted_and_leaves_no_trace(cells: dict[int, float], reason: Reject) -> None:
    candles = random_candles(4, 100)
    feed = feed_of(candles[:, :99])
    before, outputs = feed.state.tobytes(), feed.outputs.tobytes()
    bad = candles[:, 99].copy()
    for cell, value in cells.items():
        bad[cell] = value
    fed = feed.close(bad)
    assert (fed.verdict, fed.reject, fed.outputs) == (Verdict.REJECTED, reason, None)
    assert feed.state.tobytes() == before
    assert feed.outputs.tobytes() == outputs
    assert not feed.peek(bad, np.empty(len(COLUMNS)))
    assert dict(feed.rejected) == {reason: 1}
    assert feed.close(candles[:, 99]).verdict is Verdict.ACCEPTED
    assert feed.state.tobytes() == feed_of(candles).state.tobytes()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 300), data=st.data())
def test_history_is_the_same_as_one_candle_after_the_other(seed: int, count: int, data: st.DataObject) -> None:
    """Over gaps of any length, bad rows, duplicates and rows out of order."""
    rng = np.random.default_rng(seed)
    candles = random_candles(seed, count)
    candles[OPEN_MS] += MINUTE_MS * np.cumsum(rng.choice([0, 0, 0, 0, 0, 0, 1, 3, 4, 500], count))
    order = np.sort(np.concatenate((np.arange(count), rng.integers(0, count, count // 20))))
    order[rng.random(order.size) < 0.03] = 0
    candles = np.ascontiguousarray(candles[:, order])
    candles[CLOSE, rng.random(order.size) < 0.02] = math.nan
    cut = data.draw(st.integers(0, order.size))
    whole, single = CandleFeed(Timeframe.M1, PARAMS), CandleFeed(Timeframe.M1, PARAMS)
    parts = [whole.history(candles[:, :cut]), whole.history(candles[:, cut:])]
    outputs = np.concatenate([part.outputs for part in parts])
    rejects = parts[0].rejects + parts[1].rejects
    filled = 0
    for index in range(order.size):
        fed = single.close(candles[:, index].copy())
        filled += fed.filled
        if fed.verdict is Verdict.ACCEPTED:
            assert fed.outputs is not None
            assert fed.outputs.tobytes() == outputs[index].tobytes()
        else:
            assert np.isnan(outputs[index]).all()
            assert rejects[index] is not None
    assert single.state.tobytes() == whole.state.tobytes()
    assert single.rejected == whole.rejected
    assert filled == parts[0].filled + parts[1].filled


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_short_gap_is_filled_with_flat_candles(missing: int) -> None:
    candles = random_candles(9, 200)
    feed = feed_of(candles[:, :150])
    fed = feed.close(candles[:, 150 + missing])
    assert (fed.verdict, fed.filled, fed.was_reset) == (Verdict.ACCEPTED, missing, False)
    by_hand = candles[:, : 151 + missing].copy()
    for index in range(150, 150 + missing):
        by_hand[1:8, index] = [*[candles[CLOSE, 149]] * 4, 0.0, 0.0, 0.0]
        by_hand[SYNTHETIC, index] = 1.0
    expected = CANDLE_TABLE.new_state()
    out = CANDLE_TABLE.batch(by_hand, PARAMS, expected)
    assert feed.state.tobytes() == expected.tobytes()
    assert feed.outputs[BARS] == 151
    assert out[150, GAP] == 1
    assert feed.outputs[GAP] == 0


@pytest.mark.parametrize("missing", [4, 500])
def test_a_long_gap_begins_anew_and_says_so(missing: int) -> None:
    candles = random_candles(9, 1000)
    feed = feed_of(candles[:, :150])
    history = feed.history(candles[:, 150 + missing :])
    assert (history.filled, history.resets) == (0, 1)
    fresh = CANDLE_TABLE.batch(candles[:, 150 + missing :].copy(), PARAMS, CANDLE_TABLE.new_state())
    same = [index for index in range(len(COLUMNS)) if index != GAP]
    np.testing.assert_array_equal(history.outputs[:, same], fresh[:, same])
    assert history.outputs[:, GAP].tolist() == [1.0] * 249 + [0.0] * (len(fresh) - 249)


def test_a_preview_is_of_the_next_candle_only_and_changes_nothing() -> None:
    candles = random_candles(9, 200)
    feed, out = feed_of(candles[:, :150]), np.empty(len(COLUMNS))
    before = feed.state.tobytes()
    assert not feed.peek(candles[:, 149], out)
    assert not feed.peek(candles[:, 151], out)
    assert feed.peek(candles[:, 150], out)
    assert feed.state.tobytes() == before
    fed = feed.close(candles[:, 150])
    assert fed.outputs is not None
    assert fed.outputs.tobytes() == out.tobytes()


@pytest.mark.parametrize("back", [0, 3, 40, 63])
@pytest.mark.parametrize("count", [70, 128, 500, 1000])
def test_a_revision_is_the_same_as_a_rebuild(count: int, back: int) -> None:
    candles = random_candles(6, count + 50)
    feed = feed_of(candles[:, :count])
    place = count - 1 - back
    candles[:, place] = changed(candles[:, place])
    fed = feed.close(candles[:, place])
    assert fed.verdict is Verdict.REVISED
    rebuilt = feed_of(candles[:, :count])
    assert feed.state.tobytes() == rebuilt.state.tobytes()
    assert feed.outputs.tobytes() == rebuilt.outputs.tobytes()
    assert feed.close(candles[:, place]).verdict is Verdict.SAME
    for index in range(count, count + 50):
        feed.close(candles[:, index])
        rebuilt.close(candles[:, index])
    assert feed.state.tobytes() == rebuilt.state.tobytes()


def test_a_revision_600_candles_back_asks_for_the_history() -> None:
    candles = random_candles(6, 1000)
    feed = feed_of(candles)
    before = feed.state.tobytes()
    candles[:, 399] = changed(candles[:, 399])
    fed = feed.close(candles[:, 399])
    assert (fed.verdict, fed.outputs) == (Verdict.TOO_OLD, None)
    assert feed.state.tobytes() == before
    assert not feed.rejected


def test_a_candle_that_comes_late_takes_the_place_of_its_filling() -> None:
    candles = random_candles(12, 210)
    feed = feed_of(np.delete(candles, [200, 201], axis=1))
    assert feed.close(candles[:, 201]).verdict is Verdict.REVISED
    assert feed.close(candles[:, 200]).verdict is Verdict.REVISED
    assert feed.state.tobytes() == feed_of(candles).state.tobytes()


def test_a_revised_close_moves_the_flat_candles_behind_it() -> None:
    candles = random_candles(12, 210)
    holed = np.delete(candles, [200, 201], axis=1)
    feed = feed_of(holed)
    holed[:, 199] = changed(holed[:, 199])
    feed.close(holed[:, 199])
    assert feed.state.tobytes() == feed_of(holed).state.tobytes()


def test_a_candle_of_a_hole_that_was_never_filled_is_out_of_order() -> None:
    candles = random_candles(12, 300)
    feed = feed_of(np.delete(candles, np.arange(100, 200), axis=1))
    assert feed.close(candles[:, 150]).verdict is Verdict.TOO_OLD
    reversed_order = CandleFeed(Timeframe.M1, PARAMS).history(np.ascontiguousarray(candles[:, ::-1]))
    assert reversed_order.rejects[1:] == [Reject.OUT_OF_ORDER] * 299


def test_no_more_than_two_copies_are_kept() -> None:
    feed = feed_of(random_candles(1, 1000))
    assert len(feed._copies) <= 2
    assert len(feed._log) < 2 * CHECKPOINT_EVERY


@pytest.mark.parametrize(
    ("timeframe", "opens", "gaps"),
    [
        (Timeframe.W1, [4 * DAY_MS + week * WEEK_MS for week in (0, 1, 2, 4, 5)], 1),
        (Timeframe.MO1, [0, 31 * DAY_MS, 59 * DAY_MS, 90 * DAY_MS, 151 * DAY_MS], 1),
    ],
)
def test_weeks_begin_on_monday_and_months_have_their_own_lengths(
    timeframe: Timeframe, opens: list[int], gaps: int
) -> None:
    candles = random_candles(3, len(opens))
    candles[OPEN_MS] = opens
    params = np.array([0.1, 0.0, DAY_MS, timeframe.duration_ms])
    feed = CandleFeed(timeframe, params)
    history = feed.history(candles)
    assert history.rejects == [None] * len(opens)
    assert history.filled == gaps
    off = candles[:, -1].copy()
    off[OPEN_MS] += 3 * DAY_MS
    assert feed.close(off).reject is Reject.MISALIGNED


def test_real_files_pass_whole(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_other/UNITTEST_BTC-1m.feather")
    feed = CandleFeed(Timeframe.M1, np.array([series.tick_size, 0.0, DAY_MS, MINUTE_MS]))
    history = feed.history(series.candles)
    assert history.rejects == [None] * series.candles.shape[1]
    missing = np.diff(series.candles[OPEN_MS]) / MINUTE_MS - 1
    assert history.filled == missing[missing <= 3].sum()
    assert history.resets == (missing > 3).sum() > 0
    assert np.isfinite(feed.state).all()


def test_a_file_without_volume_and_turnover() -> None:
    column = np.array([100.04, 101.0])
    table = OhlcvTable(Path("x.csv"), np.array([0, 60_000]), column, column, column, column, None, None)
    candles = candles_of(table, 0.1)
    assert candles[CLOSE].tolist() == [1000.0, 1010.0]
    assert candles[[VOLUME, TURNOVER, SYNTHETIC]].tolist() == [[0.0, 0.0]] * 3
    assert np.isnan(candles[DELTA]).all()
