"""One instrument's market at any moment, out of its finished 1m candles: trades, book, forming candles, ticker."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple, Protocol

import numpy as np

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.bars import EMPTY_BARS, Bars, Grid, aggregate, concatenate, whole
from virtuoso_desktop.simulator.book import BookMaker, Quote, Shape
from virtuoso_desktop.simulator.derivative import DerivativeMaker
from virtuoso_desktop.simulator.liquidations import make_liquidations
from virtuoso_desktop.simulator.market import (
    PriceSeries,
    SimBook,
    SimCandle,
    SimDay,
    SimDerivative,
    SimFunding,
    SimLiquidation,
    SimPriceCandle,
    SimTrade,
)
from virtuoso_desktop.simulator.noise import derive_key, hash_word
from virtuoso_desktop.simulator.trades import NO_TRADES, NUMBERS_PER_MINUTE, Minute, MinuteTrades, make_trades

_DAY_MINUTES = 1440
_HOUR_MINUTES = 60
_KEPT_MINUTES = 6
_MOST_LIVELY, _LEAST_LIVELY = 2.2, 0.8
_QUOTES_LEAD_MS = 1_500
"""The inside moves to where the next trade will happen at most that long before it."""
_SEARCH_MINUTES = 30
_PRESSURE_MINUTES = 2
_CHUNK_MS = 16 * _DAY_MINUTES * MINUTE_MS
USUAL_SPAN = 1.6
"""A minute's high less low, in standard deviations of its move."""


class MinuteFeed(Protocol):
    """Finished candles of one instrument. Times and minute numbers (minutes since 1970) are venue time."""

    @property
    def first_ms(self) -> int:
        """Open time of the first minute."""
        ...

    @property
    def end_ms(self) -> int | None:
        """Close time of the last minute; None if there is none."""
        ...

    @property
    def shift_minutes(self) -> int:
        """By how much the minutes were moved in time: the trades inside a minute stay the same."""
        ...

    def history(self, timeframe: Timeframe, from_ms: int, until_ms: int) -> Bars:
        """Candles made of the minutes that open in ``[from_ms, until_ms)``; both are whole minutes."""
        ...

    def minute(self, number: int) -> Minute | None:
        """The finished candle of one minute with its wished sum of ticks x lots, None where there is none."""
        ...

    def minute_before(self, number: int) -> int | None:
        """The last minute before ``number`` that has a candle."""
        ...


class Style(NamedTuple):
    """How an instrument trades, whatever its prices.

    ``usual_lots`` is the volume of a usual minute, ``events`` the number of orders that take it, ``move_ratio`` the
    standard deviation of its move, ``price_ticks`` a usual price, ``refresh_ms`` the step in which the book moves
    between trades.
    """

    key: int
    usual_lots: float
    price_ticks: float
    events: int
    refresh_ms: int
    move_ratio: float


