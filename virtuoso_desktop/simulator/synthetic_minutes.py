"""The 1m candles of one synthetic instrument, any day of them computed alone.

A minute opens where the one before closed. Its wicks follow from the law of the extremes of a Brownian
bridge, its volume from its range, and its turnover is fixed here so that longer candles are sums; the trades
that add up to it are made in `trades`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS
from virtuoso_desktop.simulator.bars import Bars
from virtuoso_desktop.simulator.instrument_market import USUAL_SPAN
from virtuoso_desktop.simulator.instruments import Listed, Listing
from virtuoso_desktop.simulator.noise import (
    QUANTILE_MASK,
    Floats,
    Ints,
    Words,
    derive_key,
    exponential,
    hash_words,
    log_normal,
)
from virtuoso_desktop.simulator.synthetic_path import MINUTES, CoinPath, Minutes

LEAST_LOTS = 600
"""A minute's smallest volume: enough lots to place the turnover exactly."""
_BASIS_RATIO = 0.00012
_BASIS_MINUTES = 11
_SPAN_SHARE = 0.7
_SURPRISE_SHARE = 0.6
_VOLUME_SPREAD = 0.45
_USUAL_SUM = 0.92
"""Mean of volume over the usual one before it is divided out."""
_UP, _DOWN, _VOLUME, _TURNOVER = np.uint64(52), np.uint64(40), np.uint64(28), np.uint64(16)


def usual_deviation(listing: Listing) -> float:
    """Standard deviation of a usual minute's move, as a ratio."""
    return listing.daily_pct / 100 / 38.0


class _Columns(NamedTuple):
    open: Ints
    close: Ints
    deviation_ticks: Floats


class InstrumentMinutes:
    """1m candles of one instrument of ``seed``'s market, as whole UTC days."""

    def __init__(self, seed: int, listed: Listed, path: CoinPath) -> None:
        instrument, listing = listed
        self._path = path
        self._key = derive_key(seed, str(instrument.id), "minutes")
        self._basis_key = derive_key(seed, str(instrument.id), "basis")
        self._has_basis = instrument.id.market_kind is not MarketKind.LINEAR
        self._is_inverse = instrument.id.market_kind is MarketKind.INVERSE
        self._ticks_per_unit = float(1 / instrument.tick_size)
        self._tick_size = float(instrument.tick_size)
        lots_per_day = listing.turnover_musd * 1e6 / float(instrument.lot_step)
        self._usual_value = lots_per_day / MINUTES / _USUAL_SUM
        self._usual_deviation = usual_deviation(listing)

    def days(self, first_day: int, count: int) -> Bars:
        """Every minute of ``count`` days from ``first_day`` (days since 1970)."""
        minutes = self._path.minutes(first_day, count)
        columns = self._columns(first_day, count, minutes)
        numbers = np.arange(first_day * MINUTES, (first_day + count) * MINUTES, dtype=np.uint64)
        bits = hash_words(self._key, numbers)
        high, low = _extremes(columns, bits >> _UP, (bits >> _DOWN) & QUANTILE_MASK)
        volume = self._volume(columns, high - low, minutes, bits)
        turnover = _turnover(columns, high, low, volume, (bits >> _TURNOVER).astype(np.int64) & 255)
        opens_ms = np.arange(first_day * DAY_MS, (first_day + count) * DAY_MS, MINUTE_MS)
        return Bars(opens_ms, columns.open, high, low, columns.close, volume, turnover)

    def _columns(self, first_day: int, count: int, minutes: Minutes) -> _Columns:
        prices = minutes.prices
        if self._has_basis:
            prices = prices * self._basis(first_day, count)
        ticks = np.rint(prices * self._ticks_per_unit).astype(np.int64)
        np.maximum(ticks, 2, out=ticks)
        scale = minutes.day_prices[:, None] * self._ticks_per_unit
        deviation_ticks = (minutes.deviations * scale).reshape(-1)
        return _Columns(ticks[:, :-1].reshape(-1), ticks[:, 1:].reshape(-1), deviation_ticks)

    def _basis(self, first_day: int, count: int) -> Floats:
        """Spot or inverse over linear price at every minute's start, and at each day's end."""
        times = np.arange(first_day * MINUTES, (first_day + count) * MINUTES + 1)
        numbers, offsets = times // _BASIS_MINUTES, times % _BASIS_MINUTES
        here, there = (
            (hash_words(self._basis_key, knots.astype(np.uint64)) >> np.uint64(11)).astype(np.float64) * 2.0**-53
            for knots in (numbers, numbers + 1)
        )
        ratios = 1.0 + _BASIS_RATIO * (here + (there - here) * (offsets / _BASIS_MINUTES) - 0.7)
        rows = np.empty((count, MINUTES + 1))
        rows[:, :-1] = ratios[:-1].reshape(count, MINUTES)
        rows[:, -1] = ratios[MINUTES::MINUTES]
        return rows

    def _volume(self, columns: _Columns, spans: Ints, minutes: Minutes, bits: Words) -> Ints:
        """Lots by how far the minute went, compared with usual minutes and once more with those around it."""
        noise = log_normal(_VOLUME_SPREAD)[(bits >> _VOLUME) & QUANTILE_MASK]
        prices = np.repeat(minutes.day_prices, MINUTES)
        lots = spans * (_SPAN_SHARE / (prices * (self._usual_deviation * USUAL_SPAN * self._ticks_per_unit)))
        lots += 1.0 - _SPAN_SHARE
        lots *= noise
        surprise = spans / columns.deviation_ticks
        surprise *= _SURPRISE_SHARE / USUAL_SPAN
        surprise += 1.0 - _SURPRISE_SHARE
        lots *= surprise
        lots *= minutes.deviations.reshape(-1)
        lots *= self._usual_value / self._usual_deviation
        if not self._is_inverse:
            lots /= prices
        return lots.astype(np.int64) + LEAST_LOTS


def _extremes(columns: _Columns, first: Words, second: Words) -> tuple[Ints, Ints]:
    """High and low: for a bridge with span d, (sqrt(d^2 + 2 s^2 e) - d) / 2 beyond the outer end, e exponential."""
    span = np.abs(columns.close - columns.open).astype(np.float64)
    square = span * span
    variance = columns.deviation_ticks * columns.deviation_ticks * 2.0
    table = exponential()
    up, down = (np.sqrt(square + variance * table[bits]) - span for bits in (first, second))
    high = np.maximum(columns.open, columns.close) + np.rint(up * 0.5).astype(np.int64)
    low = np.minimum(columns.open, columns.close) - np.rint(down * 0.5).astype(np.int64)
    return high, np.maximum(low, 1)


def _turnover(columns: _Columns, high: Ints, low: Ints, volume: Ints, noise: Ints) -> Ints:
    """Volume times a mean price near (open + high + low + close) / 4, in ticks x lots; never near an extreme."""
    span = high - low
    height = (columns.open - low + columns.close - low + span) * 2 + (((noise - 128) * span) >> 7)
    return volume * low + ((volume * height) >> 3)
