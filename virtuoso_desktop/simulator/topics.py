"""The topics of the public stream as functions of venue time: state in, frames out, no sockets.

A topic is primed once (possibly in a worker thread), then advanced on the loop when due. ``advance``
returns the payloads for subscribers that are in step; ``snapshot`` the one that brings a new subscriber
into step. Update ids of books start from venue time, so that they also grow over restarts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, NamedTuple
from zlib import crc32

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.simulator import encode, pace
from virtuoso_desktop.simulator.encode import Levels, Texts
from virtuoso_desktop.simulator.market import MarketSource, SimCandle, SimTrade
from virtuoso_desktop.simulator.tickers import TickerFields

MOST_TRADES_PER_MESSAGE = 1024
_TRADE_LOOKAHEAD_MS = 1_000
_DIRECTION_LOOKBACK_MS = 60_000
_CLOSE_SPREAD_MS = 200
"""Candles of all topics close at the same ms; their last frames are spread over this time."""


class BookState(NamedTuple):
    """An order book as last published: (ticks, lots) best first, its ``u``, ``seq`` and ``cts``."""

    bids: Levels
    asks: Levels
    update_id: int
    sequence: int
    match_ms: int


class Subject(NamedTuple):
    """What every topic of an instrument needs; ``twin`` as in `TickerFields`, ``rate`` of the venue's clock."""

    market: MarketSource
    instrument: Instrument
    texts: Texts
    twin: Instrument | None
    pace: pace.Pace
    rate: float


class Topic(ABC):
    """One topic of one instrument. ``name`` is the venue's text, ``kind`` the same without the symbol."""

    def __init__(self, kind: str, subject: Subject, period_ms: int) -> None:
        self.kind = kind
        self.symbol = subject.instrument.symbol
        self.name = f"{kind}.{self.symbol}"
        self._subject = subject
        self.period_ms = period_ms
        """Venue ms between two pushes."""

    @abstractmethod
    def prime(self, now_ms: int) -> None:
        """Compute the first state as of ``now_ms``; may take long."""

    @abstractmethod
    def snapshot(self, now_ms: int, /) -> bytes | None:
        """The frame for a subscriber that joins now, None when the topic has no state to hand over."""

    @abstractmethod
    def advance(self, now_ms: int) -> list[bytes]:
        """Move the state to ``now_ms``; the frames for everybody who is in step, none without a change."""

    def due_ms(self, now_ms: int) -> int:
        """Venue time of the next `advance` after one at ``now_ms``."""
        return now_ms + self.period_ms


class BookTopic(Topic):
    """``orderbook.{depth}``: snapshot, then deltas with consecutive ``u``; level 1 is snapshots only."""

    def __init__(self, depth: int, subject: Subject) -> None:
        wanted_ms = subject.pace.book_ms // 2 if depth == 1 else subject.pace.book_ms
        period_ms = pace.venue_ms(max(pace.VENUE_BOOK_MS[depth], wanted_ms), subject.rate)
        super().__init__(f"orderbook.{depth}", subject, period_ms)
        self._depth = depth
        self._sent_ms = 0
        self.state = BookState((), (), 0, 0, 0)

    def prime(self, now_ms: int) -> None:
        self.state = self._book_at(now_ms, first_update_id(self._depth, now_ms))
        self._sent_ms = now_ms

    def snapshot(self, now_ms: int, /) -> bytes:
        state = self.state
        return self._frame("snapshot", state.bids, state.asks, now_ms)

    def advance(self, now_ms: int) -> list[bytes]:
        old = self.state
        new = self._book_at(now_ms, old.update_id + 1)
        if new.bids == old.bids and new.asks == old.asks:
            return self._repeat(now_ms)
        self.state = new
        self._sent_ms = now_ms
        if self._depth == 1:
            return [self.snapshot(now_ms)]
        bids = encode.changes(old.bids, new.bids, descending=True)
        asks = encode.changes(old.asks, new.asks, descending=False)
        return [self._frame("delta", bids, asks, now_ms)]

    def restart(self) -> None:
        """Begin a new chain of update ids, as the venue does when its service restarts."""
        self.state = self.state._replace(update_id=1)

    @property
    def texts(self) -> Texts:
        return self._subject.texts

    def _repeat(self, now_ms: int) -> list[bytes]:
        if self._depth != 1 or now_ms - self._sent_ms < pace.LEVEL_1_REPEAT_MS:
            return []
        self._sent_ms = now_ms
        return [self.snapshot(now_ms)]

    def _book_at(self, now_ms: int, update_id: int) -> BookState:
        return book_at(self._subject.market, self._subject.instrument, self._depth, now_ms, update_id)

    def _frame(self, kind: str, bids: Levels, asks: Levels, now_ms: int) -> bytes:
        texts, state = self._subject.texts, self.state
        data: dict[str, Any] = {"s": self.symbol, "b": texts.levels(bids), "a": texts.levels(asks)}
        data |= {"u": state.update_id, "seq": state.sequence}
        if texts.is_spot or self._depth == 1:
            return encode.encode({"topic": self.name, "ts": now_ms, "type": kind, "data": data, "cts": state.match_ms})
        return encode.encode({"topic": self.name, "type": kind, "ts": now_ms, "data": data, "cts": state.match_ms})


