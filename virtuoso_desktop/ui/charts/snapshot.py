"""The chart as it was seen last, in the form of live data."""

from __future__ import annotations

import numpy as np

from virtuoso_desktop.engine.views import CandleView, ChartSnapshot, ChartView, RowState, StudiesView


def chart_of(snapshot: ChartSnapshot) -> ChartView:
    """A snapshot as a chart view: no studies, nothing forming, every row last seen."""
    columns = np.array(snapshot.candles, dtype=np.float64).reshape(7, -1)
    candles = CandleView(columns, version=-1, base_version=-1, last_is_forming=False, is_complete_left=False)
    return ChartView(
        instrument=snapshot.instrument,
        timeframe=snapshot.timeframe,
        candles=candles,
        studies=StudiesView("preparing", {}, 0, -1, -1),
        last_price_ticks=None,
        state=RowState.LAST_SEEN,
        newest_ms=snapshot.as_of_ms,
        is_loading_older=False,
        load_error=None,
    )
