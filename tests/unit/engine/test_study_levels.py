"""Levels to draw are those of the analysis, with touches and extent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit.engine.test_studies import BTC, page, ready, series, settled, view_of
from virtuoso_desktop.analysis import levels as kinds
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE, COLUMNS, table_params
from virtuoso_desktop.engine.study_kernels import TableState, table_state
from virtuoso_desktop.engine.study_levels import MOST_LEVELS, levels_of
from virtuoso_desktop.engine.views import LevelView
from virtuoso_desktop.market.candles import CandleSeries
from virtuoso_desktop.model.study import StudyKind, study_of
from virtuoso_desktop.model.timeframe import Timeframe

pytestmark = pytest.mark.deadline_s(120)  # the first run on a machine compiles


NAMES = {
    kinds.OF_SWINGS: "",
    kinds.OF_DAY_HIGH: "PDH",
    kinds.OF_DAY_LOW: "PDL",
    kinds.OF_CONTROL: "POC",
    kinds.OF_VALUE_HIGH: "VAH",
    kinds.OF_VALUE_LOW: "VAL",
}


def table_of(rows: np.ndarray) -> tuple[np.ndarray, TableState]:
    """The analysis' columns of the newest candle, and the state after it."""
    long = np.vstack((rows, np.full((1, rows.shape[1]), np.nan), np.zeros((1, rows.shape[1]))))
    state = CANDLE_TABLE.new_state()
    return CANDLE_TABLE.batch(long, table_params(BTC, Timeframe.M5), state)[-1], table_state(state)


def levels_at(rows: np.ndarray) -> tuple[LevelView, ...]:
    """The levels to draw after these candles."""
    columns, state = table_of(rows)
    made = CandleSeries(BTC, Timeframe.M5)
    made.merge(rows, int(rows[0, -1]) + 10**9)
    return levels_of(state, view_of(made), float(columns[COLUMNS.index("atr")]))


@pytest.mark.parametrize("count", range(700, 2900, 173))
def test_the_nearest_levels_that_the_next_candle_is_scored_by_are_drawn(count: int) -> None:
    levels = levels_at(page(0, count))
    columns = dict(zip(COLUMNS, table_of(page(0, count + 1))[0].tolist(), strict=True))
    before = float(page(count - 1, 1)[4, 0])
    checked = 0
    for name in ("support", "resistance"):
        price, strength = columns[name], columns[f"{name}_strength"]
        if not math.isfinite(price) or min(before, columns["close"]) <= price <= max(before, columns["close"]):
            continue
        checked += 1
        drawn = [level for level in levels if abs(level.price - price) < 1e-6]
        if drawn:
            assert drawn[0].strength == pytest.approx(strength, abs=1e-9)
            assert drawn[0].is_support == (name == "support")
            assert NAMES[columns[f"{name}_kind"]] in {level.name for level in drawn}
        else:
            assert len(levels) == MOST_LEVELS
            assert min(level.strength for level in levels) >= strength - 1e-9
    assert checked


def test_levels_are_at_most_five_strongest_first_and_cover_their_touches() -> None:
    levels = levels_at(page(0, 2500))
    assert 0 < len(levels) <= MOST_LEVELS
    strengths = [level.strength for level in levels]
    assert strengths == sorted(strengths, reverse=True)
    for level in levels:
        assert level.low <= level.price <= level.high
        assert 0 < level.strength <= 1
        assert level.touches >= 2 or level.touches == 0


def test_levels_of_the_profile_and_of_the_day_before_are_told_by_their_names() -> None:
    """Over many moments each of them is drawn, at its price, from the begin of its session or day on."""
    seen: set[str] = set()
    for count in range(900, 2900, 100):
        rows = page(0, count)
        session = rows[0] // 86_400_000
        before = session == session[-1] - 1
        for level in levels_at(rows):
            assert bool(level.name) == (level.touches == 0)
            if level.name.startswith("PD"):
                assert level.price == (rows[2, before].max() if level.name == "PDH" else rows[3, before].min())
            elif level.name:
                assert level.since_ms == session[-1] * 86_400_000
                now = session == session[-1]
                assert rows[3, now].min() - 1000 < level.price < rows[2, now].max() + 1000
            seen.add(level.name)
    assert seen == {"", "PDH", "PDL", "POC", "VAH", "VAL"}


def test_a_level_is_where_the_market_turned() -> None:
    legs = [np.linspace(900_000, 901_000, 12), np.linspace(901_000, 900_000, 12)] * 8
    close = np.rint(np.concatenate(legs))
    opens = np.concatenate((close[:1], close[:-1]))
    times = 1_743_811_200_000 + np.arange(len(close)) * 300_000.0
    high, low = np.maximum(opens, close) + 5, np.minimum(opens, close) - 5
    rows = np.vstack((times, opens, high, low, close, np.full(len(close), 3.0), close * 0.3))
    levels = levels_at(rows)
    assert {round(level.price, -2) for level in levels if level.touches} == {900_000, 901_000}
    support = next(level for level in levels if level.is_support and level.touches)
    assert support.touches >= 5
    assert support.since_ms < times[60]


def test_nothing_is_said_without_enough_candles() -> None:
    assert levels_at(page(0, 10)) == ()


async def test_the_engine_tells_the_levels_only_when_they_are_chosen() -> None:
    studies, made = await ready((study_of(StudyKind.LEVELS),)), series(0, 1000)
    settled(studies, made)
    first = studies.view(BTC, Timeframe.M5, view_of(made)).levels
    assert first
    assert studies.view(BTC, Timeframe.M5, view_of(made)).levels is first
    studies.choose((study_of(StudyKind.SWINGS),))
    settled(studies, made)
    assert studies.view(BTC, Timeframe.M5, view_of(made)).levels == ()
