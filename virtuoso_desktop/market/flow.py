"""Order flow of one instrument: signed sums by second of venue time, from trades, quotes and liquidations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.footprint import FootprintMinutes
from virtuoso_desktop.market.orders import OrderSizes
from virtuoso_desktop.market.quote_flow import QuoteFlow
from virtuoso_desktop.market.second_sums import SecondSums
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.market import Aggressor, Liquidation, PositionSide, Trade

LARGE_FLOOR_USD = 10_000.0
"""An order of less is never large, however small the usual ones are."""
DOLLARS = frozenset({"USD", "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "PYUSD", "USDE", "USD1", "RLUSD"})
"""Quote coins that count as US dollars."""
BUY, SELL, BUYS, SELLS, LARGE = range(5)
LONG, SHORT = range(2)
_MOST_LOTS = 1 << 44
"""A size beyond this many lots is no size."""
_BUY = Aggressor.BUY
_LONG = PositionSide.LONG

_nearest = float.__round__
"""``round`` for floats only, at half its price. An infinite value raises OverflowError, NaN ValueError."""


class TradeFlow:
    """Trades by second of their own time, in lots; block trades are only counted (D12).

    Columns of ``sums``: ``BUY`` and ``SELL`` lots of takers, ``BUYS`` and ``SELLS`` trades, ``LARGE`` lots of large
    aggressive orders, those of sellers negative.

    Parameters
    ----------
    instrument : Instrument
        Gives the grid of sizes, and what a lot is worth.

    Notes
    -----
    Trades are added once the tape has taken them, so each comes once. Fills of equal time, side and, where the venue
    has one, cross sequence are one aggressive order. An order is judged when the next one begins, by the sizes of all
    orders before it.
    """

    __slots__ = (
        "_dollars_per_lot",
        "_dollars_per_price",
        "_lot_scale",
        "_order_buys",
        "_order_lots",
        "_order_ms",
        "_order_price",
        "_order_sequence",
        "block_lots",
        "footprint",
        "newest_ms",
        "refused",
        "sizes",
        "sums",
    )

    def __init__(self, instrument: Instrument) -> None:
        lot_step = float(instrument.lot_step)
        self._lot_scale = 1.0 / lot_step
        self._dollars_per_lot = lot_step if instrument.id.market_kind is MarketKind.INVERSE else 0.0
        is_in_dollars = instrument.quote_coin in DOLLARS and not self._dollars_per_lot
        self._dollars_per_price = lot_step if is_in_dollars else 0.0
        self.sums = SecondSums(5)
        self.sizes = OrderSizes()
        self.footprint = FootprintMinutes(instrument)
        self.newest_ms: int | None = None
        """Time of the newest trade."""
        self.block_lots = 0
        """Traded off the book."""
        self.refused = 0
        """Trades whose size is no number of lots."""
        self._order_ms = -1
        self._order_buys = False
        self._order_sequence: int | None = None
        self._order_lots = 0
        """Lots of the newest order, whose fills may not all have come; 0 before the first."""
        self._order_price = 0.0

    def add(self, trade: Trade) -> None:
        """Add a trade that the tape has taken; one that comes late counts for its own second."""
        try:
            lots = _nearest(trade.size * self._lot_scale)
        except (OverflowError, ValueError):
            lots = 0
        if not 0 < lots < _MOST_LOTS:
            self.refused += 1
            return
        if trade.is_block:
            self.block_lots += lots
            return
        time_ms = trade.time_ms
        is_buy = trade.aggressor is _BUY
        second = time_ms // 1_000
        sums = self.sums
        if second >= sums.second:
            if second > sums.second:
                sums.roll(second)
            totals = sums.totals
            if is_buy:
                totals[BUY] += lots
                totals[BUYS] += 1
            else:
                totals[SELL] += lots
                totals[SELLS] += 1
            if self.newest_ms is None or time_ms > self.newest_ms:
                self.newest_ms = time_ms
        elif sums.add_late(second, BUY if is_buy else SELL, lots):
            sums.add_late(second, BUYS if is_buy else SELLS, 1)
        else:
            return
        if time_ms == self._order_ms and is_buy is self._order_buys and trade.sequence == self._order_sequence:
            self._order_lots += lots
        else:
            self._close_order()
            self._order_ms = time_ms
            self._order_buys = is_buy
            self._order_sequence = trade.sequence
            self._order_lots = lots
            self._order_price = trade.price
        self.footprint.add(time_ms, trade.price, lots, is_buy)

    def recover(self, trades: Iterable[Trade]) -> None:
        """Add trades that REST knew, in the order of their time."""
        for trade in trades:
            self.add(trade)

    def large(self, from_s: int, to_s: int) -> int:
        """Lots bought minus lots sold by large orders over [from_s, to_s), the newest order as far as it has come."""
        open_lots = self._large_of_order() if from_s <= self._order_ms // 1_000 < to_s else 0
        return self.sums.between(LARGE, from_s, to_s) + open_lots

    def volume(self, from_s: int, to_s: int) -> int:
        """Lots traded over [from_s, to_s)."""
        return self.sums.between(BUY, from_s, to_s) + self.sums.between(SELL, from_s, to_s)

    def count(self, from_s: int, to_s: int) -> int:
        """Trades of [from_s, to_s)."""
        return self.sums.between(BUYS, from_s, to_s) + self.sums.between(SELLS, from_s, to_s)

    def seconds_holding(self, count: int, to_s: int, least_s: int, most_s: int) -> int | None:
        """Length of the shortest stretch before ``to_s`` that holds so many trades, ``least_s`` to ``most_s`` long."""
        if self.count(to_s - least_s, to_s) >= count:
            return least_s
        if self.count(to_s - most_s, to_s) < count:
            return None
        short, enough = least_s, most_s
        while enough - short > 1:
            middle = (short + enough) // 2
            if self.count(to_s - middle, to_s) >= count:
                enough = middle
            else:
                short = middle
        return enough

    def _close_order(self) -> None:
        if not self._order_lots:
            return
        large = self._large_of_order()
        if large:
            second = self._order_ms // 1_000
            if second >= self.sums.second:
                self.sums.totals[LARGE] += large
            else:
                self.sums.add_late(second, LARGE, large)
        self.sizes.add(self._order_lots)

    def _large_of_order(self) -> int:
        """Signed lots of the newest order if it is large, else 0."""
        lots = self._order_lots
        if lots < self.sizes.threshold_lots:
            return 0
        price = self._order_price
        worth_usd = lots * (self._dollars_per_lot or self._dollars_per_price * price)
        if 0.0 < worth_usd < LARGE_FLOOR_USD:
            return 0
        return lots if self._order_buys else -lots


class LiquidationFlow:
    """Liquidated positions by second of their own time, in lots: columns ``LONG`` and ``SHORT`` of ``sums``."""

    __slots__ = ("_lot_scale", "newest_ms", "sums")

    def __init__(self, instrument: Instrument) -> None:
        self._lot_scale = 1.0 / float(instrument.lot_step)
        self.sums = SecondSums(2)
        self.newest_ms: int | None = None

    def add(self, event: Liquidation) -> None:
        """Add a liquidation that the tape has taken."""
        try:
            lots = _nearest(event.size * self._lot_scale)
        except (OverflowError, ValueError):
            return
        if not 0 < lots < _MOST_LOTS:
            return
        column = LONG if event.side is _LONG else SHORT
        second = event.time_ms // 1_000
        if second < self.sums.second:
            self.sums.add_late(second, column, lots)
            return
        if second > self.sums.second:
            self.sums.roll(second)
        self.sums.totals[column] += lots
        self.newest_ms = max(event.time_ms, self.newest_ms or 0)

    def forced(self, from_s: int, to_s: int) -> tuple[int, int]:
        """Lots that were bought (shorts liquidated) and sold (longs liquidated) by force over [from_s, to_s)."""
        return self.sums.between(SHORT, from_s, to_s), self.sums.between(LONG, from_s, to_s)


class FlowWindow(NamedTuple):
    """All flow of a stretch of time, in lots."""

    buy_lots: int
    sell_lots: int
    buys: int
    """Trades whose taker bought."""
    sells: int
    ofi_lots: int
    weighted_ofi_lots: float
    mean_depth_lots: float | None
    """Mean lots at a best quote; OFI / (2 depth) is the expected move in ticks."""
    large_lots: int
    forced_buy_lots: int
    forced_sell_lots: int

    @property
    def count_imbalance(self) -> float | None:
        """Trades that bought minus those that sold, of all (F3); None without a trade."""
        trades = self.buys + self.sells
        return (self.buys - self.sells) / trades if trades else None


class InstrumentFlow:
    """What flows through one instrument; `InstrumentState` feeds it.

    Parameters
    ----------
    instrument : Instrument
        The instrument.
    book : OrderBook
        The analysed book, whose best quotes are followed.
    """

    __slots__ = ("liquidations", "quotes", "trades")

    def __init__(self, instrument: Instrument, book: OrderBook) -> None:
        self.trades = TradeFlow(instrument)
        self.quotes = QuoteFlow(book)
        self.liquidations = LiquidationFlow(instrument)

    def window(self, from_s: int, to_s: int) -> FlowWindow:
        """Everything of the seconds [from_s, to_s), since 1970."""
        trades, quotes = self.trades, self.quotes
        buy, sell, buys, sells, _ = (trades.sums.between(column, from_s, to_s) for column in range(5))
        return FlowWindow(
            buy, sell, buys, sells,
            quotes.imbalance(from_s, to_s), quotes.weighted_imbalance(from_s, to_s), quotes.mean_depth(from_s, to_s),
            trades.large(from_s, to_s), *self.liquidations.forced(from_s, to_s),
        )  # fmt: skip
