"""A minute of the synthetic market as ready frames of the Bybit mix, for `load` to send again and again.

Books, tickers, trades and candles are the simulated market's and written by its server's encoders; they are
thinned (changes wait for the next frame) or repeated (a size that is said twice) until every second holds exactly
the wanted number of frames, of what the program subscribes: 64 % order book deltas of 8-12 levels (31 of 32
``orderbook.1000`` of any instrument, one ``orderbook.50`` of the shown one), 20 % tickers of 3-6 keys, 12 %
``publicTrade`` of 1-4 trades, 4 % klines. Numbers that tell the time or count up are marked by their place in the
frame, and written over when it is sent.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from heapq import nlargest, nsmallest
from itertools import cycle
from typing import Any

from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.simulator import encode, pace
from virtuoso_desktop.simulator.market import MarketSource, SimTrade
from virtuoso_desktop.simulator.rest import Listing
from virtuoso_desktop.simulator.tickers import TickerFields

SECONDS = 60
"""Length of a loop: candles of a minute begin where it begins."""
DEPTHS = {"orderbook.1000": 1000, "orderbook.50": 50}
DEEP, SHALLOW = DEPTHS
"""The book that every instrument is streamed by, and that which the shown one has beside it."""
PATTERN = (DEEP,) * 31 + (SHALLOW,) + ("tickers",) * 10 + ("publicTrade",) * 6 + ("kline",) * 2
LEVELS = (8, 12)
REACH = 100
"""Levels a side, from the touch, whose changes are told; further out a book stands still."""
NEAR = 50
"""Levels a side, from the touch, whose sizes are repeated."""
KEYS = (3, 6)
TRADES = (1, 4)
SEED = 1
WEIGHTS = {pace.LARGE: 5.0, pace.MIDDLE: 2.5, pace.SMALL: 1.0}
"""How often an instrument's turn comes, beside that of a small one."""
INTERVALS = {timeframe: text for text, timeframe in encode.INTERVALS.items()}


class Stamp(IntEnum):
    """What is written over when a frame is sent."""

    SENT_MS = 1
    """Time of sending (13 digits)."""
    UPDATE_ID = 2
    """Consecutive number of the book's update (11 digits)."""
    SEQUENCE = 3
    """Time of sending in us (16 digits): grows as a cross sequence does, and tells how old a book's frame is."""
    OPEN_MS = 4
    """Begin of the candle (13 digits)."""
    END_MS = 5
    """Last ms of the candle (13 digits)."""
    ROUND = 6
    """Number of the loop (8 hexadecimal digits): makes trade ids new."""


MARKS: dict[Stamp, str] = {
    Stamp.SENT_MS: "1111111111111",
    Stamp.UPDATE_ID: "22222222222",
    Stamp.SEQUENCE: "3333333333333333",
    Stamp.OPEN_MS: "4444444444444",
    Stamp.END_MS: "5555555555555",
    Stamp.ROUND: "eeeeeeee",
}


@dataclass(slots=True)
class Frame:
    """A framed text message; ``stamps`` are (place, what) in it."""

    topic: str
    kind: str
    buffer: bytearray
    stamps: tuple[tuple[int, Stamp], ...]


@dataclass(slots=True)
class Series:
    """One kline topic: its frames of a minute in order, and its last candle as closed."""

    topic: str
    timeframe: Timeframe
    forming: list[Frame] = field(default_factory=list[Frame])
    closed: Frame | None = None


@dataclass
class Minute:
    """All that is sent in a minute.

    ``slots`` are the frames in order, evenly spaced; None stands for the next kline. ``snapshots`` holds by
    slot what may stand in for a book's first frame of a second: the whole book with this frame's changes.
    ``tickers`` are whole tickers by topic, ``quiet`` topics that may be subscribed and never bring anything.
    """

    per_second: int
    slots: list[Frame | None]
    snapshots: dict[int, Frame]
    tickers: dict[str, Frame]
    series: list[Series]
    quiet: set[str]