def book_at(market: MarketSource, instrument: Instrument, depth: int, now_ms: int, update_id: int) -> BookState:
    """The market's book as of ``now_ms`` under ``update_id``."""
    book = market.book(instrument.id, depth, now_ms)
    return BookState(book.bids, book.asks, update_id, encode.book_sequence(now_ms), now_ms)


def first_update_id(depth: int, now_ms: int) -> int:
    """An update id that is above all that a topic of this depth had before ``now_ms``."""
    return now_ms // pace.VENUE_BOOK_MS[depth] + 1


class TradeTopic(Topic):
    """``publicTrade``: every trade once, at its time, at most 1,024 in a message, no replay."""

    def __init__(self, subject: Subject) -> None:
        super().__init__("publicTrade", subject, pace.venue_ms(subject.pace.trade_ms, subject.rate, pace.FAST_TRADE_MS))
        self._coming: deque[SimTrade] = deque()
        self._known_until_ms = 0
        self._last_ticks: int | None = None
        self._direction = "ZeroPlusTick"

    def prime(self, now_ms: int) -> None:
        for trade in self._trades(now_ms - _DIRECTION_LOOKBACK_MS, now_ms):
            self._turn(trade)
        self._known_until_ms = now_ms

    def snapshot(self, _: int, /) -> None:
        return None

    def advance(self, now_ms: int) -> list[bytes]:
        self._look_ahead(now_ms)
        texts = self._subject.texts
        items: list[dict[str, Any]] = []
        while self._coming and self._coming[0].time_ms <= now_ms:
            trade = self._coming.popleft()
            self._turn(trade)
            items.append(encode.trade_item(texts, trade, self._direction))
        batches = [items[at : at + MOST_TRADES_PER_MESSAGE] for at in range(0, len(items), MOST_TRADES_PER_MESSAGE)]
        return [self._frame(batch, now_ms) for batch in batches]

    def _frame(self, batch: list[dict[str, Any]], now_ms: int) -> bytes:
        if self._subject.texts.is_spot:
            return encode.encode({"topic": self.name, "ts": now_ms, "type": "snapshot", "data": batch})
        return encode.encode({"topic": self.name, "type": "snapshot", "ts": now_ms, "data": batch})

    def due_ms(self, now_ms: int) -> int:
        coming_ms = self._coming[0].time_ms if self._coming else self._known_until_ms
        return max(coming_ms, now_ms + self.period_ms)

    def _look_ahead(self, now_ms: int) -> None:
        until_ms = now_ms + max(_TRADE_LOOKAHEAD_MS, self.period_ms)
        if self._known_until_ms < now_ms + self.period_ms:
            self._coming.extend(self._trades(self._known_until_ms, until_ms))
            self._known_until_ms = until_ms

    def _trades(self, start_ms: int, end_ms: int) -> list[SimTrade]:
        return self._subject.market.trades(self._subject.instrument.id, start_ms, end_ms)

    def _turn(self, trade: SimTrade) -> None:
        self._direction = tick_direction(self._direction, self._last_ticks, trade.price_ticks)
        self._last_ticks = trade.price_ticks


def tick_direction(before: str, last_ticks: int | None, ticks: int) -> str:
    """The venue's word for a trade's price beside the one before it."""
    if last_ticks is None or ticks == last_ticks:
        return "ZeroPlusTick" if before in ("PlusTick", "ZeroPlusTick") else "ZeroMinusTick"
    return "PlusTick" if ticks > last_ticks else "MinusTick"


