"""A recorded session as the program's store sees it, second by second, beside a plain reading of the files."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from tests.recorded_session import SlowBook, frames_of
from virtuoso_desktop.exchanges.bybit.parse import BybitParser
from virtuoso_desktop.market.store import ANALYSED_DEPTH, InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator import pace
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.sources import open_market
from virtuoso_desktop.simulator.topics import Subject, make_topic

Levels = list[tuple[int, int]]
PUSH_MS = 200
MINUTES = 60
LEAST_TURNOVER = 30_000.0


class RecordedSession(NamedTuple):
    """Files, and which of them to walk through; one of its sizes is worth ``worth`` (contracts of 100 dollars)."""

    files: tuple[str, ...]
    walked: int
    worth: int = 1


SESSIONS = {
    "spot 08": RecordedSession(("hft_spot_btcusdt_20240808",), 0),
    "spot 09": RecordedSession(("hft_spot_btcusdt_20240808", "hft_spot_btcusdt_20240809"), 1),
    "linear 18": RecordedSession(("hft_usdm_btcusdt_20240718",), 0),
    "linear 19": RecordedSession(("hft_usdm_btcusdt_20240718", "hft_usdm_btcusdt_20240719"), 1),
    "linear 08": RecordedSession(("hft_usdm_btcusdt_20240808",), 0),
    "inverse 08": RecordedSession(("hft_cm_btcusd_perp_20240808",), 0, 100),
}


def turnovers() -> list[float]:
    """Of the minutes before a session: small, so that there are walls to hold against each other."""
    return [LEAST_TURNOVER * (1 + number % 7) for number in range(MINUTES)]


class Second(NamedTuple):
    """What is known right before the first event of a second."""

    now_ms: int
    state: InstrumentState
    bids: Levels
    asks: Levels
    trades: list[tuple[int, float, bool]]
    """(ticks, lots, whether the taker sold) of (now - 2 s, now - 1 s], from the files."""


def seconds_of(folder: Path, session: RecordedSession, most: int | None) -> Iterator[Second]:
    """Walk through a session; ``most`` seconds of it, or all."""
    files = [folder / f"c_binance_sessions/{name}.gz" for name in session.files]
    market = open_market([f"session:{'+'.join(map(str, files))}"], None, "original", 0).market
    (instrument,) = market.instruments
    slow = SlowBook(*files)
    begin_ms = slow.times[0] if not session.walked else int(next(frames_of(files[session.walked]))["data"]["E"])
    begin_ms = (max(begin_ms, slow.times[0]) // 1_000 + 2) * 1_000
    end_ms = slow.times[-1] if most is None else min(slow.times[-1], begin_ms + 1_000 * most)
    store, parser = MarketStore((ANALYSED_DEPTH,), (Timeframe.M1,)), BybitParser(instrument.id.market_kind)
    state = store.add(instrument)
    parser.know(instrument.id)
    _fill_candles(store, instrument, begin_ms)
    subject = Subject(market, instrument, Texts(instrument), None, pace.LARGE, 1.0)
    topics = [make_topic(f"orderbook.{ANALYSED_DEPTH}", subject), make_topic("publicTrade", subject)]
    for topic in topics:
        topic.prime(begin_ms)
    frames = [frame for topic in topics if (frame := topic.snapshot(begin_ms))]
    trades = _trades(files, instrument, session.worth)
    pushed_ms = begin_ms
    for now_ms in range(begin_ms + 1_000, end_ms + 1, 1_000):
        for push_ms in range(pushed_ms + PUSH_MS, now_ms, PUSH_MS):
            pushed_ms = push_ms
            frames += [frame for topic in topics for frame in topic.advance(push_ms)]
        for frame in frames:
            for event in parser.parse(frame, 1):
                store.apply(event)  # type: ignore[arg-type]
        frames = []
        slow.move(pushed_ms)
        bids, asks = slow.top(ANALYSED_DEPTH)
        lately = [trade[1:] for trade in trades if now_ms - 2_000 < trade[0] <= now_ms - 1_000]
        yield Second(now_ms, state, _whole(instrument, bids, session), _whole(instrument, asks, session), lately)
        frames = [frame for topic in topics for frame in topic.advance(now_ms)]
        pushed_ms = now_ms


def _whole(instrument: Instrument, levels: list[tuple[float, float]], session: RecordedSession) -> Levels:
    step = float(instrument.lot_step)
    return [(instrument.to_ticks(price), round(size * session.worth / step)) for price, size in levels]


def _trades(files: list[Path], instrument: Instrument, worth: int) -> list[tuple[int, int, float, bool]]:
    rows = [frame["data"] for frame in frames_of(*files) if frame.get("stream", "").endswith("@trade")]
    lot = instrument.lot_step
    return [
        (row["T"], instrument.to_ticks(float(row["p"])), float(Fraction(Decimal(row["q"]) * worth / lot)), row["m"])
        for row in rows
        if float(row["p"]) > 0
    ]


def _fill_candles(store: MarketStore, instrument: Instrument, begin_ms: int) -> None:
    """Closed minutes before the session; turnover in the column that holds quote coin or dollars."""
    first_ms = begin_ms - begin_ms % MINUTE_MS - MINUTES * MINUTE_MS
    for number, turnover in enumerate(turnovers()):
        open_ms = first_ms + number * MINUTE_MS
        prices = (60_000.0, 60_001.0, 59_999.0, 60_000.0)
        close_ms = open_ms + MINUTE_MS
        store.apply(Candle(instrument.id, Timeframe.M1, open_ms, *prices, turnover, turnover, True, close_ms, 1))
