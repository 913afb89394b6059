"""Order flow of a recording by the plainest rules, and the same recording as events for a store.

The reference reads the recording's own texts as exact decimals, and takes every sum anew from all trades and book
updates of its window. It shares nothing with the program but the numbers of analysis B.1.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.recorded_session import frames_of
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import FULL_DEPTH, Aggressor, BookDelta, BookSnapshot, MarketEvent, Trade

Side = dict[Decimal, Decimal]
Top = list[tuple[Decimal, Decimal]]
LEVELS = 5


class SlowTrade(NamedTuple):
    time_ms: int
    price: Decimal
    size: Decimal
    is_buy: bool


class SlowUpdate(NamedTuple):
    """The best levels of both sides after an update of this time."""

    time_ms: int
    bids: Top
    asks: Top


def instrument_of(kind: MarketKind) -> Instrument:
    """The instrument of Bitcoin's recordings of a kind."""
    symbol, tick, lot = {
        MarketKind.SPOT: ("BTCUSDT", "0.01", "0.00001"),
        MarketKind.LINEAR: ("BTCUSDT", "0.1", "0.001"),
        MarketKind.INVERSE: ("BTCUSD", "0.1", "1"),
    }[kind]
    quote = symbol.removeprefix("BTC")
    identity = InstrumentId(Venue.BYBIT, kind, symbol)
    return Instrument(identity, "BTC", quote, quote, "Trading", "", Decimal(tick), Decimal(lot))


@dataclass
class Recording:
    """Part of a recording: the book when it begins, and what follows.

    ``worth`` is what one of its sizes counts (contracts of 100 dollars).
    """

    instrument: Instrument
    worth: int
    bids: Side
    asks: Side
    changes: list[Any]
    trades: list[SlowTrade]

    @property
    def begin_ms(self) -> int:
        return self.changes[0][0]

    @property
    def end_ms(self) -> int:
        return max(self.changes[-1][0], self.trades[-1].time_ms)

    def events(self) -> list[MarketEvent]:
        """All of it as a store takes it, by time."""
        subject = self.instrument.id
        begin_ms = self.begin_ms
        bids, asks = ([(float(p), float(q)) for p, q in side.items()] for side in (self.bids, self.asks))
        events: list[MarketEvent] = [
            BookSnapshot(subject, FULL_DEPTH, bids, asks, 10, 10, begin_ms, begin_ms, 0),
        ]
        for number, (time_ms, bids_told, asks_told) in enumerate(self.changes, 11):
            levels = [[(float(p), float(q)) for p, q in side] for side in (bids_told, asks_told)]
            events.append(BookDelta(subject, FULL_DEPTH, *levels, number - 1, number, number, time_ms, time_ms, 0))
        for number, trade in enumerate(self.trades):
            side = Aggressor.BUY if trade.is_buy else Aggressor.SELL
            price, size, at_ms = float(trade.price), float(trade.size), trade.time_ms
            events.append(Trade(subject, f"t{number}", price, size, side, at_ms, None, False, at_ms, 0))
        return sorted(events, key=_time_ms)


def _time_ms(event: MarketEvent) -> int:
    return event.time_ms if isinstance(event, Trade) else event.event_ms