class TickerTopic(Topic):
    """``tickers``: contracts send a snapshot, then deltas of changed keys; spot sends snapshots only."""

    def __init__(self, subject: Subject) -> None:
        super().__init__("tickers", subject, pace.venue_ms(subject.pace.ticker_ms, subject.rate))
        self._reader = TickerFields(subject.market, subject.instrument, subject.texts, subject.twin)
        self._fields: dict[str, str] = {}
        self._state_ms = 0
        self._direction = "ZeroPlusTick"
        self._last_ticks: int | None = None

    def prime(self, now_ms: int) -> None:
        self._fields = self._read(now_ms)

    def snapshot(self, now_ms: int, /) -> bytes:
        return self._frame("snapshot", self._fields, now_ms)

    def advance(self, now_ms: int) -> list[bytes]:
        old, new = self._fields, self._read(now_ms)
        self._fields = new
        if new == old:
            return []
        if self._subject.texts.is_spot:
            return [self._frame("snapshot", new, now_ms)]
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        return [self._frame("delta", {"symbol": self.symbol} | changed, now_ms)]

    def _read(self, now_ms: int) -> dict[str, str]:
        self._state_ms = now_ms
        day, fields = self._reader.stream(now_ms)
        if self._subject.texts.is_spot:
            return fields
        if day.last_ticks != self._last_ticks:
            self._direction = tick_direction(self._direction, self._last_ticks, day.last_ticks)
            self._last_ticks = day.last_ticks
        return {"symbol": self.symbol, "tickDirection": self._direction} | fields

    def _frame(self, kind: str, data: dict[str, str], now_ms: int) -> bytes:
        sequence = encode.book_sequence(self._state_ms)
        if self._subject.texts.is_spot:
            return encode.encode({"topic": self.name, "ts": now_ms, "type": kind, "cs": sequence, "data": data})
        return encode.encode({"topic": self.name, "type": kind, "data": data, "cs": sequence, "ts": now_ms})


class KlineTopic(Topic):
    """``kline.{interval}``: the forming candle when it changed; ``confirm`` once at its close, then the next."""

    def __init__(self, interval: str, subject: Subject) -> None:
        super().__init__(f"kline.{interval}", subject, pace.venue_ms(subject.pace.kline_ms, subject.rate))
        self._interval = interval
        self._timeframe = encode.INTERVALS[interval]
        self._open_ms = 0
        self._last: tuple[SimCandle, bool] | None = None
        self._sent_ms = 0
        self._close_delay_ms = crc32(self.name.encode()) % _CLOSE_SPREAD_MS

    def prime(self, now_ms: int) -> None:
        self._open_ms = self._timeframe.open_ms(now_ms)

    def snapshot(self, _: int, /) -> None:
        """There is none, but the next push sends the forming candle whether it changed or not."""
        self._last = None

    def advance(self, now_ms: int) -> list[bytes]:
        market, timeframe = self._subject.market, self._timeframe
        newest_ms = timeframe.open_ms(now_ms)
        candles = market.candles(self._subject.instrument.id, timeframe, self._open_ms, newest_ms, now_ms)
        frames: list[bytes] = []
        for candle in candles:
            closed = timeframe.close_ms(candle.open_ms) <= now_ms
            state = (candle, closed)
            if state == self._last and now_ms - self._sent_ms < pace.KLINE_REPEAT_MS:
                continue
            item = encode.kline_item(self._subject.texts, self._interval, candle, closed, now_ms)
            message = {"topic": self.name, "data": [item], "ts": now_ms, "type": "snapshot"}
            frames.append(encode.encode(message))
            self._last, self._sent_ms = state, now_ms
        self._open_ms = newest_ms
        return frames

    def due_ms(self, now_ms: int) -> int:
        close_ms = self._timeframe.close_ms(self._open_ms) + self._close_delay_ms
        return min(now_ms + self.period_ms, max(close_ms, now_ms + 1))


class LiquidationTopic(Topic):
    """``allLiquidation``: every liquidation once, those of half a second together, no replay.

    The half seconds of the symbols begin at different moments.
    """

    def __init__(self, subject: Subject) -> None:
        super().__init__("allLiquidation", subject, pace.venue_ms(pace.LIQUIDATION_MS, subject.rate))
        self._phase_ms = crc32(self.name.encode()) % self.period_ms
        self._known_until_ms = 0

    def prime(self, now_ms: int) -> None:
        self._subject.market.liquidations(self._subject.instrument.id, now_ms - 1, now_ms)
        self._known_until_ms = now_ms

    def snapshot(self, _: int, /) -> None:
        return None

    def advance(self, now_ms: int) -> list[bytes]:
        market, instrument, texts = self._subject.market, self._subject.instrument, self._subject.texts
        found = market.liquidations(instrument.id, self._known_until_ms, now_ms)
        self._known_until_ms = max(self._known_until_ms, now_ms)
        if not found:
            return []
        items = [encode.liquidation_item(texts, liquidation) for liquidation in found]
        return [encode.encode({"topic": self.name, "type": "snapshot", "ts": now_ms, "data": items})]

    def due_ms(self, now_ms: int) -> int:
        return now_ms - (now_ms - self._phase_ms) % self.period_ms + self.period_ms


def make_topic(kind: str, subject: Subject) -> Topic:
    """The topic of a kind named in `faults.TOPIC_KINDS`."""
    head, _, detail = kind.partition(".")
    if head == "orderbook":
        return BookTopic(int(detail), subject)
    if head == "kline":
        return KlineTopic(detail, subject)
    return {"publicTrade": TradeTopic, "tickers": TickerTopic, "allLiquidation": LiquidationTopic}[head](subject)