class _Partial(NamedTuple):
    """What has happened so far in a candle."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


class _DayClosed(NamedTuple):
    """The closed part of the rolling day before minute ``number``."""

    number: int
    first_open: int
    first_open_1h: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


class InstrumentMarket:
    """Answers `MarketSource`'s questions for one instrument."""

    def __init__(self, instrument: Instrument, grid: Grid, feed: MinuteFeed, style: Style) -> None:
        self.instrument = instrument
        self._grid = grid
        self._feed = feed
        self._style = style
        self._trade_key = derive_key(style.key, "trades")
        self._liquidation_key = derive_key(style.key, "liquidations")
        level_lots = max(1.0, style.usual_lots * 0.012)
        self._books = BookMaker(Shape(derive_key(style.key, "book"), level_lots, style.price_ticks, style.refresh_ms))
        self._derivatives = DerivativeMaker(style.key, grid, instrument, style.usual_lots)
        self._trades_of = functools.lru_cache(maxsize=_KEPT_MINUTES)(self._make_trades)
        self._liquidations_of = functools.lru_cache(maxsize=_KEPT_MINUTES)(self._make_liquidations)
        self._day: _DayClosed | None = None
        self._closed_part: dict[Timeframe, tuple[int, int, Bars]] = {}

    @property
    def end_ms(self) -> int | None:
        return self._feed.end_ms

    def candles(self, timeframe: Timeframe, start_ms: int, end_ms: int, now_ms: int) -> list[SimCandle]:
        now_ms = self._clamp(now_ms)
        number = now_ms // MINUTE_MS
        closed_ms = number * MINUTE_MS
        from_ms, last_open_ms = self._opens(timeframe, start_ms, min(end_ms, now_ms))
        if last_open_ms < from_ms:
            return []
        until_ms = timeframe.close_ms(last_open_ms)
        if until_ms <= closed_ms:
            return self._grid.candles(self._feed.history(timeframe, from_ms, until_ms))
        bars = self._history(timeframe, from_ms, closed_ms)
        forming = self._forming(number, now_ms)
        return self._with_forming(bars, last_open_ms, forming)

    def trades(self, start_ms: int, end_ms: int) -> list[SimTrade]:
        result: list[SimTrade] = []
        start_ms, end_ms = max(start_ms, self._feed.first_ms - 1), self._clamp(end_ms)
        for number in range((start_ms + 1) // MINUTE_MS, end_ms // MINUTE_MS + 1):
            minute = self._trades_of(number)
            rows = slice(minute.count_until(start_ms), minute.count_until(end_ms))
            if rows.start < rows.stop:
                columns = minute.times_ms, minute.prices, minute.lots, minute.buys, minute.numbers
                result += map(SimTrade, *(column[rows] for column in columns))
        return result

    def book(self, depth: int, now_ms: int) -> SimBook:
        now_ms = self._clamp(now_ms)
        return self._books.book(self._quote(now_ms), depth, now_ms)

    def day(self, now_ms: int) -> SimDay:
        now_ms = self._clamp(now_ms)
        number = now_ms // MINUTE_MS
        closed = self._day
        if closed is None or closed.number != number:
            closed = self._day = self._close_day(number)
        forming = self._forming(number, now_ms)
        if forming is None:
            forming = _Partial(closed.close, closed.close, closed.close, closed.close, 0, 0)
        return SimDay(
            forming.close,
            closed.first_open or forming.open,
            closed.first_open_1h or forming.open,
            max(closed.high, forming.high),
            min(closed.low, forming.low) if closed.low else forming.low,
            self._grid.size(closed.volume + forming.volume),
            self._grid.turnover(closed.turnover + forming.turnover),
        )

    def derivative(self, now_ms: int) -> SimDerivative | None:
        now_ms = self._clamp(now_ms)
        return self._derivatives.derivative(self._last_price(now_ms), now_ms)

    def funding(self, start_ms: int, end_ms: int) -> list[SimFunding]:
        return self._derivatives.funding(max(start_ms, self._feed.first_ms), self._clamp(end_ms))

    def open_interest(self, now_ms: int) -> str | None:
        return self._derivatives.open_interest(self._clamp(now_ms))

    def buy_ratio(self, now_ms: int) -> float | None:
        return self._derivatives.buy_ratio(self._clamp(now_ms))

    def price_candles(
        self, series: PriceSeries, timeframe: Timeframe, start_ms: int, end_ms: int, now_ms: int
    ) -> list[SimPriceCandle]:
        now_ms = self._clamp(now_ms)
        from_ms, last_open_ms = self._opens(timeframe, start_ms, min(end_ms, now_ms))
        if last_open_ms < from_ms or not self._derivatives.is_contract:
            return []
        closed_ms = now_ms - now_ms % MINUTE_MS
        until_ms = timeframe.close_ms(last_open_ms)
        parts: list[Bars] = []
        for at_ms in range(from_ms, min(until_ms, closed_ms), _CHUNK_MS):
            end_ms = min(at_ms + _CHUNK_MS, until_ms, closed_ms)
            minutes = self._feed.history(Timeframe.M1, at_ms - MINUTE_MS, end_ms)
            bars = self._derivatives.price_minutes(series, minutes).between(at_ms, end_ms)
            parts.append(aggregate(bars, timeframe))
        if until_ms > closed_ms:
            parts.append(self._price_forming(series, closed_ms, now_ms))
        return self._derivatives.price_candles(series, aggregate(concatenate(parts), timeframe))

    def liquidations(self, start_ms: int, end_ms: int) -> list[SimLiquidation]:
        if not self._derivatives.is_contract:
            return []
        start_ms, end_ms = max(start_ms, self._feed.first_ms - 1), self._clamp(end_ms)
        minutes = range((start_ms + 1) // MINUTE_MS, end_ms // MINUTE_MS + 1)
        return [one for number in minutes for one in self._liquidations_of(number) if start_ms < one.time_ms <= end_ms]

    def _clamp(self, now_ms: int) -> int:
        """After the last candle the market stands still."""
        return now_ms if self._feed.end_ms is None else min(now_ms, self._feed.end_ms)

    # --- candles ---

    def _opens(self, timeframe: Timeframe, start_ms: int, end_ms: int) -> tuple[int, int]:
        """(first, last) open of the candles with ``start_ms <= open <= end_ms``; first > last is none."""
        from_ms = timeframe.open_ms(max(start_ms, self._feed.first_ms))
        return from_ms if from_ms >= start_ms else timeframe.close_ms(from_ms), timeframe.open_ms(end_ms)

    def _price_forming(self, series: PriceSeries, closed_ms: int, now_ms: int) -> Bars:
        """The forming minute of ``series``; no bar before anything is known of it."""
        forming = self._forming(closed_ms // MINUTE_MS, now_ms)
        if forming is None:
            return EMPTY_BARS
        before = self._feed.history(Timeframe.M1, closed_ms - MINUTE_MS, closed_ms)
        row = Bars(*(np.array([value]) for value in (closed_ms, *forming)))
        minutes = self._derivatives.price_minutes(series, concatenate([before, row]))
        return minutes.rows(minutes.size - 1, minutes.size)

    def _history(self, timeframe: Timeframe, from_ms: int, closed_ms: int) -> Bars:
        """The closed minutes from ``from_ms``; those of a single forming candle are kept until the next minute."""
        if closed_ms - from_ms > timeframe.duration_ms * 2:
            return self._feed.history(timeframe, from_ms, closed_ms)
        kept = self._closed_part.get(timeframe)
        if kept is None or kept[:2] != (from_ms, closed_ms):
            kept = from_ms, closed_ms, self._feed.history(timeframe, from_ms, closed_ms)
            self._closed_part[timeframe] = kept
        return kept[2]

    def _forming(self, number: int, now_ms: int) -> _Partial | None:
        """Minute ``number`` so far; before its first trade flat at the last close if it will open there."""
        trades = self._trades_of(number)
        count = trades.count_until(now_ms)
        if count:
            last = count - 1
            turnover = self._grid.turnover_of_trades(trades.volumes[last], trades.turnovers[last])
            return _Partial(
                trades.prices[0],
                trades.highs[last],
                trades.lows[last],
                trades.prices[last],
                trades.volumes[last],
                turnover,
            )
        minute, before = self._feed.minute(number), self._feed.minute(number - 1)
        if minute is None or before is None or before.close != minute.open:
            return None
        return _Partial(before.close, before.close, before.close, before.close, 0, 0)

    def _with_forming(self, bars: Bars, open_ms: int, forming: _Partial | None) -> list[SimCandle]:
        if forming is None:
            return self._grid.candles(bars)
        o, high, low, close, volume, turnover = forming
        if bars.size and int(bars.open_ms[-1]) == open_ms:
            last = bars.size - 1
            o, high, low = int(bars.open[last]), max(high, int(bars.high[last])), min(low, int(bars.low[last]))
            volume, turnover = volume + int(bars.volume[last]), turnover + int(bars.turnover[last])
            bars = bars.rows(0, last)
        texts = self._grid.size(volume), self._grid.turnover(turnover)
        return [*self._grid.candles(bars), SimCandle(open_ms, o, high, low, close, *texts)]

    def _close_day(self, number: int) -> _DayClosed:
        first = number - _DAY_MINUTES + 1
        bars = self._feed.history(Timeframe.M1, first * MINUTE_MS, number * MINUTE_MS)
        hour = bars.between((number - _HOUR_MINUTES + 1) * MINUTE_MS, number * MINUTE_MS)
        first_open_1h = int(hour.open[0]) if hour.size else 0
        if bars.size == 0:
            price = self._close_before(number)
            return _DayClosed(number, price, price, price, price, price, 0, 0)
        _, o, high, low, close, volume, turnover = (int(column[0]) for column in whole(bars, 0))
        return _DayClosed(number, o, first_open_1h or close, high, low, close, volume, turnover)

    def _close_before(self, number: int) -> int:
        """Close of the last candle before minute ``number``, the first open if there is none."""
        before = self._feed.minute_before(number)
        minute = (
            self._feed.minute(before) if before is not None else self._feed.minute(self._feed.first_ms // MINUTE_MS)
        )
        if minute is None:
            return 0
        return minute.close if before is not None else minute.open

    # --- trades and quotes ---

    def _make_trades(self, number: int) -> MinuteTrades:
        minute = self._feed.minute(number)
        if minute is None:
            return NO_TRADES
        lively = math.sqrt(minute.volume / self._style.usual_lots)
        events = int(self._style.events * min(_MOST_LIVELY, max(_LEAST_LIVELY, lively)))
        return make_trades(minute, self._trade_key, number - self._feed.shift_minutes, events)

    def _make_liquidations(self, number: int) -> list[SimLiquidation]:
        """Those of one minute, its move measured from the open of two minutes before."""
        trades = self._trades_of(number)
        if not trades.prices:
            return []
        earlier = self._feed.minute(number - _PRESSURE_MINUTES)
        reference = earlier.open if earlier is not None else trades.prices[0]
        seed = number - self._feed.shift_minutes
        return make_liquidations(trades, reference, self._style.move_ratio, self._liquidation_key, seed)

    def _last_price(self, now_ms: int) -> int:
        number = now_ms // MINUTE_MS
        trades = self._trades_of(number)
        count = trades.count_until(now_ms)
        return trades.prices[count - 1] if count else self._close_before(number)

    def _quote(self, now_ms: int) -> Quote:
        """The inside: that of the last trade, and from some moment between the two on that of the next."""
        number = now_ms // MINUTE_MS
        trades = self._trades_of(number)
        count = trades.count_until(now_ms)
        if count:
            past_ms, past_bid, past_ask = trades.times_ms[count - 1], trades.bids[count - 1], trades.asks[count - 1]
        else:
            past_ms, past_bid, past_ask = self._past_inside(number)
        total = number * NUMBERS_PER_MINUTE + count
        coming, row = (trades, count) if count < len(trades.times_ms) else (self._trades_of(number + 1), 0)
        if row >= len(coming.times_ms):
            return Quote(past_bid, past_ask, total, 0, False)
        bid, ask, next_ms = coming.bids[row], coming.asks[row], coming.times_ms[row]
        if (bid, ask) != (past_bid, past_ask) and now_ms < self._switch_ms(past_ms, next_ms):
            return Quote(past_bid, past_ask, total, 0, False)
        return Quote(bid, ask, total, coming.waves[row], coming.buys[row])

    def _switch_ms(self, past_ms: int, next_ms: int) -> int:
        """When the inside leaves the last trade for the next: after the one, at the latest 1 ms before the other."""
        room = min(next_ms - past_ms, _QUOTES_LEAD_MS) - 2
        if room <= 0:
            return next_ms - 1
        return next_ms - 1 - (hash_word(self._trade_key, next_ms) >> 40) * room // (1 << 24)

    def _past_inside(self, number: int) -> tuple[int, int, int]:
        """(time, bid, ask) of the last trade before minute ``number``."""
        before = self._feed.minute_before(number)
        for _ in range(_SEARCH_MINUTES):
            if before is None:
                break
            trades = self._trades_of(before)
            if trades.times_ms:
                return trades.times_ms[-1], trades.bids[-1], trades.asks[-1]
            before = self._feed.minute_before(before)
        price = self._close_before(number)
        return number * MINUTE_MS - 1, price, price + 1
