"""What only a contract has: mark and index price, premium, funding, open interest, share of long accounts.

All is slow noise around the last price. Mark, index and premium stand in a fixed ratio to it during each minute,
so that their candles follow from the contract's own; funding and open interest are functions of time alone.
"""

from __future__ import annotations

import numpy as np

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import MINUTE_MS
from virtuoso_desktop.simulator.bars import Bars, Grid
from virtuoso_desktop.simulator.market import PriceSeries, SimDerivative, SimFunding, SimPriceCandle
from virtuoso_desktop.simulator.noise import Floats, Ints, derive_key, smooth, smooth_all

_HOUR_MS = 3_600_000
_INTEREST_RATIO = 0.0001
"""Per 8 h; the premium moves the rate only beyond 5 basis points of it."""
_DEADBAND_RATIO = 0.0005
_LARGEST_RATE = 0.005
_SLOW_PREMIUM, _FAST_PREMIUM = 0.0009, 0.00018
_SLOW_PREMIUM_MS, _FAST_PREMIUM_MS = 7 * _HOUR_MS, 31 * MINUTE_MS
_MARK_RATIO = 0.00003
_MARK_MS = 13 * MINUTE_MS
_USUAL_INTEREST_MINUTES = 700
_PREMIUM_DIGITS = 6
_USUAL_BUY_RATIO = 0.53


