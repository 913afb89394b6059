"""Swings, breaks of structure and levels, on drawn paths and on real candles."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import talib

from tests.candle_series import series_of
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE, COLUMNS, MACHINE, PIVOTS
from virtuoso_desktop.analysis.kernels import CLOSE, HIGH, LOW, OPEN, OPEN_MS, SYNTHETIC, VOLUME, Floats
from virtuoso_desktop.analysis.levels import LEVEL_CELLS, LEVELS, NAMED_STRENGTH, OF_DAY_HIGH, TABLE
from virtuoso_desktop.analysis.structure import SWING_DELAY
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

AT = {name: index for index, name in enumerate(COLUMNS)}
PARAMS = np.array([0.1, 0.0, float(DAY_MS), float(MINUTE_MS)])
LEG = 6
"""Candles from one turn of a drawn path to the next."""


def path(*turns: float, start: float = 1000.0) -> Floats:
    """Candles of 20 ticks that go straight from one turn to the next; each turn's candle has the turn as its close."""
    lead = start + 10.0 * np.sin(np.arange(40) * np.pi / 3.0)
    lead[-1] = start
    closes = [np.rint(lead)]
    for turn in turns:
        closes.append(np.rint(np.linspace(closes[-1][-1], turn, LEG + 1)[1:]))
    close = np.concatenate(closes)
    opens = np.concatenate(([close[0]], close[:-1]))
    candles = np.zeros((9, close.size))
    candles[OPEN_MS] = MINUTE_MS * np.arange(close.size)
    candles[OPEN], candles[CLOSE] = opens, close
    candles[HIGH], candles[LOW] = np.maximum(opens, close) + 1.0, np.minimum(opens, close) - 1.0
    candles[VOLUME] = 10.0
    candles[SYNTHETIC] = 0.0
    return candles


def run(candles: Floats, params: Floats = PARAMS) -> tuple[Floats, Floats]:
    state = CANDLE_TABLE.new_state()
    return CANDLE_TABLE.batch(np.ascontiguousarray(candles), params, state), state


def column(out: Floats, name: str) -> Floats:
    return out[:, AT[name]]


def events(out: Floats, name: str) -> list[float]:
    values = column(out, name)
    return values[(values != 0) & ~np.isnan(values)].tolist()


def plain_swings(candles: Floats, atr: Floats) -> list[tuple[int, float, float]]:
    """(index of confirmation, kind, price) by the words of P1, looking at whole arrays."""
    high, low = candles[HIGH], candles[LOW]
    found: list[tuple[int, float, float]] = []
    last: list[tuple[float, float]] = []
    for at in range(14, high.size - 2):
        is_high = high[at] > high[at - 2 : at].max() and high[at] >= high[at + 1 : at + 3].max()
        is_low = low[at] < low[at - 2 : at].min() and low[at] <= low[at + 1 : at + 3].min()
        if is_high and is_low and not last:
            continue
        kinds = [(1.0, high[at])] * int(is_high) + [(-1.0, low[at])] * int(is_low)
        if last and last[-1][0] < 0:
            kinds.reverse()
        for kind, price in kinds:
            if last and last[-1][0] == kind:
                if kind * (price - last[-1][1]) <= 0:
                    continue
                last[-1] = (kind, price)
            else:
                if last and kind * (price - last[-1][1]) < atr[at]:
                    continue
                last.append((kind, price))
            found.append((at + SWING_DELAY, kind, float(price)))
    return found


@pytest.mark.parametrize("name", ["BTCUSDT_15m", "DOGEUSDT_5m", "ETHUSDT_60m"])
def test_swings_are_known_two_candles_later_and_alternate(real_data: Path, name: str) -> None:
    (series,) = series_of(real_data / f"d_ohlcv_bybit_linear/{name}.csv.gz")
    candles = np.ascontiguousarray(series.candles[:, :5000])
    out, _ = run(candles, np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms]))
    expected = plain_swings(candles, column(out, "atr"))
    assert len(expected) > 50
    got = [
        (index, kind, float(column(out, which)[index]))
        for index in range(candles.shape[1])
        for kind, which in ((1.0, "swing_high"), (-1.0, "swing_low"))
        if not math.isnan(column(out, which)[index])
    ]
    assert sorted(got) == sorted(set(expected))


