"""Real recorded sessions through the whole path: what the store shows is the recording's own, update by update.

The recording is read again here by the plainest rules (`tests.recorded_session`), from the same files, apart from the
program that speaks them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.simulate_program import simulate
from tests.recorded_session import SlowBook, frames_of
from tests.running import until
from virtuoso_desktop.engine.archive_points import PointArchive
from virtuoso_desktop.engine.derivatives import DerivativeLoader, topics_of
from virtuoso_desktop.exchanges.base import LinkPhase, PointQuery, Subscription, TopicKind
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.kernel.clock import ScaledClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import Aggressor, BookDelta, BookSnapshot, MarketEvent, PositionSide, Trade
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.sources import open_market
from virtuoso_desktop.storage.history import HistoryStore

SESSIONS = {
    "spot": ("bybit:spot:BTCUSDT", ("hft_spot_btcusdt_20240808", "hft_spot_btcusdt_20240809"), 1),
    "linear": ("bybit:linear:BTCUSDT", ("hft_usdm_btcusdt_20240718", "hft_usdm_btcusdt_20240719"), 1),
    "linear, a busier day": ("bybit:linear:BTCUSDT", ("hft_usdm_btcusdt_20240808",), 1),
    "inverse": ("bybit:inverse:BTCUSD", ("hft_cm_btcusd_perp_20240808",), 100),
}
"""As which instrument, from which files, and what one of its sizes is worth (contracts of 100 dollars)."""
DEPTHS = (50, 1000)
SPEED = 60
PUSH_MS = 400 * SPEED
"""Venue ms from one push of a book to the next, at that speed, and some more."""
END_S = 45.0


@dataclass
class Seen:
    """A store and what came of holding every book in it against the recording, right after each update."""

    slow: dict[int, SlowBook]
    worth: int
    store: MarketStore = field(default_factory=lambda: MarketStore(DEPTHS, (Timeframe.M1,)))
    compared: Counter[int] = field(default_factory=Counter[int])
    wrong: list[str] = field(default_factory=list[str])
    trades: list[Trade] = field(default_factory=list[Trade])

    def take(self, event: MarketEvent) -> None:
        """The sink: first the store, then the question."""
        self.store.apply(event)
        if isinstance(event, BookSnapshot | BookDelta):
            state = self.store.get(event.instrument_id)
            assert state is not None
            assert event.match_ms is not None
            self._compare(state, event.depth, event.match_ms)
        elif isinstance(event, Trade):
            self.trades.append(event)

    def _compare(self, state: InstrumentState, depth: int, at_ms: int) -> None:
        book, slow, instrument = state.books[depth], self.slow[depth], state.instrument
        slow.move(at_ms)
        self.compared[depth] += 1
        shown, recorded = book.top(depth), slow.top(depth)
        if book.is_crossed or not shown[0] or not shown[1]:
            self.wrong.append(f"{depth} at {at_ms}: crossed or empty")
        for name, ours, levels in zip(("bids", "asks"), shown, recorded, strict=True):
            lot_step = float(instrument.lot_step)
            real = [(instrument.to_ticks(price), round(size * self.worth / lot_step)) for price, size in levels]
            if ours != real:
                self.wrong.append(f"{depth} {name} at {at_ms}")


Scene = tuple[Seen, BybitAdapter, MarketSource, DerivativeLoader]


@asynccontextmanager
async def spoken(files: list[Path], identity: str, worth: int) -> AsyncIterator[Scene]:
    """The program ``simulate`` speaks the session; the real adapter fills a store that is held against it."""
    source = f"session:{'+'.join(map(str, files))}"
    market = open_market([source], None, "original", 0).market
    subject = InstrumentId.parse(identity)
    slow = SlowBook(*files)
    seen = Seen({depth: slow.twin() for depth in DEPTHS}, worth)
    arguments = ("--source", source, "--clock", "original", "--speed", str(SPEED), "--exit-on-stdin-close")
    async with simulate(*arguments) as program:
        clock = ScaledClock(program.line["clock"]["now_ms"], SPEED)
        supervisor = Supervisor()
        adapter = BybitAdapter(BybitEndpoints(program.http, program.ws), seen.take, clock, supervisor)
        try:
            (instrument,) = await adapter.instruments(subject.market_kind)
            assert instrument.id == subject
            seen.store.add(instrument)
            kinds = (TopicKind.TICKER, TopicKind.TRADES, TopicKind.LIQUIDATIONS)
            wanted = [Subscription(subject, kind) for kind in kinds if kind in _offered(adapter, subject)]
            wanted += [Subscription(subject, TopicKind.ORDER_BOOK, depth=depth) for depth in DEPTHS]
            adapter.subscribe(wanted)
            archive = PointArchive(HistoryStore(None), is_real=False)
            loader = DerivativeLoader(adapter, seen.store, archive, clock.now_ms, clock, lambda: True)
            loader.watch([instrument])
            supervisor.spawn("test.derivatives", loader.run)
            yield seen, adapter, market, loader
        finally:
            await adapter.close()
            await supervisor.stop()


def _offered(adapter: BybitAdapter, subject: InstrumentId) -> set[TopicKind]:
    return {topic for kind, topic in adapter.capabilities if kind is subject.market_kind}


@pytest.mark.parametrize("kind", list(SESSIONS))
@pytest.mark.deadline_s(120)
async def test_every_book_that_the_store_shows_is_the_recordings_own(real_data: Path, kind: str) -> None:
    identity, names, worth = SESSIONS[kind]
    files = [real_data / f"c_binance_sessions/{name}.gz" for name in names]
    async with spoken(files, identity, worth) as (seen, adapter, market, loader):
        end_ms = market.end_ms
        assert end_ms is not None
        state = seen.store.states[0]
        await until(lambda: state.books[1000].event_ms > end_ms - PUSH_MS, "the recording's end", 60.0)
        await asyncio.sleep(0.5)
        assert seen.wrong == []
        assert min(seen.compared[depth] for depth in DEPTHS) > 30
        assert adapter.metrics.gaps == 0
        assert adapter.metrics.refused == {}
        _trades_are_the_recordings(seen, files, worth)
        if state.instrument.id.market_kind.value != "spot":
            await until(lambda: loader.loaded >= len(topics_of(state.instrument)), "all lists of the contract")
            # The loader asks again after the next full hour, a recording lasts minutes: what fell due is asked here.
            state.derivatives.funding.merge(await adapter.funding_rates(PointQuery(state.instrument.id)))
            points = await adapter.open_interest(PointQuery(state.instrument.id, period=Timeframe.M5))
            assert points, "five minutes of a recording have one"
            state.derivatives.open_interest.merge(points)
            _contract_data_are_the_markets(state, market)
        # The recording is over: its topics are silent, and the link says so.
        await until(lambda: "the exchange answers, but sends no data" in _reasons(adapter), "the words", END_S)


def _reasons(adapter: BybitAdapter) -> list[str | None]:
    return [state.reason for state in adapter.link_states if state.phase is not LinkPhase.LIVE]


def _trades_are_the_recordings(seen: Seen, files: list[Path], worth: int) -> None:
    """Every recorded trade from the first that came on, once, in order, with its own numbers."""
    begin_ms = seen.trades[0].time_ms
    recorded = [frame["data"] for frame in frames_of(*files) if frame.get("stream", "").endswith("@trade")]
    real = [
        (one["T"], float(one["p"]), float(Decimal(one["q"]) * worth), not one["m"])
        for one in recorded
        if one["T"] > begin_ms and float(one["p"]) > 0
    ]
    told = [
        (trade.time_ms, trade.price, trade.size, trade.aggressor is Aggressor.BUY)
        for trade in seen.trades
        if trade.time_ms > begin_ms
    ]
    assert len(told) > 300
    assert told == real[: len(told)]
    assert len(real) - len(told) < len(real) * 0.05, "the last seconds may not have been sent yet"


def _contract_data_are_the_markets(state: InstrumentState, market: MarketSource) -> None:
    """Funding, open interest, ratios and liquidations, which no recording holds, are those of the simulated source."""
    subject, held, instrument = state.instrument.id, state.derivatives, state.instrument
    end_ms = market.end_ms or 0
    paid = {one.time_ms: float(one.rate) for one in market.funding(subject, 0, end_ms)}
    assert {point.time_ms: point.rate for point in held.funding.points} == paid
    told_ms = state.ticker.event_ms or 0
    told = market.derivative(subject, told_ms)
    assert told is not None
    assert state.ticker.value("open_interest") == float(told.open_interest)
    assert state.ticker.value("funding_rate") == float(told.funding_rate)
    for interest in held.open_interest.points:
        assert interest.open_interest == float(market.open_interest(subject, interest.time_ms) or "nan")
    for ratio in held.long_short.points:
        assert ratio.long_ratio == market.buy_ratio(subject, ratio.time_ms)
        assert ratio.short_ratio == pytest.approx(1 - ratio.long_ratio)
    events = held.liquidations.events
    if events:
        begin_ms, last_ms = events[0].time_ms, events[-1].time_ms
        forced = market.liquidations(subject, begin_ms - 1, last_ms)
        assert [(e.time_ms, e.side is PositionSide.LONG, e.size, e.price) for e in events] == [
            (f.time_ms, f.is_long, instrument.to_size(f.size_lots), instrument.to_price(f.price_ticks)) for f in forced
        ]
