"""One path for files, first loads and live candles."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_adapter import instrument
from tests.scored_series import scored, walk
from virtuoso_desktop.analysis.results import Subject
from virtuoso_desktop.analysis.scoring import scoring_params
from virtuoso_desktop.analysis.series_gate import SeriesColumns, gate_series
from virtuoso_desktop.engine.analysed_series import AnalysedSeries
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.result import Profile
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings

LATER_MS = 1 << 44
BTC = msgspec.structs.replace(instrument("BTCUSDT"), tick_size=Decimal(1))
EDITS = st.lists(st.tuples(st.integers(1, 119), st.sampled_from("bdgGo")), max_size=6)


def fresh() -> AnalysedSeries:
    default = resource("config/default.yaml")
    analysis = load_settings(
        default_file=default, profile=default.parent, config_file=None, overrides=(), environ={}
    ).settings.analysis
    subject = Subject(BTC.id, Timeframe.M5, Source.DEMO, Profile.CANDLES_ONLY, 0.1, (0.0,) * 6, "")
    return AnalysedSeries(subject, BTC, scoring_params(analysis, Profile.CANDLES_ONLY))


def edited(seed: int, edits: list[tuple[int, str]]) -> np.ndarray:
    """A walk with broken rows (b), doubles (d), rows out of order (o), short (g) and long gaps (G)."""
    rows = walk(seed, 120)[:7]
    for place, kind in edits:
        if kind == "b":
            rows[2, place] = np.nan
        elif kind == "d":
            rows[0, place] = rows[0, place - 1]
        elif kind == "o":
            rows[0, place] = rows[0, max(0, place - 7)]
        else:
            rows[0, place:] += (2 if kind == "g" else 9) * Timeframe.M5.duration_ms
    return rows


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), edits=EDITS)
def test_candles_that_come_one_by_one_are_judged_as_a_file_is(seed: int, edits: list[tuple[int, str]]) -> None:
    rows = edited(seed, edits)
    series = gate_series(SeriesColumns(rows[0].astype(np.int64), *rows[1:]), Timeframe.M5, 1.0, LATER_MS)
    outcome = scored(series).outcome
    live = fresh()
    taken: list[int] = []
    for index, candle in enumerate(rows.T.tolist()):
        if live.open_ms is not None and candle[0] <= live.open_ms:
            continue  # live, this is a revision; in a file the first row stands
        if live.feed_one(candle):
            taken.append(index)
            place = int(np.flatnonzero(series.row == index)[0])
            np.testing.assert_array_equal(live.out[-outcome.shape[1] :], outcome[place])
    assert taken == series.row[series.row >= 0].tolist()


@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 119))
@settings(max_examples=20)
def test_any_stretches_leave_the_same_state(seed: int, cut: int) -> None:
    rows = walk(seed, 120)[:7]
    whole, parts = fresh(), fresh()
    assert sum(whole.feed(rows, LATER_MS)) == 120
    sum(parts.feed(rows[:, :cut], LATER_MS))
    sum(parts.feed(rows, LATER_MS))
    assert whole.table_state.tobytes() == parts.table_state.tobytes()
    assert whole.score_state.tobytes() == parts.score_state.tobytes()
    np.testing.assert_array_equal(whole.out, parts.out)