class DerivativeMaker:
    """Makes the contract figures of one instrument; None or empty throughout for spot."""

    def __init__(self, key: int, grid: Grid, instrument: Instrument, usual_lots: float) -> None:
        self._grid = grid
        self._interval_ms = (instrument.funding_interval_min or 0) * MINUTE_MS
        self._interest_lots = usual_lots * _USUAL_INTEREST_MINUTES
        self._slow, self._fast, self._mark, self._interest, self._accounts = (
            derive_key(key, name) for name in ("premium", "fast premium", "mark", "open interest", "accounts")
        )

    @property
    def is_contract(self) -> bool:
        return self._interval_ms > 0

    def derivative(self, last_ticks: int, now_ms: int) -> SimDerivative | None:
        """The figures as of ``now_ms`` when the last trade was at ``last_ticks``."""
        if not self.is_contract:
            return None
        minute_ms = now_ms - now_ms % MINUTE_MS
        slow = _SLOW_PREMIUM * smooth(self._slow, minute_ms, _SLOW_PREMIUM_MS)
        premium = slow + _FAST_PREMIUM * smooth(self._fast, minute_ms, _FAST_PREMIUM_MS)
        mark_ticks = round(last_ticks * (1.0 + _MARK_RATIO * smooth(self._mark, minute_ms, _MARK_MS)))
        index_ticks = max(1, round(last_ticks * (1.0 - premium)))
        interest = self._interest_at(now_ms)
        return SimDerivative(
            self._grid.price(mark_ticks),
            self._grid.price(index_ticks),
            self._grid.size(interest),
            self._grid.turnover(self._grid.turnover_of_trades(interest, interest * mark_ticks)),
            self._funding_rate(slow),
            (now_ms // self._interval_ms + 1) * self._interval_ms,
        )

    def funding(self, start_ms: int, end_ms: int) -> list[SimFunding]:
        """Payments with ``start_ms <= time_ms <= end_ms``: the rates that the ticker last showed before them."""
        if not self.is_contract:
            return []
        first_ms = -(-start_ms // self._interval_ms) * self._interval_ms
        times = range(first_ms, end_ms + 1, self._interval_ms)
        before = (smooth(self._slow, time_ms - MINUTE_MS, _SLOW_PREMIUM_MS) for time_ms in times)
        return [
            SimFunding(time_ms, self._funding_rate(_SLOW_PREMIUM * slow))
            for time_ms, slow in zip(times, before, strict=True)
        ]

    def open_interest(self, now_ms: int) -> str | None:
        return self._grid.size(self._interest_at(now_ms)) if self.is_contract else None

    def buy_ratio(self, now_ms: int) -> float | None:
        if not self.is_contract:
            return None
        key = self._accounts
        mood = 0.14 * smooth(key, now_ms, 90 * _HOUR_MS) + 0.05 * smooth(key + 1, now_ms, 9 * _HOUR_MS)
        return round(_USUAL_BUY_RATIO + mood + 0.012 * smooth(key + 2, now_ms, 40 * MINUTE_MS), 4)

    def price_minutes(self, series: PriceSeries, minutes: Bars) -> Bars:
        """1m candles of ``series`` out of the contract's; each opens where the one of the minute before closed.

        Prices are ticks, of the premium units of 10^-6; volume and turnover are 0.
        """
        opens_ms = minutes.open_ms
        if series is PriceSeries.PREMIUM:
            value = np.rint(self._premium(opens_ms) * 10.0**_PREMIUM_DIGITS).astype(np.int64)
            o = untraded = high = low = close = value
        else:
            ratio = self._ratio(series, opens_ms)
            before = np.concatenate((minutes.open[:1], minutes.close[:-1]))
            columns = minutes.open, before, minutes.high, minutes.low, minutes.close
            o, untraded, high, low, close = (np.rint(column * ratio).astype(np.int64) for column in columns)
        joined = np.diff(opens_ms, prepend=opens_ms[:1]) == MINUTE_MS
        o = np.where(joined, np.concatenate((close[:1], close[:-1])), o)
        untraded = np.where(joined, untraded, o)
        high, low = np.maximum.reduce((high, o, untraded)), np.minimum.reduce((low, o, untraded))
        nothing = np.zeros_like(o)
        return Bars(opens_ms, o, high, low, close, nothing, nothing)

    def price_candles(self, series: PriceSeries, bars: Bars) -> list[SimPriceCandle]:
        """Bars made of `price_minutes` as text."""
        text = _premium_text if series is PriceSeries.PREMIUM else self._grid.price
        opens, *columns = (column.tolist() for column in bars[:5])
        return list(map(SimPriceCandle, opens, *(map(text, column) for column in columns)))

    def _ratio(self, series: PriceSeries, times_ms: Ints) -> Floats:
        if series is PriceSeries.INDEX:
            return 1.0 - self._premium(times_ms)
        return 1.0 + _MARK_RATIO * smooth_all(self._mark, times_ms, _MARK_MS)

    def _premium(self, times_ms: Ints) -> Floats:
        slow = _SLOW_PREMIUM * smooth_all(self._slow, times_ms, _SLOW_PREMIUM_MS)
        return slow + _FAST_PREMIUM * smooth_all(self._fast, times_ms, _FAST_PREMIUM_MS)

    def _funding_rate(self, premium: float) -> str:
        """Premium plus interest, the interest's pull limited to the dead band (the venue's rule), as text."""
        interest = _INTEREST_RATIO * self._interval_ms / (8 * _HOUR_MS)
        rate = premium + max(-_DEADBAND_RATIO, min(_DEADBAND_RATIO, interest - premium))
        text = f"{max(-_LARGEST_RATE, min(_LARGEST_RATE, rate)):.8f}".rstrip("0")
        return "0" if text in {"0.", "-0."} else text

    def _interest_at(self, now_ms: int) -> int:
        key = self._interest
        share = 1.0 + 0.22 * smooth(key, now_ms, 150 * _HOUR_MS) + 0.10 * smooth(key + 1, now_ms, 31 * _HOUR_MS)
        share += 0.030 * smooth(key + 2, now_ms, 3 * _HOUR_MS) + 0.008 * smooth(key + 3, now_ms, 17 * MINUTE_MS)
        share += 0.0012 * smooth(key + 4, now_ms, 50_000)
        return round(self._interest_lots * share)


def _premium_text(units: int) -> str:
    """Millionths with six digits."""
    return f"{units / 10**_PREMIUM_DIGITS:.{_PREMIUM_DIGITS}f}"