def test_a_fractal_without_plateaus_is_talibs(real_data: Path) -> None:
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/BTCUSDT_15m.csv.gz")
    candles = series.candles
    top, bottom = talib.FRACTAL(candles[HIGH], candles[LOW], 2, 2)
    out, _ = run(candles, np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms]))
    swings = np.flatnonzero(~np.isnan(column(out, "swing_high")))
    assert swings.size > 300
    plateau = (candles[HIGH][swings - 2] == candles[HIGH][swings - 1]) | (
        candles[HIGH][swings - 2] == candles[HIGH][swings]
    )
    reported = np.nan_to_num(top[swings]) != 0
    np.testing.assert_array_equal(reported, ~plateau)
    assert np.count_nonzero(np.nan_to_num(bottom)) > swings.size / 2


UP = (1100.0, 1050.0, 1160.0, 1110.0, 1220.0, 1170.0)


def test_rising_highs_and_lows_are_a_structure_of_one_and_breaks_confirm_it() -> None:
    out, _ = run(path(*UP, 1280.0))
    assert column(out, "structure")[-1] == 1.0
    assert set(events(out, "bos")) == {1.0}
    assert column(out, "break_value")[-1] > 0.5


def test_a_break_loses_weight_with_age_and_ends_when_the_close_is_back() -> None:
    out, _ = run(path(*UP, 1280.0, 1200.0))
    value, bos = column(out, "break_value"), column(out, "bos")
    broken = int(np.flatnonzero(bos)[-1])
    assert value[broken] == 1.0
    assert value[broken + 1] == pytest.approx(math.exp(-0.1))
    assert value[broken + 2] == pytest.approx(math.exp(-0.2))
    back = int(np.flatnonzero(value[broken:] == 0.0)[0]) + broken
    level = 1221.0
    assert column(out, "close")[back] <= level < column(out, "close")[back - 1]
    assert not value[back:].any()


def test_a_close_under_the_last_low_is_a_change_and_the_next_break_a_new_structure() -> None:
    out, _ = run(path(*UP, 1280.0, 1090.0, 1150.0, 1030.0))
    assert events(out, "choch") == [-1.0]
    change = int(np.flatnonzero(column(out, "choch"))[0])
    assert column(out, "structure")[change] == 0.0
    down = int(np.flatnonzero(column(out, "bos") < 0)[0])
    assert not column(out, "structure")[change:down].any()
    assert column(out, "structure")[down] == -1.0
    assert np.count_nonzero(column(out, "bos") < 0) == 1, "a swing is broken once"


def test_a_change_that_is_taken_back_is_a_change_to_the_other_side() -> None:
    out, _ = run(path(*UP, 1280.0, 1150.0, 1300.0))
    assert events(out, "choch") == [-1.0, 1.0]
    assert column(out, "structure")[-1] == 0.0


def test_a_wick_over_the_high_is_a_sweep_and_no_break() -> None:
    candles = path(*UP, 1215.0)
    candles[HIGH, -1] = 1240.0
    out, _ = run(candles)
    assert column(out, "sweep")[-1] == 1.0
    assert column(out, "bos")[-1] == 0.0


# --- levels --------------------------------------------------------------------------------------------------------

RANGE = (1100.0, 1000.0) * 5


