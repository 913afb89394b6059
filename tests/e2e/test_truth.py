"""Real Bybit candles through the simulated venue: file, store and the unchanged ccxt say the same numbers.

Once all is loaded the venue's clock stands still, so that all three look at one moment.
"""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import functools
import gzip
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.kernel.clock import NS_PER_MS, Clock, LiveClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.simulator.server import SimulatedExchange
from virtuoso_desktop.simulator.sources import open_market

ENOUGH_TRADES = 50
AHEAD_MS = 3_000
"""More than any topic's distance between two pushes."""
BOOK_GRID_MS = 200
"""The book of REST is that of the last multiple."""
IN_FLIGHT_S = 0.5
"""Until what was sent before the clock stopped has been read."""
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT")
FILE_WORDS = {Timeframe.M1: "1m", Timeframe.M5: "5m", Timeframe.M15: "15m", Timeframe.M30: "30m", Timeframe.H1: "60m",
              Timeframe.H4: "240m"}  # fmt: skip
Row = tuple[int, float, float, float, float, float]


class StoppableClock(LiveClock):
    """Lives in the files' time until it is stopped."""

    def __init__(self, start_ms: int) -> None:
        super().__init__()
        self._shift_ns = start_ms * NS_PER_MS - super().now_ns()
        self._stopped_ns: int | None = None

    def now_ns(self) -> int:
        return super().now_ns() + self._shift_ns if self._stopped_ns is None else self._stopped_ns

    def now_ms(self) -> int:
        return self.now_ns() // NS_PER_MS

    def reanchor(self) -> int:
        return 0

    def stop(self) -> None:
        """Stand still a little ahead, on the grid of the venue's books: every topic is due and pushed as of then."""
        self._stopped_ns = (self.now_ms() + AHEAD_MS) // BOOK_GRID_MS * BOOK_GRID_MS * NS_PER_MS


@functools.cache
def file_rows(folder: Path, symbol: str, word: str) -> dict[int, Row]:
    """The file read by hand: open time -> (open_ms, open, high, low, close, volume)."""
    path = next(folder.glob(f"{symbol}_{word}.csv*"))
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows: dict[int, Row] = {}
    for line in csv.DictReader(data.decode().splitlines()):
        moment = line["timestamp"] if "+" in line["timestamp"] else line["timestamp"] + "+00:00"
        open_ms = round(dt.datetime.fromisoformat(moment).timestamp() * 1000)
        values = [float(line[name]) for name in ("open", "high", "low", "close", "volume")]
        rows[open_ms] = (open_ms, *values)  # type: ignore[assignment]
    return rows


def stored_rows(state: InstrumentState, timeframe: Timeframe) -> dict[int, Row]:
    """Closed candles of the store as decimals."""
    series = state.candles[timeframe]
    to_price = state.instrument.to_price
    rows: dict[int, Row] = {}
    for open_ms, *prices, volume, _turnover in series.columns.T.tolist():
        if int(open_ms) not in series.uncommitted:
            o, h, low, c = (to_price(ticks) for ticks in prices)
            rows[int(open_ms)] = (int(open_ms), o, h, low, c, volume)
    return rows


@asynccontextmanager
async def engine_on(venue: SimulatedExchange, clock: Clock, profile: Path) -> AsyncIterator[Engine]:
    settings = load_settings(
        default_file=resource("config/default.yaml"),
        profile=profile,
        config_file=None,
        overrides=["universe.min_24h_volume=0"],
        environ={},
    ).settings
    store, tasks = MarketStore(), Supervisor()
    adapter = BybitAdapter(BybitEndpoints(venue.http_url, venue.ws_url), store.apply, clock, tasks)
    parts = VenueParts(adapter, adapter.venue_clock)
    engine = Engine(Source.DEMO, settings, clock, store=store, venue=parts, notices=NoticeBoard(clock))
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
        await tasks.stop()


async def all_loaded(engine: Engine) -> None:
    while True:
        status = engine.status()
        if status.series_wanted and status.series_loaded == status.series_wanted:
            return
        await asyncio.sleep(0.05)


async def witness(http: str, *arguments: str) -> dict[str, Any]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("truth_witness.py")), http, *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await child.communicate()
    assert child.returncode == 0
    return json.loads(out)


