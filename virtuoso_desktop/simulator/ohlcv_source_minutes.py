"""Minutes of candle files: a longer row is split into minutes that add up to it exactly."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.bars import EMPTY_BARS, Bars, Grid, aggregate, bucket_opens, concatenate
from virtuoso_desktop.simulator.noise import (
    QUANTILE_SHIFT,
    Floats,
    Ints,
    Words,
    derive_key,
    exponential,
    fat_tailed,
    hash_words,
    log_normal,
)
from virtuoso_desktop.simulator.trade_sizes import spread_lots
from virtuoso_desktop.simulator.trades import Minute

_KEPT_ROWS = 24
_WALKS = 4
_LOTS_PER_MINUTE = 8
"""A minute trades only if the row has that many lots for it."""
_VOLUME_SPREAD = 0.7
_NUMBERS_PER_MINUTE = 16


class FileRows(NamedTuple):
    """Rows of files in file time: candles of any length that do not overlap, oldest first, and where each ends."""

    bars: Bars
    end_ms: Ints


class FileFeed:
    """`MinuteFeed` of rows, moved by ``shift_ms`` (whole days)."""

    def __init__(self, rows: FileRows, grid: Grid, key: int, shift_ms: int) -> None:
        self._open_ms = rows.bars.open_ms + shift_ms
        self._end_ms = rows.end_ms + shift_ms
        self._bars = rows.bars._replace(open_ms=self._open_ms)
        self._grid = grid
        self._key = derive_key(key, "minutes")
        self.shift_minutes = shift_ms // MINUTE_MS
        self._split = functools.lru_cache(maxsize=_KEPT_ROWS)(self._make_split)

    @property
    def first_ms(self) -> int:
        return int(self._open_ms[0])

    @property
    def end_ms(self) -> int | None:
        return int(self._end_ms[-1])

    def minute(self, number: int) -> Minute | None:
        time_ms = number * MINUTE_MS
        row = int(np.searchsorted(self._open_ms, time_ms, side="right")) - 1
        if row < 0 or time_ms >= int(self._end_ms[row]):
            return None
        bars, index = self._minutes_of(row), (time_ms - int(self._open_ms[row])) // MINUTE_MS
        _, o, high, low, close, volume, turnover = (column.item(index) for column in bars)
        return Minute(number, o, high, low, close, volume, self._grid.tick_lots(turnover))

    def minute_before(self, number: int) -> int | None:
        row = int(np.searchsorted(self._open_ms, number * MINUTE_MS)) - 1
        return min(number, int(self._end_ms[row]) // MINUTE_MS) - 1 if row >= 0 else None

    def history(self, timeframe: Timeframe, from_ms: int, until_ms: int) -> Bars:
        """Rows inside one candle are taken whole, the others by their minutes."""
        first = int(np.searchsorted(self._end_ms, from_ms, side="right"))
        end = int(np.searchsorted(self._open_ms, until_ms))
        if end <= first:
            return EMPTY_BARS
        opens, ends = self._open_ms[first:end], self._end_ms[first:end]
        split = bucket_opens(timeframe, opens) != bucket_opens(timeframe, ends - MINUTE_MS)
        split |= (opens < from_ms) | (ends > until_ms)
        parts: list[Bars] = []
        done = first
        for row in (np.flatnonzero(split) + first).tolist():
            parts += [self._bars.rows(done, row), self._minutes_of(row).between(from_ms, until_ms)]
            done = row + 1
        parts.append(self._bars.rows(done, end))
        bars = concatenate(parts)
        return bars if timeframe is Timeframe.M1 else aggregate(bars, timeframe)

    def _minutes_of(self, row: int) -> Bars:
        if int(self._end_ms[row]) - int(self._open_ms[row]) == MINUTE_MS:
            return self._bars.rows(row, row + 1)
        return self._split(row)

    def _make_split(self, row: int) -> Bars:
        whole = _Row(*(column.item(row) for column in self._bars))
        count = (int(self._end_ms[row]) - whole.open_ms) // MINUTE_MS
        number = whole.open_ms // MINUTE_MS - self.shift_minutes
        bars = split_row(whole, count, self._grid, hash_words(self._key, _numbers(number, count)))
        return bars._replace(turnover=bars.turnover.astype(self._bars.turnover.dtype))


class _Row(NamedTuple):
    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


def _numbers(number: int, count: int) -> Words:
    """Numbers that no other row's minutes use, `_NUMBERS_PER_MINUTE` for each minute."""
    first = number * _NUMBERS_PER_MINUTE
    return np.arange(first, first + count * _NUMBERS_PER_MINUTE, dtype=np.uint64)