def test_a_range_has_a_support_and_a_resistance_that_grow_with_touches() -> None:
    candles = path(*RANGE, 1050.0)
    out, _ = run(candles)
    assert column(out, "support")[-1] == pytest.approx(999.0)
    assert column(out, "resistance")[-1] == pytest.approx(1101.0)
    strength = column(out, "resistance_strength")
    known = strength[~np.isnan(column(out, "resistance")) & (np.abs(column(out, "resistance") - 1101.0) < 1e-6)]
    assert known[0] < known[-1] < 1.0
    ages = np.arange(5) * 2.0 * LEG
    newest = 1.0 - math.exp(-0.5 * np.sum(2.0 ** (-ages / 100.0)))
    assert strength[-1] == pytest.approx(newest, abs=0.05)


def test_a_broken_resistance_supports_for_50_candles() -> None:
    candles = path(*RANGE, 1180.0, *[1180.0] * 12)
    out, _ = run(candles)
    support = column(out, "support")
    broken = int(np.flatnonzero(np.abs(support - 1101.0) < 1e-6)[0])
    close = column(out, "close")
    atr = column(out, "atr")
    first = int(np.flatnonzero(close > 1101.0 + 0.25 * atr)[0])
    assert broken == first + 1, "levels are made when a candle has closed"
    supported = np.abs(support - 1101.0) < 1e-6
    assert supported[first + 1 : first + 51].all()
    assert not supported[first + 51 :].any()


def test_levels_need_two_touches_three_candles_apart(real_data: Path) -> None:
    """On real candles: sorted, strictly apart, of strength between 0 and 1; the nearest is what the table says."""
    (series,) = series_of(real_data / "d_ohlcv_bybit_linear/ETHUSDT_15m.csv.gz")
    params = np.array([series.tick_size, 0.0, DAY_MS, series.spacing_ms])
    state, out = CANDLE_TABLE.new_state(), np.empty(len(COLUMNS))
    seen = 0
    for index in range(1500):
        candle = series.candles[:, index].copy()
        count = int(state[PIVOTS + LEVELS])
        cells = state[PIVOTS + TABLE : PIVOTS + TABLE + count * LEVEL_CELLS].reshape(count, LEVEL_CELLS).copy()
        CANDLE_TABLE.step(state, candle, params, out)
        assert (np.diff(cells[:, 0]) > 0).all()
        assert ((cells[:, 1] > 0) & (cells[:, 1] < 1)).all()
        below = cells[(cells[:, 0] < candle[CLOSE]) & (cells[:, 2] >= index + 1)]
        if below.size and out[AT["support_kind"]] == 0.0:
            assert out[AT["support"]] == below[-1, 0]
            seen += 1
    assert seen > 200


def test_the_day_before_gives_a_level_when_it_was_seen_whole() -> None:
    count = 3 * 1440
    close = 1000.0 + np.rint(50.0 * np.sin(np.arange(count) * 2 * np.pi / 1440.0))
    candles = np.zeros((9, count))
    candles[OPEN_MS] = 720 * MINUTE_MS + MINUTE_MS * np.arange(count)
    candles[OPEN] = candles[CLOSE] = close
    candles[HIGH], candles[LOW] = close + 1, close - 1
    candles[VOLUME] = 1.0
    out, state = run(candles)
    resistance, by_day = column(out, "resistance"), column(out, "resistance_kind") == OF_DAY_HIGH
    assert (column(out, "resistance_strength")[by_day] >= NAMED_STRENGTH).all()
    day = candles[OPEN_MS] // DAY_MS
    assert not by_day[day == 1].any(), "the first day was not seen from its beginning"
    assert (resistance[by_day & (day == 2)] == close[day == 1].max() + 1).all()
    assert by_day[day == 2].any()
    assert np.isfinite(state[MACHINE:]).all()


def test_a_daily_candle_has_no_day_before() -> None:
    candles = path(1100.0, 1000.0)
    candles[OPEN_MS] *= 1440
    out, _ = run(candles, np.array([0.1, 0.0, DAY_MS, DAY_MS]))
    assert not (column(out, "support_kind") > 0).any()
    assert not np.isnan(column(out, "support")).all()
