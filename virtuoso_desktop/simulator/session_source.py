"""The market of a recorded session ``session:A[+B]``: its own order book and trades; all else follows from them.

Binance spot is spoken as spot, USDT-margined futures as linear, COIN-margined as inverse, whose sizes are dollars:
contracts times the contract's value. Candles and tickers are made of the trades, minutes without any are flat.
Funding, open interest, account ratio and liquidations were not recorded and are simulated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from virtuoso_desktop.files.session import UNIT_DIGITS, Session, read_session
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.bars import Bars, Grid, aggregate
from virtuoso_desktop.simulator.instrument_market import USUAL_SPAN, InstrumentMarket, Style
from virtuoso_desktop.simulator.market import SimBook
from virtuoso_desktop.simulator.noise import Ints, derive_key
from virtuoso_desktop.simulator.session_book import Change, RecordedBook
from virtuoso_desktop.simulator.trades import NO_TRADES, Minute, MinuteTrades

_UNITS = 10**UNIT_DIGITS
_CONTRACT_USD = {"BTC": 100}
_OTHER_CONTRACT_USD = 10
_FUNDING_MIN = 480
_REFRESH_MS = 50
_LEAST_MOVE_RATIO = 1e-5
_CONTRACT_TYPES = {
    MarketKind.SPOT: "",
    MarketKind.LINEAR: "LinearPerpetual",
    MarketKind.INVERSE: "InversePerpetual",
}
_QUOTE_COINS = ("USDT", "USDC", "FDUSD", "BUSD", "USD", "BTC", "ETH", "BNB", "EUR", "TRY")


class _Minutes:
    """`MinuteFeed` of recorded trades: a candle for every minute from the first trade to the end."""

    shift_minutes = 0

    def __init__(self, trades: _Trades, grid: Grid, end_ms: int) -> None:
        first, last = int(trades.times_ms[0]) // MINUTE_MS, end_ms // MINUTE_MS
        rows: list[tuple[int, ...]] = []
        self._tick_lots: list[int] = []
        for number in range(first, last + 1):
            lots, prices = trades.of_minute(number)
            if lots.size:
                volume, tick_lots = int(lots.sum()), int((prices * lots).sum())
                o, high, low, close = (int(value) for value in (prices[0], prices.max(), prices.min(), prices[-1]))
            else:
                o = high = low = close = rows[-1][4]
                volume = tick_lots = 0
            turnover = grid.turnover_of_trades(volume, tick_lots)
            rows.append((number * MINUTE_MS, o, high, low, close, volume, turnover))
            self._tick_lots.append(tick_lots)
        self.bars = Bars(*np.array(rows, dtype=np.int64).T)
        self.first_ms = first * MINUTE_MS
        self.end_ms: int | None = end_ms

    def minute(self, number: int) -> Minute | None:
        row = number - self.first_ms // MINUTE_MS
        if not 0 <= row < self.bars.size:
            return None
        _, o, high, low, close, volume, _ = (column.item(row) for column in self.bars)
        return Minute(number, o, high, low, close, volume, self._tick_lots[row])

    def minute_before(self, number: int) -> int | None:
        return number - 1 if (number - 1) * MINUTE_MS >= self.first_ms else None

    def history(self, timeframe: Timeframe, from_ms: int, until_ms: int) -> Bars:
        bars = self.bars.between(from_ms, until_ms)
        return bars if timeframe is Timeframe.M1 else aggregate(bars, timeframe)


class _Trades:
    """Recorded trades as columns, in ticks and lots, moved in time."""

    def __init__(self, session: Session, scale: _Scale, shift_ms: int) -> None:
        self.times_ms = np.array([trade.time_ms for trade in session.trades]) + shift_ms
        self.prices = np.array([scale.ticks(trade.price) for trade in session.trades])
        self.lots = np.array([scale.lots(trade.size) for trade in session.trades])
        self._buys = [trade.is_buy for trade in session.trades]
        self._numbers = [trade.number for trade in session.trades]

    def _rows(self, number: int) -> slice:
        return slice(*np.searchsorted(self.times_ms, (number * MINUTE_MS, (number + 1) * MINUTE_MS)).tolist())

    def of_minute(self, number: int) -> tuple[Ints, Ints]:
        """(lots, prices) of one minute."""
        rows = self._rows(number)
        return self.lots[rows], self.prices[rows]

    def minute(self, number: int) -> MinuteTrades:
        rows = self._rows(number)
        if rows.start == rows.stop:
            return NO_TRADES
        prices, lots = self.prices[rows], self.lots[rows]
        return MinuteTrades(
            self.times_ms[rows].tolist(),
            prices.tolist(),
            lots.tolist(),
            self._buys[rows],
            [],
            [],
            [],
            lots.cumsum().tolist(),
            (prices * lots).cumsum().tolist(),
            np.maximum.accumulate(prices).tolist(),
            np.minimum.accumulate(prices).tolist(),
            self._numbers[rows],
        )


class _Scale:
    """Ticks and lots of a recording's units: the greatest steps that all its prices and sizes are multiples of."""

    def __init__(self, session: Session, base_coin: str) -> None:
        levels = [*session.bids, *session.asks]
        for change in session.changes:
            levels += change.bids
            levels += change.asks
        prices = {price for price, _ in levels} | {trade.price for trade in session.trades}
        self._tick = math.gcd(*prices)
        if session.kind is MarketKind.INVERSE:
            self._lot, self._lots_per_step = _UNITS, _CONTRACT_USD.get(base_coin, _OTHER_CONTRACT_USD)
            self.lot_step = Decimal(1)
        else:
            sizes = {size for _, size in levels} | {trade.size for trade in session.trades}
            self._lot, self._lots_per_step = math.gcd(*sizes), 1
            self.lot_step = _decimal(self._lot)
        self.tick_size = _decimal(self._tick)

    def ticks(self, price: int) -> int:
        return price // self._tick

    def lots(self, size: int) -> int:
        return size // self._lot * self._lots_per_step

    def levels(self, levels: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(self.ticks(price), self.lots(size)) for price, size in levels]