def split_row(row: _Row, count: int, grid: Grid, bits: Words) -> Bars:
    """``count`` minutes that open, close, reach and add up to what ``row`` does.

    ``bits`` are 16 hashed words per minute. Minutes without trades are flat at the price before them.
    """
    active = max(1, min(count, row.volume // _LOTS_PER_MINUTE)) if row.volume else count
    order = bits[:count]
    bits = bits[: active * _NUMBERS_PER_MINUTE].reshape(_NUMBERS_PER_MINUTE, active)
    bars = _prices(row, active, grid, bits)
    bars = bars._replace(volume=_volumes(row, bars, bits[-1]))
    bars = bars._replace(turnover=_turnovers(row, bars))
    return bars if active == count else _spaced(row, bars, order)


def _prices(row: _Row, count: int, grid: Grid, bits: Words) -> Bars:
    """Prices of ``count`` minutes; of several walks the one whose mean is nearest to the mean traded price."""
    span = float(row.high - row.low)
    deviation = span / (1.5 * math.sqrt(count))
    steps = fat_tailed()[bits[:_WALKS] >> QUANTILE_SHIFT].cumsum(axis=1) * deviation
    along = np.arange(1, count + 1) / count
    closes = row.open + steps - along * (steps[:, -1:] - (row.close - row.open))
    wished = grid.tick_lots(row.turnover) / row.volume if row.volume else (row.high + row.low) / 2
    misses = np.abs(closes.cumsum(axis=1)[:, -1] / count - wished)
    close = closes[int(np.argmin(misses))]
    opened = np.concatenate(([float(row.open)], close[:-1]))
    high = np.maximum(opened, close) + _wick(opened, close, deviation, bits[_WALKS])
    low = np.minimum(opened, close) - _wick(opened, close, deviation, bits[_WALKS + 1])
    top, bottom = max(row.open, row.close), min(row.open, row.close)
    up = (row.high - top) / max(float(high.max()) - top, 1e-9)
    down = (bottom - row.low) / max(bottom - float(low.min()), 1e-9)

    def fit(prices: Floats) -> Ints:
        above, below = np.maximum(prices - top, 0.0), np.maximum(bottom - prices, 0.0)
        fitted = np.rint(np.clip(prices, bottom, top) + above * up - below * down)
        return np.clip(fitted, row.low, row.high).astype(np.int64)

    highest, lowest = int(np.argmax(high)), int(np.argmin(low))
    ticks = Bars(row.open_ms + np.arange(count) * MINUTE_MS, fit(opened), fit(high), fit(low), fit(close), *_NOTHING)
    ticks.open[0], ticks.close[-1] = row.open, row.close
    ticks.high[highest], ticks.low[lowest] = row.high, row.low
    return ticks


_NOTHING = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)


def _wick(opened: Floats, closed: Floats, deviation: float, bits: Words) -> Floats:
    """How far a bridge from ``opened`` to ``closed`` goes beyond its outer end."""
    span = np.abs(closed - opened)
    return (np.sqrt(span * span + 2.0 * deviation * deviation * exponential()[bits >> QUANTILE_SHIFT]) - span) * 0.5


def _volumes(row: _Row, bars: Bars, bits: Words) -> Ints:
    if row.volume < bars.open.size:
        volumes = np.zeros(bars.open.size, dtype=np.int64)
        volumes[-1] = row.volume
        return volumes
    reach = (bars.high - bars.low + 1).astype(np.float64)
    return spread_lots(row.volume, np.sqrt(reach) * log_normal(_VOLUME_SPREAD)[bits >> QUANTILE_SHIFT])


def _turnovers(row: _Row, bars: Bars) -> Ints:
    """The row's turnover in proportion to volume times mean price, to the last unit."""
    fours = (bars.open + bars.high + bars.low + bars.close).tolist()
    shares = [lots * four for lots, four in zip(bars.volume.tolist(), fours, strict=True)]
    whole = sum(shares)
    turnovers: list[int] = []
    seen = given = 0
    for share in shares:
        seen += share
        upto = row.turnover * seen // whole if whole else 0
        turnovers.append(upto - given)
        given = upto
    turnovers[-1] += row.turnover - given
    return np.array(turnovers)


def _spaced(row: _Row, bars: Bars, order: Words) -> Bars:
    """The trading minutes, the first and those with the smallest of ``order``, with flat minutes between them."""
    count = order.size
    later = np.argsort(order[1:], kind="stable")[: bars.open.size - 1]
    places = np.append(0, 1 + np.sort(later))
    which = np.searchsorted(places, np.arange(count), side="right") - 1
    before = np.where(which >= 0, bars.close[np.maximum(which, 0)], row.open)
    trading = np.zeros(count, dtype=np.bool_)
    trading[places] = True

    def spread(column: Ints, rest: Ints | int) -> Ints:
        return np.where(trading, column[np.maximum(which, 0)], rest)

    opens_ms = row.open_ms + np.arange(count) * MINUTE_MS
    prices = bars.open, bars.high, bars.low, bars.close
    o, high, low, close = (spread(column, before) for column in prices)
    return Bars(opens_ms, o, high, low, close, spread(bars.volume, 0), spread(bars.turnover, 0))
