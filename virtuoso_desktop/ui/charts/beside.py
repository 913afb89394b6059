"""Series beside the candles, brought to the candles in view: what a bar makes of the values within it. No Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.engine.beside_views import BesideSeries, BesideView, Fold
from virtuoso_desktop.ui.charts.slots import open_of, opens_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from virtuoso_desktop.model.timeframe import Timeframe

    Floats = NDArray[np.float64]


def columns_beside(view: BesideView, keys: Floats, per_column: int, timeframe: Timeframe) -> dict[str, Floats]:
    """Values of the bars in view, NaN where nothing is known.

    Parameters
    ----------
    keys : ndarray
        Bars in view, each of ``per_column`` slots; bar k begins with slot k * per_column.
    """
    if not view.series or not len(keys):
        return {}
    begins, ends = opens_of(keys * per_column, timeframe), opens_of((keys + 1.0) * per_column, timeframe)
    found: dict[str, Floats] = {}
    for series in view.series.values():
        if series.reason is None:
            found |= folded(series, begins, np.minimum(ends, view.now_ms + 1.0))
    return found


def newest_beside(view: BesideView, slot: int, timeframe: Timeframe) -> dict[str, float | None]:
    """Values of the newest candle; what is running counts before what was."""
    if not view.series:
        return {}
    begins = np.array([float(open_of(slot, timeframe))])
    ends = np.array([min(float(open_of(slot + 1, timeframe)), view.now_ms + 1.0)])
    found: dict[str, float | None] = {}
    for series in view.series.values():
        if series.reason is not None:
            continue
        cells = {name: float(column[0]) for name, column in folded(series, begins, ends).items()}
        if open_of(slot + 1, timeframe) > view.now_ms:
            is_sum = series.fold is Fold.SUM
            cells |= {name: value + (cells[name] if is_sum else 0.0) for name, value in series.running.items()}
        found |= {name: None if math.isnan(cell) else cell for name, cell in cells.items()}
    return found


def folded(series: BesideSeries, begins: Floats, ends: Floats) -> dict[str, Floats]:
    """The values of a series in the spans [begins, ends)."""
    times = series.time_ms
    last = np.searchsorted(times, ends)
    if series.fold is Fold.LAST:
        place = np.maximum(last - 1, 0)
        is_known = last > 0
        if len(times):
            is_known &= ends - times[place] <= series.hold_ms + 1.0
            return {name: np.where(is_known, values[place], np.nan) for name, values in series.values.items()}
        return {name: np.full(len(ends), np.nan) for name in series.values}
    first = np.searchsorted(times, begins)
    count = last - first
    found: dict[str, Floats] = {}
    is_covered = _covered(series, begins, ends)
    for name, values in series.values.items():
        whole = np.concatenate(([0.0], np.cumsum(values)))
        total = whole[last] - whole[first]
        if series.fold is Fold.MEAN:
            is_covered = is_covered & (count > 0)
            total = total / np.maximum(count, 1)
        found[name] = np.where(is_covered, total, np.nan)
    return found


def _covered(series: BesideSeries, begins: Floats, ends: Floats) -> NDArray[np.bool_]:
    """Whether any of a bar was recorded."""
    if series.covered is None:
        return np.ones(len(begins), dtype=np.bool_)
    found = np.zeros(len(begins), dtype=np.bool_)
    for from_ms, to_ms in series.covered:
        found |= (ends > from_ms) & (begins < to_ms)
    return found & (ends > begins)


def matched(opens: Floats, values: Floats, wanted: Floats) -> Floats:
    """The value of each wanted open time, NaN where there is none."""
    if not len(opens):
        return np.full(len(wanted), np.nan)
    place = np.minimum(np.searchsorted(opens, wanted), len(opens) - 1)
    return np.where(opens[place] == wanted, values[place], np.nan)