def _decimal(units: int) -> Decimal:
    return Decimal(f"{Decimal(units).scaleb(-UNIT_DIGITS).normalize():f}")


class RecordedMarket(InstrumentMarket):
    """An instrument's market whose trades and book are a recording's, moved by ``shift_ms``."""

    def __init__(self, session: Session, shift_ms: int) -> None:
        base, quote = _coins(session)
        scale = _Scale(session, base)
        self._recorded = _Trades(session, scale, shift_ms)
        is_inverse = session.kind is MarketKind.INVERSE
        grid = (Grid.inverse if is_inverse else Grid.exact)(scale.tick_size, scale.lot_step)
        feed = _Minutes(self._recorded, grid, session.end_ms + shift_ms)
        instrument = Instrument(
            id=instrument_id(session),
            base_coin=base,
            quote_coin=quote,
            settle_coin={MarketKind.LINEAR: quote, MarketKind.INVERSE: base}.get(session.kind, ""),
            status="Trading",
            contract_type=_CONTRACT_TYPES[session.kind],
            tick_size=scale.tick_size,
            lot_step=scale.lot_step,
            funding_interval_min=None if session.kind is MarketKind.SPOT else _FUNDING_MIN,
            launch_ms=feed.first_ms,
        )
        super().__init__(instrument, grid, feed, _style(instrument, feed.bars))
        changes = [
            Change(change.time_ms + shift_ms, scale.levels(change.bids), scale.levels(change.asks))
            for change in session.changes
        ]
        self._book = RecordedBook(scale.levels(session.bids), scale.levels(session.asks), changes)

    def book(self, depth: int, now_ms: int) -> SimBook:
        return self._book.book(depth, now_ms)

    def _make_trades(self, number: int) -> MinuteTrades:
        return self._recorded.minute(number)


def load_session(paths: Sequence[Path]) -> Session:
    """`read_session`, and at least one trade in it, without which there is no price."""
    session = read_session(paths)
    if not session.trades:
        names = " + ".join(path.name for path in paths)
        raise ParseError(f"{names} has no trade, so there is nothing to make candles of.", kind="empty")
    return session


def instrument_id(session: Session) -> InstrumentId:
    """As which instrument of the simulated venue a session is spoken: ``BTCUSD_PERP`` is ``BTCUSD``."""
    return InstrumentId(Venue.BYBIT, session.kind, session.symbol.removesuffix("_PERP"))


def _coins(session: Session) -> tuple[str, str]:
    """(base, quote) coin."""
    symbol = instrument_id(session).symbol
    quote = next((coin for coin in _QUOTE_COINS if symbol.endswith(coin) and symbol != coin), "")
    return symbol.removesuffix(quote), quote


def _style(instrument: Instrument, bars: Bars) -> Style:
    usual_lots = max(1.0, float(np.median(bars.volume)))
    spans = (bars.high - bars.low) / bars.close
    move_ratio = max(float(np.median(spans)) / USUAL_SPAN, _LEAST_MOVE_RATIO)
    key = derive_key("session", str(instrument.id))
    return Style(key, usual_lots, float(bars.close[-1]), 1, _REFRESH_MS, move_ratio)