def text_frame(topic: str, kind: str, message: dict[str, Any]) -> Frame:
    """Encode and frame a message, and find its marks."""
    buffer = bytearray(encode.text_frame(encode.encode(message)))
    stamps: list[tuple[int, Stamp]] = []
    for stamp, mark in MARKS.items():
        place = buffer.find(mark.encode())
        while place >= 0:
            stamps.append((place, stamp))
            place = buffer.find(mark.encode(), place + len(mark))
    return Frame(topic, kind, buffer, tuple(stamps))


def take_minute(market: MarketSource, instruments: Iterable[Instrument], begin_ms: int, per_second: int) -> Minute:
    """Frames of the minute that begins at ``begin_ms``, ``per_second`` of them in every second.

    The first of the ``instruments`` is the shown one.
    """
    rng = random.Random(SEED)
    listing = Listing(market)
    paces = pace.paces(market, begin_ms)
    chosen = list(instruments)
    weights = [WEIGHTS[paces[instrument.id]] for instrument in chosen]
    books = {
        kind: {each.id: _Book(market, each, listing.texts[each.id], (kind, rng)) for each in subjects}
        for kind, subjects in ((DEEP, chosen), (SHALLOW, chosen[:1]))
    }
    tickers = {each.id: _Ticker(market, each, listing, rng) for each in chosen}
    trades = {each.id: _Trades(market, each, listing.texts[each.id], rng) for each in chosen}
    takers = {**books, "tickers": tickers, "publicTrade": trades}
    for book in (*books[DEEP].values(), *books[SHALLOW].values()):
        book.begin(begin_ms)
    whole = {ticker.topic: ticker.whole(begin_ms) for ticker in tickers.values()}
    for tape in trades.values():
        tape.begin(begin_ms)

    quiet = {f"allLiquidation.{each.symbol}" for each in chosen}
    minute = Minute(per_second, [], {}, whole, [], quiet)
    kinds = _kinds(SECONDS * per_second, rng)
    seen: set[str] = set()
    for slot, kind in enumerate(kinds):
        if slot % per_second == 0:
            seen.clear()
        if kind == "kline":
            minute.slots.append(None)
            continue
        subject = chosen[0].id if kind == SHALLOW else rng.choices(chosen, weights)[0].id
        frame = takers[kind][subject].take(begin_ms + slot * 1000 // per_second)
        minute.slots.append(frame)
        if kind in DEPTHS and frame.topic not in seen:
            seen.add(frame.topic)
            minute.snapshots[slot] = books[kind][subject].snapshot()
    klines = kinds.count("kline")
    minute.series = _all_series(market, chosen, listing, (begin_ms, klines))
    return minute


def _kinds(count: int, rng: random.Random) -> list[str]:
    """The mix, exact in every 50 frames."""
    kinds: list[str] = []
    while len(kinds) < count:
        kinds += rng.sample(PATTERN, len(PATTERN))
    return kinds[:count]


class _Book:
    """Tells the market's changes in frames of 8-12 levels; what has no room waits, sizes are repeated to fill up."""

    def __init__(
        self, market: MarketSource, instrument: Instrument, texts: encode.Texts, how: tuple[str, random.Random]
    ) -> None:
        self._kind, self._rng = how
        self._depth = DEPTHS[self._kind]
        self.topic = f"{self._kind}.{instrument.symbol}"
        self._market = market
        self._instrument = instrument
        self._texts = texts
        self._told: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def begin(self, at_ms: int) -> None:
        book = self._market.book(self._instrument.id, self._depth, at_ms)
        self._told = dict(book.bids), dict(book.asks)

    def snapshot(self) -> Frame:
        bids, asks = self._told
        whole = sorted(bids.items(), reverse=True)[: self._depth], sorted(asks.items())[: self._depth]
        return self._frame("snapshot", *whole)

    def take(self, at_ms: int) -> Frame:
        book = self._market.book(self._instrument.id, min(self._depth, REACH), at_ms)
        most = self._rng.randint(*LEVELS)
        wanted = dict(book.bids), dict(book.asks)
        bests = next(iter(wanted[0])), next(iter(wanted[1]))
        changes: list[tuple[bool, int, int, int]] = []
        for side, (told, new) in enumerate(zip(self._told, wanted, strict=True)):
            sign, other = (1, bests[1]) if side == 0 else (-1, bests[0])
            edge = sign * next(reversed(new))
            near = {ticks: lots for ticks, lots in told.items() if sign * ticks >= edge}
            changed = {ticks for ticks, _ in near.items() ^ new.items()}
            # What would meet the other side's new best goes first; else the nearest to the touch.
            changes += [(sign * (ticks - other) < 0, abs(ticks - bests[side]), side, ticks) for ticks in changed]
        told_now: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for _, _, side, ticks in nsmallest(most, changes):
            told_now[side][ticks] = wanted[side].get(ticks, 0)
        self._fill(told_now, LEVELS[0])
        for side, levels in enumerate(told_now):
            self._told[side].update(levels)
            for ticks in [ticks for ticks, lots in levels.items() if not lots]:
                del self._told[side][ticks]
        bids, asks = told_now
        return self._frame("delta", sorted(bids.items(), reverse=True), sorted(asks.items()))

    def _fill(self, levels: tuple[dict[int, int], dict[int, int]], fewest: int) -> None:
        """Say again what was said before, nearest the touch, until there are enough levels."""
        missing = fewest - len(levels[0]) - len(levels[1])
        if missing <= 0:
            return
        bids, asks = nlargest(NEAR, self._told[0]), nsmallest(NEAR, self._told[1])
        near = [*zip(cycle([0]), bids), *zip(cycle([1]), asks)]
        self._rng.shuffle(near)
        for side, ticks in near:
            if missing <= 0:
                return
            if ticks not in levels[side]:
                levels[side][ticks] = self._told[side][ticks]
                missing -= 1

    def _frame(self, kind: str, bids: encode.Levels, asks: encode.Levels) -> Frame:
        levels = self._texts.levels
        data = {"s": self._instrument.symbol, "b": levels(bids), "a": levels(asks)}
        data |= {"u": int(MARKS[Stamp.UPDATE_ID]), "seq": int(MARKS[Stamp.SEQUENCE])}
        sent = int(MARKS[Stamp.SENT_MS])
        message = {"topic": self.topic, "type": kind, "ts": sent, "data": data, "cts": sent}
        return text_frame(self.topic, self._kind, message)


class _Ticker:
    """Tells 3-6 values that changed; values are repeated to fill up."""

    def __init__(self, market: MarketSource, instrument: Instrument, listing: Listing, rng: random.Random) -> None:
        self.topic = f"tickers.{instrument.symbol}"
        self._symbol = instrument.symbol
        self._reader = TickerFields(market, instrument, listing.texts[instrument.id], listing.twin(instrument))
        self._rng = rng
        self._told: dict[str, str] = {}

    def whole(self, at_ms: int) -> Frame:
        _, fields = self._reader.stream(at_ms)
        self._told = dict(fields)
        return self._frame("snapshot", fields)

    def take(self, at_ms: int) -> Frame:
        _, fields = self._reader.stream(at_ms)
        changed = [key for key, value in fields.items() if value and self._told.get(key) != value]
        same = [key for key, value in fields.items() if value and key not in changed]
        self._rng.shuffle(changed)
        count = self._rng.randint(*KEYS)
        keys = changed[:count]
        keys += self._rng.sample(same, max(0, KEYS[0] - len(keys)))
        self._told.update({key: fields[key] for key in keys})
        return self._frame("delta", {key: fields[key] for key in keys})

    def _frame(self, kind: str, fields: dict[str, str]) -> Frame:
        data = {"symbol": self._symbol} | fields
        sequence, sent = int(MARKS[Stamp.SEQUENCE]), int(MARKS[Stamp.SENT_MS])
        message = {"topic": self.topic, "type": kind, "data": data, "cs": sequence, "ts": sent}
        return text_frame(self.topic, "tickers", message)


class _Trades:
    """Tells the minute's trades in their order, 1-4 at once, again from the first when there are no more."""

    def __init__(self, market: MarketSource, instrument: Instrument, texts: encode.Texts, rng: random.Random) -> None:
        self.topic = f"publicTrade.{instrument.symbol}"
        self._market = market
        self._instrument = instrument
        self._texts = texts
        self._rng = rng
        self._trades: list[SimTrade] = []
        self._told = 0

    def begin(self, at_ms: int) -> None:
        window_ms = SECONDS * 1000
        while not self._trades:
            self._trades = self._market.trades(self._instrument.id, at_ms, at_ms + window_ms)
            window_ms *= 2

    def take(self, _: int) -> Frame:
        rows: list[dict[str, Any]] = []
        for _ in range(self._rng.randint(*TRADES)):
            trade = self._trades[self._told % len(self._trades)]
            self._told += 1
            row = encode.trade_item(self._texts, trade._replace(number=self._told), "PlusTick")
            row["T"] = int(MARKS[Stamp.SENT_MS])
            row["seq"] = int(MARKS[Stamp.SEQUENCE])
            row["i"] = MARKS[Stamp.ROUND] + row["i"][8:]
            rows.append(row)
        message = {"topic": self.topic, "type": "snapshot", "ts": int(MARKS[Stamp.SENT_MS]), "data": rows}
        return text_frame(self.topic, "publicTrade", message)


def _all_series(
    market: MarketSource, instruments: list[Instrument], listing: Listing, when: tuple[int, int]
) -> list[Series]:
    """Every series with the frames of its turns; ``when`` is (begin of the minute, klines in it)."""
    begin_ms, klines = when
    subjects = [(instrument, timeframe) for timeframe in ANALYSED_TIMEFRAMES for instrument in instruments]
    found = [Series(f"kline.{INTERVALS[timeframe]}.{each.symbol}", timeframe) for each, timeframe in subjects]
    turns = max(1, klines // len(found))
    for series, (instrument, timeframe) in zip(found, subjects, strict=True):
        for turn in range(turns):
            at_ms = begin_ms + 1 + (turn * SECONDS * 1000) // turns
            series.forming.append(_kline(market, instrument, listing.texts[instrument.id], (timeframe, at_ms, False)))
        last_ms = begin_ms + SECONDS * 1000 - 1
        series.closed = _kline(market, instrument, listing.texts[instrument.id], (timeframe, last_ms, True))
    return found


def _kline(
    market: MarketSource, instrument: Instrument, texts: encode.Texts, what: tuple[Timeframe, int, bool]
) -> Frame:
    timeframe, at_ms, closed = what
    open_ms = timeframe.open_ms(at_ms)
    candle = market.candles(instrument.id, timeframe, open_ms, open_ms, at_ms)[-1]
    item = encode.kline_item(texts, INTERVALS[timeframe], candle, closed, int(MARKS[Stamp.SENT_MS]))
    item |= {"start": int(MARKS[Stamp.OPEN_MS]), "end": int(MARKS[Stamp.END_MS])}
    topic = f"kline.{INTERVALS[timeframe]}.{instrument.symbol}"
    message = {"topic": topic, "data": [item], "ts": int(MARKS[Stamp.SENT_MS]), "type": "snapshot"}
    return text_frame(topic, "kline", message)


def largest(market: MarketSource, count: int, at_ms: int) -> list[Instrument]:
    """The linear contracts of the largest 24 h turnover."""
    linear = [each for each in market.instruments if each.id.market_kind is MarketKind.LINEAR]
    linear.sort(key=lambda each: -float(market.day(each.id, at_ms).turnover_24h))
    return linear[:count]