def recording(kind: MarketKind, files: list[Path], *, skipped: int = 0, length_s: int | None = None) -> Recording:
    """Read a recording.

    Parameters
    ----------
    skipped : int
        Files that only build the book.
    length_s : int, optional
        Only so much of what follows.
    """
    worth = 100 if kind is MarketKind.INVERSE else 1
    frames = list(frames_of(*files))
    (start,) = (frame for frame in frames if "stream" not in frame)
    known = start["lastUpdateId"]
    told = [frame["data"] for frame in frames if "@depth" in frame.get("stream", "")]
    told = [change for change in told if change["u"] > known or ("pu" in change and change["u"] == known)]
    changes = [
        (
            change.get("T", change["E"]),
            [(Decimal(p), Decimal(q) * worth) for p, q in change["b"]],
            [(Decimal(p), Decimal(q) * worth) for p, q in change["a"]],
        )
        for change in told
    ]
    rows = [frame["data"] for frame in frames if frame.get("stream", "").endswith("@trade")]
    trades = [
        SlowTrade(row["T"], Decimal(row["p"]), Decimal(row["q"]) * worth, not row["m"])
        for row in rows
        if Decimal(row["p"]) > 0 and Decimal(row["q"]) > 0
    ]
    begin_ms = changes[0][0]
    if skipped:
        last = [frame["data"] for frame in frames_of(*files[:skipped]) if "@depth" in frame.get("stream", "")][-1]
        begin_ms = last.get("T", last["E"]) + 1
    until_ms = math.inf if length_s is None else (begin_ms // 1_000 + length_s) * 1_000
    bids, asks = ({Decimal(p): Decimal(q) * worth for p, q in start[name]} for name in ("bids", "asks"))
    for _, bids_told, asks_told in (change for change in changes if change[0] < begin_ms):
        _apply(bids, bids_told)
        _apply(asks, asks_told)
    return Recording(
        instrument_of(kind),
        worth,
        bids,
        asks,
        [change for change in changes if begin_ms <= change[0] < until_ms],
        [trade for trade in trades if (begin_ms if skipped else 0) <= trade.time_ms < until_ms],
    )


def _apply(side: Side, levels: Top) -> None:
    for price, size in levels:
        side[price] = size
        if not size:
            del side[price]


class SlowFlow:
    """What flowed in a recording."""

    def __init__(self, recorded: Recording) -> None:
        self._recorded = recorded
        self._lot = recorded.instrument.lot_step
        self._trade_times = [trade.time_ms for trade in recorded.trades]
        bids, asks = dict(recorded.bids), dict(recorded.asks)
        self.updates = [SlowUpdate(recorded.begin_ms, *_top(bids, asks))]
        for time_ms, bids_told, asks_told in recorded.changes:
            _apply(bids, bids_told)
            _apply(asks, asks_told)
            self.updates.append(SlowUpdate(time_ms, *_top(bids, asks)))
        self._update_times = [update.time_ms for update in self.updates]
        self._large = self._large_orders()

    def trades(self, from_s: int, to_s: int) -> list[SlowTrade]:
        first, last = (bisect_left(self._trade_times, second * 1_000) for second in (from_s, to_s))
        return self._recorded.trades[first:last]

    def lots(self, from_s: int, to_s: int, *, is_buy: bool) -> Decimal:
        return sum((t.size for t in self.trades(from_s, to_s) if t.is_buy is is_buy), Decimal(0)) / self._lot

    def ofi(self, level: int, from_s: int, to_s: int) -> Decimal:
        """Cont, Kukanov and Stoikov's sum at one level, 0 the best, in lots."""
        total = Decimal(0)
        first, last = (bisect_left(self._update_times, second * 1_000) for second in (from_s, to_s))
        for at in range(max(first, 1), last):
            before, now = self.updates[at - 1], self.updates[at]
            (old_bid, old_bid_size), (bid, bid_size) = before.bids[level], now.bids[level]
            (old_ask, old_ask_size), (ask, ask_size) = before.asks[level], now.asks[level]
            if bid >= old_bid:
                total += bid_size
            if bid <= old_bid:
                total -= old_bid_size
            if ask <= old_ask:
                total -= ask_size
            if ask >= old_ask:
                total += old_ask_size
        return total / self._lot

    def weighted_ofi(self, from_s: int, to_s: int) -> float:
        return sum(math.exp(-0.5 * level) * float(self.ofi(level, from_s, to_s)) for level in range(LEVELS))

    def mean_depth(self, from_s: int, to_s: int) -> Decimal | None:
        first, last = (bisect_left(self._update_times, second * 1_000) for second in (from_s, to_s))
        updates = self.updates[first:last]
        if not updates:
            return None
        return sum((u.bids[0][1] + u.asks[0][1] for u in updates), Decimal(0)) / (2 * len(updates)) / self._lot

    def large_lots(self, from_s: int, to_s: int) -> Decimal:
        """Signed lots of the large orders whose time is in the window."""
        return sum((lots for time_ms, lots in self._large if from_s <= time_ms // 1_000 < to_s), Decimal(0))

    def _large_orders(self) -> list[tuple[int, Decimal]]:
        """Time and signed lots of each order that is large by the sizes of those before it."""
        orders: list[tuple[int, bool, Decimal, Decimal]] = []
        for trade in self._recorded.trades:
            lots = trade.size / self._lot
            if orders and orders[-1][:2] == (trade.time_ms, trade.is_buy):
                time_ms, is_buy, price, so_far = orders[-1]
                orders[-1] = time_ms, is_buy, price, so_far + lots
            else:
                orders.append((trade.time_ms, trade.is_buy, trade.price, lots))
        is_inverse = self._recorded.instrument.id.market_kind is MarketKind.INVERSE
        large: list[tuple[int, Decimal]] = []
        sizes = [float(lots) for *_, lots in orders]
        threshold = math.inf
        for number, (time_ms, is_buy, price, lots) in enumerate(orders):
            if number and number % 50 == 0:
                threshold = slow_threshold(sizes[:number])
            worth_usd = lots * self._lot * (1 if is_inverse else price)
            if lots >= threshold and worth_usd >= 10_000:
                large.append((time_ms, lots if is_buy else -lots))
        return large


def slow_threshold(sizes: list[float]) -> float:
    """Upper edge of the bin, an eighth of an octave wide, beyond which less than 0.5 % of the fading weight lies."""
    weights: dict[int, float] = {}
    for age, size in enumerate(reversed(sizes)):
        place = math.floor(8 * math.log2(size))
        weights[place] = weights.get(place, 0.0) + 2 ** (-age / 20_000)
    spared = 0.005 * sum(weights.values())
    for place in sorted(weights, reverse=True):
        spared -= weights[place]
        if spared < 0:
            return 2 ** ((place + 1) / 8)
    raise AssertionError("no sizes")


def _top(bids: Side, asks: Side) -> tuple[Top, Top]:
    return heapq.nlargest(LEVELS, bids.items()), heapq.nsmallest(LEVELS, asks.items())
