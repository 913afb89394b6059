"""The columns of the candle table that a regime is read from. Imports numba: only once the kernels are compiled."""

from __future__ import annotations

import numpy as np

from virtuoso_desktop.analysis.candle_table import AFTER_GAP, CANDLE_TABLE, table_params
from virtuoso_desktop.analysis.layout import T_ADX, T_BARS, T_ER, T_MINUS_DI, T_PLUS_DI, T_R2, T_SLOPE
from virtuoso_desktop.analysis.regime import Floats, TrendColumns
from virtuoso_desktop.analysis.series_gate import SeriesColumns, gate_series
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import Timeframe


def trend_columns(
    rows: Floats, instrument: Instrument, timeframe: Timeframe, now_ms: int
) -> tuple[Floats, TrendColumns]:
    """Open times and columns of closed candles since the last long gap.

    Parameters
    ----------
    rows : ndarray, shape (7, n)
        Rows of a series, oldest first, prices in ticks.
    """
    columns = SeriesColumns(rows[0].astype(np.int64), rows[1], rows[2], rows[3], rows[4], rows[5], rows[6])
    gated = gate_series(columns, timeframe, 1.0, now_ms)
    begins = np.flatnonzero(gated.is_reset)
    first = int(begins[-1]) if begins.size else 0
    candles = np.ascontiguousarray(gated.candles[:, first:])
    state = CANDLE_TABLE.new_state()
    state[AFTER_GAP] = float(first > 0)
    table = CANDLE_TABLE.batch(candles, table_params(instrument, timeframe), state)
    wanted = (T_ADX, T_PLUS_DI, T_MINUS_DI, T_SLOPE, T_R2, T_ER, T_BARS)
    return candles[0], TrendColumns(*(np.ascontiguousarray(table[:, column]) for column in wanted))
