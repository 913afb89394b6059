"""Columns of candles in ticks, lots and turnover units, their aggregation, and exact decimal text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.instrument import decimals
from virtuoso_desktop.model.timeframe import MONDAY_OFFSET_MS, WEEK_MS, Timeframe
from virtuoso_desktop.simulator.market import SimCandle

Ints = NDArray[np.int64]
COIN_DIGITS = 8
LARGEST_SUM = 9e18
"""Columns are int64: what is added up stays below."""


class Bars(NamedTuple):
    """Candles as equally long int64 columns, oldest first; ``turnover`` in units of `Grid`.

    A turnover whose sums exceed int64 is a column of Python's own integers.
    """

    open_ms: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    turnover: Ints

    @property
    def size(self) -> int:
        """Number of bars."""
        return int(self.open_ms.size)

    def rows(self, first: int, end: int) -> Bars:
        """The bars from index ``first`` up to but not including ``end`` (views)."""
        return Bars(*(column[first:end] for column in self))

    def between(self, from_ms: int, until_ms: int) -> Bars:
        """The bars with ``from_ms <= open_ms < until_ms`` (views)."""
        first, end = np.searchsorted(self.open_ms, (from_ms, until_ms)).tolist()
        return self.rows(first, end)


EMPTY_BARS = Bars(*(np.empty(0, dtype=np.int64) for _ in Bars._fields))


def concatenate(parts: list[Bars]) -> Bars:
    """The parts one after the other."""
    filled = [part for part in parts if part.size]
    if len(filled) == 1:
        return filled[0]
    return Bars(*(np.concatenate(columns) for columns in zip(*filled, strict=True))) if filled else EMPTY_BARS


def bucket_opens(timeframe: Timeframe, times_ms: Ints) -> Ints:
    """Open time of the candle that contains each time."""
    if timeframe is Timeframe.MO1:
        months = times_ms.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    if timeframe is Timeframe.W1:
        return times_ms - (times_ms - MONDAY_OFFSET_MS) % WEEK_MS
    return times_ms - times_ms % timeframe.duration_ms


def bucket_ends(timeframe: Timeframe, opens_ms: Ints) -> Ints:
    """Exclusive close time of the candles that open at ``opens_ms``."""
    if timeframe is Timeframe.MO1:
        months = opens_ms.astype("datetime64[ms]").astype("datetime64[M]") + np.timedelta64(1, "M")
        return months.astype("datetime64[ms]").astype(np.int64)
    return opens_ms + timeframe.duration_ms


def aggregate(bars: Bars, timeframe: Timeframe) -> Bars:
    """Bars of a longer timeframe; a bucket without bars has no candle."""
    if bars.size == 0:
        return bars
    opens = bucket_opens(timeframe, bars.open_ms)
    starts = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
    ends = np.append(starts[1:], bars.size) - 1
    return Bars(
        opens[starts],
        bars.open[starts],
        np.maximum.reduceat(bars.high, starts),
        np.minimum.reduceat(bars.low, starts),
        bars.close[ends],
        np.add.reduceat(bars.volume, starts),
        np.add.reduceat(bars.turnover, starts),
    )


def whole(bars: Bars, open_ms: int) -> Bars:
    """One bar made of all ``bars``."""
    if bars.size == 0:
        return bars
    return Bars(
        np.array([open_ms]),
        bars.open[:1],
        bars.high.max(keepdims=True),
        bars.low.min(keepdims=True),
        bars.close[-1:],
        bars.volume.sum(keepdims=True),
        bars.turnover.sum(keepdims=True),
    )


def decimal_text(value: int, digits: int) -> str:
    """``value`` x 10^-``digits`` in decimal notation with all its digits."""
    if digits == 0:
        return str(value)
    text = f"{value:0{digits + 1}d}"
    return f"{text[:-digits]}.{text[-digits:]}"


@dataclass(frozen=True, slots=True)
class Grid:
    """Text of an instrument's integers. A tick is ``tick_units`` x 10^-``price_digits``, a lot likewise.

    A column of turnover counts units of ``turnover_unit`` x 10^-``turnover_digits`` quote coin; one tick times
    one lot is ``trade_numerator`` / ``trade_denominator`` of them. Inverse contracts, whose lots are quote coin,
    count base coin instead: lots over the volume-weighted price, within a minute that is sizes over prices to
    about a millionth.
    """

    tick_units: int
    price_digits: int
    lot_units: int
    size_digits: int
    turnover_unit: int
    turnover_digits: int
    trade_numerator: int = 1
    trade_denominator: int = 1
    is_inverse: bool = False

    @classmethod
    def exact(cls, tick_size: Decimal, lot_step: Decimal) -> Grid:
        """The grid whose turnover unit is one tick times one lot."""
        price_digits, size_digits = decimals(tick_size), decimals(lot_step)
        tick_units = int(tick_size.scaleb(price_digits))
        lot_units = int(lot_step.scaleb(size_digits))
        return cls(tick_units, price_digits, lot_units, size_digits, tick_units * lot_units, price_digits + size_digits)

    @classmethod
    def of_digits(cls, price_digits: int, size_digits: int, turnover_digits: int) -> Grid:
        """The grid of decimals: a tick is 10^-``price_digits``, and so on."""
        finer = turnover_digits - price_digits - size_digits
        return cls(1, price_digits, 1, size_digits, 1, turnover_digits, 10 ** max(0, finer), 10 ** max(0, -finer))

    @classmethod
    def inverse(cls, tick_size: Decimal, lot_step: Decimal) -> Grid:
        """The grid of an inverse contract, turnover in 10^-8 base coin."""
        price_digits, size_digits = decimals(tick_size), decimals(lot_step)
        tick_units = int(tick_size.scaleb(price_digits))
        lot_units = int(lot_step.scaleb(size_digits))
        return cls(tick_units, price_digits, lot_units, size_digits, 1, COIN_DIGITS, is_inverse=True)

    def turnover_of_trades(self, lots: int, tick_lots: int) -> int:
        """Turnover column value of trades with these sums of lots and of ticks x lots, rounded down."""
        if not self.is_inverse:
            return tick_lots * self.trade_numerator // self.trade_denominator
        return int(lots * (lots / tick_lots) * self._coin_scale) if tick_lots else 0

    def coin_turnovers(self, bars: Bars) -> Bars:
        """``bars`` of single minutes whose turnover, a sum of ticks x lots, is made base coin."""
        tick_lots = np.maximum(bars.turnover, 1)
        coins = bars.volume * (bars.volume / tick_lots) * self._coin_scale
        return bars._replace(turnover=coins.astype(np.int64))

    @property
    def _coin_scale(self) -> float:
        lot, tick = self.lot_units / 10**self.size_digits, self.tick_units / 10**self.price_digits
        return lot / tick * 10**COIN_DIGITS

    def tick_lots(self, turnover: int) -> int:
        """The sum of ticks x lots nearest below a turnover column value."""
        return turnover * self.trade_denominator // self.trade_numerator

    def price(self, ticks: int) -> str:
        return decimal_text(ticks * self.tick_units, self.price_digits)

    def size(self, lots: int) -> str:
        return decimal_text(lots * self.lot_units, self.size_digits)

    def turnover(self, units: int) -> str:
        return decimal_text(units * self.turnover_unit, self.turnover_digits)

    def candles(self, bars: Bars) -> list[SimCandle]:
        """The bars with volume and turnover as exact text."""
        opens, o, h, low, c, volumes, turnovers = (column.tolist() for column in bars)
        return list(map(SimCandle, opens, o, h, low, c, map(self.size, volumes), map(self.turnover, turnovers)))