@pytest.mark.deadline_s(120)
async def test_file_store_and_ccxt_agree(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "d_ohlcv_bybit_linear"
    sources = [f"ohlcv:{folder / f'{symbol}_1m.csv.gz'}" for symbol in SYMBOLS]
    opened = open_market(sources, start=None, clock="original", now_ms=0)
    clock = StoppableClock(opened.start_ms)
    async with (
        SimulatedExchange(opened.market, clock) as venue,
        engine_on(venue, clock, tmp_path) as engine,
    ):
        await all_loaded(engine)
        btc = state_of(engine, "BTCUSDT")
        held = btc.derivatives
        while len(btc.tape.trades) < ENOUGH_TRADES or not (
            held.funding.points and held.open_interest.points and held.long_short.points and all(held.prices.values())
        ):
            await asyncio.sleep(0.05)
        await older_pages_equal_the_file(engine, btc, file_rows(folder, "BTCUSDT", "1m"))
        clock.stop()
        await asyncio.sleep(IN_FLIGHT_S)
        now_ms = clock.now_ms()
        for symbol in SYMBOLS:
            assert_store_equals_files(folder, symbol, state_of(engine, symbol), now_ms)
        since_ms = now_ms - 86_400_000
        said = await witness(venue.http_url, "BTC/USDT:USDT", str(since_ms), str(now_ms), "1m", "5m", "15m", "1h", "4h")
        assert_ccxt_equals_store(said, btc, now_ms)
        assert_ccxt_has_the_stores_contract_data(said, btc)
        assert engine.notices.errors == ()
        assert engine.adapter.metrics.gaps == 0


def state_of(engine: Engine, symbol: str) -> InstrumentState:
    state = engine.store.get(InstrumentId.parse(f"bybit:linear:{symbol}"))
    assert state is not None
    return state


def assert_store_equals_files(folder: Path, symbol: str, state: InstrumentState, now_ms: int) -> None:
    """1m rows are the driving file's; the coarser ones are Bybit's own, aggregated by nobody here."""
    for timeframe, word in FILE_WORDS.items():
        expected = file_rows(folder, symbol, word)
        stored = stored_rows(state, timeframe)
        begin_ms = min(file_rows(folder, symbol, "1m"))
        compared = [ms for ms in stored if begin_ms <= ms and timeframe.close_ms(ms) <= now_ms and ms in expected]
        assert len(compared) >= {Timeframe.H4: 50, Timeframe.H1: 300}.get(timeframe, 600), (symbol, word)
        for open_ms in compared:
            assert stored[open_ms][:5] == expected[open_ms][:5], (symbol, word, open_ms)
            assert stored[open_ms][5] == pytest.approx(expected[open_ms][5], rel=1e-9), (symbol, word, open_ms)


async def older_pages_equal_the_file(engine: Engine, state: InstrumentState, expected: dict[int, Row]) -> None:
    """Scrolling left three pages brings the file's rows, exactly and without a hole."""
    series = state.candles[Timeframe.M1]
    for _ in range(3):
        count = len(series)
        engine.load_older(state.instrument.id, Timeframe.M1)
        while len(series) == count:
            await asyncio.sleep(0.02)
    stored = stored_rows(state, Timeframe.M1)
    assert len(stored) >= 3_999
    assert {ms: row for ms, row in expected.items() if ms in stored} == stored


def assert_ccxt_equals_store(said: dict[str, Any], state: InstrumentState, until_ms: int) -> None:
    for word, rows in said["candles"].items():
        stored = stored_rows(state, Timeframe(word))
        asked = {row[0]: tuple(row) for row in rows if row[0] in stored}
        assert len(asked) >= 5, word
        assert asked == {ms: stored[ms] for ms in asked}, word
    ticker = said["tickers"]["BTC/USDT:USDT"]
    assert len(said["tickers"]) == len(SYMBOLS)
    assert ticker["last"] == state.ticker.value("last_price")
    assert ticker["high"] == state.ticker.value("high_24h")
    assert ticker["low"] == state.ticker.value("low_24h")
    assert ticker["baseVolume"] == state.ticker.value("volume_24h")
    assert ticker["quoteVolume"] == state.ticker.value("turnover_24h")
    assert ticker["markPrice"] == state.ticker.value("mark_price")
    bids, asks = state.books[1000].top(50)
    to_price, to_size = state.instrument.to_price, state.instrument.to_size
    assert said["book"]["bids"] == [[to_price(ticks), to_size(lots)] for ticks, lots in bids]
    assert said["book"]["asks"] == [[to_price(ticks), to_size(lots)] for ticks, lots in asks]
    trades = {trade.trade_id: trade for trade in state.tape.trades}
    matched = [trade for trade in said["trades"] if trade["id"] in trades]
    assert len(matched) >= 10
    for trade in matched:
        ours = trades[trade["id"]]
        assert (trade["price"], trade["amount"], trade["side"]) == (ours.price, ours.size, ours.aggressor.value)
        assert trade["timestamp"] == ours.time_ms <= until_ms


def assert_ccxt_has_the_stores_contract_data(said: dict[str, Any], state: InstrumentState) -> None:
    """Funding, open interest, ratios, mark, index and premium: ccxt understood the numbers that the store holds."""
    held = state.derivatives
    for name, key, points in (
        ("funding", "fundingRate", {point.time_ms: point.rate for point in held.funding.points}),
        ("interest", "openInterestAmount", {point.time_ms: point.open_interest for point in held.open_interest.points}),
    ):
        told = {row["timestamp"]: row[key] for row in said[name]}
        shared = told.keys() & points.keys()
        assert len(shared) >= min(len(told), len(points)) - 1 >= 20, name
        assert {ms: told[ms] for ms in shared} == {ms: points[ms] for ms in shared}, name
    ratios = {point.time_ms: point.long_ratio / point.short_ratio for point in held.long_short.points}
    told = {row["timestamp"]: row["longShortRatio"] for row in said["ratios"] if row["timestamp"] in ratios}
    assert len(told) >= 190
    assert told == pytest.approx({ms: ratios[ms] for ms in told})
    for kind, series in held.prices.items():
        stored = {int(row[0]): row[1:] for row in series.columns.T.tolist()}
        newest = max(stored)  # the forming hour moved on after it was stored
        told_rows = {row[0]: row[1:5] for row in said[kind.value] if row[0] in stored and row[0] != newest}
        assert len(told_rows) >= 190, kind
        assert told_rows == {ms: stored[ms] for ms in told_rows}, kind
