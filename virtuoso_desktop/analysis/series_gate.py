"""Which rows of a whole series are candles, and what stands in the place of missing ones (analysis 0.2 to 0.8).

For a file, all rows at once; `candle_gate` is the same for candles that come one by one and may be revised.
Nothing is repaired: a row that is no candle is left out with a `Verdict`. Up to three missing candles are filled with
flat ones of no volume, marked as such; after a longer gap everything begins anew.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.kernels import (
    CLOSE,
    DELTA,
    OPEN,
    OPEN_MS,
    SYNTHETIC,
    TABLE_CANDLE_WIDTH,
    TURNOVER,
    VOLUME,
)
from virtuoso_desktop.model.timeframe import MONDAY_OFFSET_MS, Timeframe

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]

MOST_FILLED = 3
"""Missing candles that flat ones stand for; after more of them the state begins anew."""
MOST_TICKS = float(1 << 50)
"""Eight such prices still add up exactly in a float."""
MOST_SIZE = 1e30


class Verdict(Enum):
    """What became of a row."""

    TAKEN = 0
    NOT_FINITE = 1
    NO_PRICE = 2
    BAD_RANGE = 3
    BAD_SIZE = 4
    TOO_LARGE = 5
    OFF_GRID = 6
    DUPLICATE = 7
    OUT_OF_ORDER = 8
    NOT_CLOSED = 9


class SeriesColumns(NamedTuple):
    """Rows as they came, oldest first; prices and turnover in quote coin, volume in base coin, None: no such column."""

    open_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats | None
    turnover: Floats | None


class GatedSeries(NamedTuple):
    """What the indicators are fed."""

    verdicts: NDArray[np.int8]
    """`Verdict` of each row."""
    candles: Floats
    """Shape (9, fed): candles and fillers, oldest first."""
    row: Ints
    """Row that a candle came from, -1 for a filler."""
    close_ms: Ints
    is_reset: Marks
    """True where everything begins anew with this candle."""

    @property
    def rejected(self) -> int:
        """Rows that are no candle; one that is not closed is not counted."""
        return int(np.count_nonzero((self.verdicts != Verdict.TAKEN.value) & (self.verdicts != NOT_CLOSED)))


NOT_CLOSED = Verdict.NOT_CLOSED.value


def gate_series(columns: SeriesColumns, timeframe: Timeframe, tick_size: float, now_ms: int) -> GatedSeries:
    """Judge the rows of a series and lay out what is fed, with prices on the grid of ``tick_size``."""
    prices = np.vstack((columns.open, columns.high, columns.low, columns.close))
    with np.errstate(over="ignore", invalid="ignore"):
        ticks = np.rint(prices / tick_size)
    verdicts = _judge(columns, prices, ticks, timeframe, now_ms)
    row = np.flatnonzero(verdicts == Verdict.TAKEN.value)
    slots = _slots(columns.open_ms[row], timeframe)
    missing = np.diff(slots, prepend=slots[:1] - 1) - 1
    filled = np.where(missing <= MOST_FILLED, missing, 0)
    places = np.arange(row.size) + np.cumsum(filled)
    count = row.size + int(filled.sum())
    rows = np.full(count, -1, dtype=np.int64)
    rows[places] = row
    fed_slots = np.empty(count, dtype=np.int64)
    fed_slots[places] = slots
    candles = np.zeros((TABLE_CANDLE_WIDTH, count))
    candles[OPEN : CLOSE + 1, places] = ticks[:, row]
    for index, column in ((VOLUME, columns.volume), (TURNOVER, columns.turnover)):
        if column is not None:
            candles[index, places] = column[row]
    candles[DELTA] = np.nan
    fillers = np.flatnonzero(rows < 0)
    for place in fillers:  # one after another, since a filler continues the one before it
        candles[OPEN : CLOSE + 1, place] = candles[CLOSE, place - 1]
        fed_slots[place] = fed_slots[place - 1] + 1
    candles[SYNTHETIC, fillers] = 1.0
    candles[OPEN_MS] = _slot_opens(fed_slots, timeframe)
    is_reset = np.zeros(count, dtype=np.bool_)
    is_reset[places] = missing > MOST_FILLED
    return GatedSeries(verdicts, candles, rows, _slot_opens(fed_slots + 1, timeframe), is_reset)


def _judge(
    columns: SeriesColumns, prices: Floats, ticks: Floats, timeframe: Timeframe, now_ms: int
) -> NDArray[np.int8]:
    """The first rule that each row breaks."""
    o, h, low, c = prices
    sizes = np.vstack([np.zeros(o.size), *(each for each in (columns.volume, columns.turnover) if each is not None)])
    slots = _slots(columns.open_ms, timeframe)
    is_grid = _slot_opens(slots, timeframe) == columns.open_ms
    is_closed = _slot_opens(slots + 1, timeframe) <= now_ms
    rules: list[tuple[Verdict, Any]] = [
        (Verdict.NOT_FINITE, np.isfinite(np.vstack((prices, sizes))).all(axis=0)),
        (Verdict.NO_PRICE, (prices > 0).all(axis=0) & (ticks >= 1).all(axis=0)),
        (Verdict.BAD_RANGE, (low <= np.minimum(o, c)) & (h >= np.maximum(o, c))),
        (Verdict.BAD_SIZE, (sizes >= 0).all(axis=0)),
        (Verdict.TOO_LARGE, (ticks <= MOST_TICKS).all(axis=0) & (sizes <= MOST_SIZE).all(axis=0)),
        (Verdict.OFF_GRID, is_grid),
        (Verdict.NOT_CLOSED, is_closed),
    ]
    verdicts = np.zeros(o.size, dtype=np.int8)
    for verdict, is_kept in rules:
        verdicts[(verdicts == 0) & ~is_kept] = verdict.value
    good = np.flatnonzero(verdicts == 0)
    opens = columns.open_ms[good]
    newest = np.maximum.accumulate(np.concatenate(([np.iinfo(np.int64).min], opens[:-1]))) if opens.size else opens
    verdicts[good[opens == newest]] = Verdict.DUPLICATE.value
    verdicts[good[opens < newest]] = Verdict.OUT_OF_ORDER.value
    return verdicts


def _slots(open_ms: Ints, timeframe: Timeframe) -> Ints:
    """Number of the candle that contains each time; those of neighbours differ by 1."""
    if timeframe is Timeframe.MO1:
        return open_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return (open_ms - _offset_ms(timeframe)) // timeframe.duration_ms


def _slot_opens(slots: Ints, timeframe: Timeframe) -> Ints:
    """Open time of each candle by number."""
    if timeframe is Timeframe.MO1:
        return slots.astype("datetime64[M]").astype("datetime64[ms]").astype(np.int64)
    return slots * timeframe.duration_ms + _offset_ms(timeframe)


def _offset_ms(timeframe: Timeframe) -> int:
    return MONDAY_OFFSET_MS if timeframe is Timeframe.W1 else 0


def spacing_of(open_ms: Ints) -> int | None:
    """The step between rows that is most common, in ms; None for fewer than two different times."""
    steps = np.diff(np.unique(open_ms))
    if not steps.size:
        return None
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])
