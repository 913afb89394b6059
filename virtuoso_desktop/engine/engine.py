"""The running system: order of start and stop, what is watched, and what both faces read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import NamedTuple

from virtuoso_desktop.engine.archive import Archive
from virtuoso_desktop.engine.backfill import BackFill
from virtuoso_desktop.engine.budget import LoopMonitor
from virtuoso_desktop.engine.history import HistoryLoader
from virtuoso_desktop.engine.links import LinkBoard
from virtuoso_desktop.engine.overlays import Overlays
from virtuoso_desktop.engine.rows import RowCursor, SparklineCache, build_row, row_state
from virtuoso_desktop.engine.universe import (
    UNIVERSE_LIFE_MS,
    RememberedUniverse,
    choose_universe,
    kept_universe,
)
from virtuoso_desktop.engine.upkeep import Housekeeper, TimeKeeper
from virtuoso_desktop.engine.views import CandleView, ChartView, LinkView, MarketRow, RowState, StatusView
from virtuoso_desktop.exchanges.base import Adapter, LinkHole, LinkState, Subscription, TopicKind, TopicRejected
from virtuoso_desktop.exchanges.base import LinkPhase as VenueLinkPhase
from virtuoso_desktop.kernel.clock import Clock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.kernel.tasks import Backoff, Supervisor
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.storage.history import HistoryStore

log = logging.getLogger(__name__)

CONNECT_BACKOFF = Backoff(first_s=1.0, most_s=15.0)
TRADES_HOLE_MS = 1_000
"""A hole in the streams longer than this has recent trades asked for again."""
STREAMED_DEPTH = 50
HISTORY_END_S = 0.6
"""After it the history's thread writes on by itself, if the process lets it."""
NO_HISTORY = HistoryStore(None)


class VenueParts(NamedTuple):
    """One venue as the app wires it, with the history of the run's source."""

    adapter: Adapter
    clock: VenueClock
    history: HistoryStore = NO_HISTORY


class Engine:
    """Implements `engine.views.EngineView` and the commands behind it.

    Parameters
    ----------
    source : Source
        Where the data come from; fixed for the run.
    settings : Settings
        The tree of this run.
    clock : Clock
        The injected clock.
    store : MarketStore
        The adapters write into it.
    venue : VenueParts
        The primary venue.
    notices : NoticeBoard
        Where people are told.
    """

    def __init__(
        self,
        source: Source,
        settings: Settings,
        clock: Clock,
        *,
        store: MarketStore,
        venue: VenueParts,
        notices: NoticeBoard,
    ) -> None:
        self.source = source
        self.settings = settings
        self.clock = clock
        self.store = store
        self.notices = notices
        self.overlays = Overlays()
        self.loop_monitor = LoopMonitor()
        self.tasks = Supervisor(on_failure=self._task_failed)
        self.watched_changed: Signal[tuple[InstrumentId, ...]] = Signal("watched instruments changed")
        self.universe: RememberedUniverse | None = None
        self._retry_asked = asyncio.Event()
        self._adapter = venue.adapter
        self._venue_clock = venue.clock
        self._board = LinkBoard(venue.adapter.venue.value, venue.clock, venue.adapter.metrics)
        self._archive = Archive(venue.history, is_real=source is Source.LIVE)
        self._history = HistoryLoader(
            venue.adapter, store, self.tasks, venue.clock.now_ms, clock=clock, archive=self._archive
        )
        self._backfill = BackFill(
            venue.adapter, self._archive, self.watched, venue.clock.now_ms, lambda: self._history.is_idle
        )
        self._sparklines = SparklineCache()
        self._watched: dict[InstrumentId, Instrument] = {}
        self._shown: tuple[InstrumentId, Timeframe] | None = None
        self._time_keeper = TimeKeeper(venue.adapter, venue.clock, notices)
        self._housekeeper = Housekeeper(venue.adapter, clock, self._history, self._board)
        self._skipped_refreshes = 0
        self._disconnects = [
            venue.adapter.states.connect(self._link_changed),
            venue.adapter.reconnected.connect(self._link_reconnected),
            venue.adapter.rejected.connect(self._topic_rejected),
            store.candle_closed.connect(self._archive.keep_candle),
        ]

    # order of start and stop

    def start(self, remembered: RememberedUniverse | None = None) -> None:
        """Begin to connect, watch and load; returns at once. Needs a running loop.

        The streams of a ``remembered`` universe (the previous run's) start before REST has answered.
        """
        self._archive.history.start()
        self._history.start()
        self.universe = remembered
        if remembered is not None:
            self._begin(remembered.instruments)
        self.tasks.spawn("engine.universe", self._keep_universe, restart=CONNECT_BACKOFF)
        self.tasks.spawn("engine.clock", self._time_keeper.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.housekeeping", self._housekeeper.run, restart=Backoff(first_s=1.0))
        self.tasks.spawn("engine.loop_monitor", self.loop_monitor.run)
        self.tasks.spawn("engine.history", lambda: self._archive.tell(self.notices), restart=Backoff(first_s=1.0))
        self.tasks.spawn("engine.backfill", self._backfill.run, restart=Backoff(first_s=5.0))

    def prepare_overlays(self) -> asyncio.Task[None]:
        """Import and compile the kernels in a worker; only a face that draws charts asks for it."""
        return self.tasks.spawn("engine.overlays", self.overlays.prepare)

    async def stop(self) -> None:
        """Stop in order: own tasks, the venue's streams and requests, then the history. Under 2 s."""
        for disconnect in self._disconnects:
            disconnect()
        await self.tasks.stop(deadline_s=0.8)
        await self._adapter.close()
        await self._archive.history.close(deadline_s=HISTORY_END_S)

    async def _keep_universe(self) -> None:
        """Choose what is watched, as soon as the venue answers and then once a day."""
        failures = 0
        while True:
            try:
                await self._time_keeper.measure(samples=1)
                await self._load_universe()
            except VirtuosoError as error:
                failures += 1
                wait_s = CONNECT_BACKOFF.wait_s(failures)
                self._board.fail(error.user_text, self._venue_clock.now_ms() + round(wait_s * self.clock.rate * 1000))
                if failures == 1:
                    self.notices.post(Severity.WARNING, f"{self._board.venue}.rest", error.user_text)
                await self._wait_or_retry(wait_s)
            else:
                failures = 0
                self._board.fail(None)
                await asyncio.sleep(UNIVERSE_LIFE_MS / 1000 / self.clock.rate)

    async def _wait_or_retry(self, wait_s: float) -> None:
        self._retry_asked.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._retry_asked.wait()

    async def _load_universe(self) -> None:
        wanted = self.settings.universe
        kinds = [kind for kind in MarketKind if kind in wanted.kinds]
        pages = [await self._adapter.instruments(kind) for kind in kinds]
        instruments = [instrument for page in pages for instrument in page]
        now_ms = self._venue_clock.now_ms()
        shown = [self._shown[0]] if self._shown is not None else []
        if self.universe is not None and 0 <= now_ms - self.universe.as_of_ms < UNIVERSE_LIFE_MS:
            chosen = kept_universe(self.universe, instruments, shown)
            as_of_ms = self.universe.as_of_ms
        else:
            tickers = [ticker for kind in kinds for ticker in await self._adapter.tickers(kind)]
            chosen = choose_universe(instruments, tickers, wanted)
            kept = [each for each in instruments if each.id in shown and each not in chosen]
            chosen = (*chosen, *kept)
            as_of_ms = now_ms
        if not chosen:
            self.notices.post(
                Severity.ERROR,
                "universe",
                "No instrument fits the settings under `universe`, so nothing is watched. "
                "Lower min_24h_volume or add symbols to include_symbols.",
            )
        self.universe = RememberedUniverse(as_of_ms, tuple(chosen))
        for instrument_id in [each for each in self._watched if each not in {one.id for one in chosen}]:
            self.unwatch(instrument_id)
        self._begin(chosen)

    def _begin(self, instruments: Iterable[Instrument]) -> None:
        self.watch([each for each in instruments if self._watched.get(each.id) != each])

    # commands

    def watch(self, instruments: Iterable[Instrument]) -> None:
        """Hold, stream and load instruments; one with changed grids starts anew."""
        added = list(instruments)
        for instrument in added:
            if instrument.id in self._watched:
                self.unwatch(instrument.id)
            self._watched[instrument.id] = instrument
            self.store.add(instrument)
        if not added:
            return
        self._adapter.subscribe(self._subscriptions(added))
        self._history.watch(added)
        self.watched_changed.emit(tuple(self._watched))

    def unwatch(self, instrument_id: InstrumentId) -> None:
        """Stop holding an instrument; unknown ones are ignored."""
        instrument = self._watched.pop(instrument_id, None)
        if instrument is None:
            return
        self._adapter.unsubscribe(self._subscriptions([instrument]))
        self._history.unwatch(instrument_id)
        self.store.remove(instrument_id)
        self.watched_changed.emit(tuple(self._watched))

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self._shown = (instrument_id, timeframe)
        self._history.show(instrument_id, timeframe)

    def load_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self._history.load_older(instrument_id, timeframe)

    def cancel_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self._history.cancel_older(instrument_id, timeframe)

    def retry_now(self, venue: str) -> None:
        if venue == self._board.venue:
            self._retry_asked.set()
            self._adapter.retry_now()

    def count_skipped_refresh(self) -> None:
        self._skipped_refreshes += 1

    # what faces read

    def watched(self) -> tuple[Instrument, ...]:
        return tuple(self._watched.values())

    def markets_cursor(self) -> RowCursor:
        return RowCursor(self.store, self.venue_now_ms, self._sparklines)

    def market_rows(self) -> list[MarketRow]:
        """All rows as of now, in the order of the universe."""
        return [self._row(state) for state in self.store.states]

    def _row(self, state: InstrumentState) -> MarketRow:
        return build_row(state, self._venue_clock.now_ms(), self._sparklines)

    def chart_version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[int, int]:
        state = self.store.get(instrument_id)
        series = state.candles.get(timeframe) if state is not None else None
        return (series.base_version, series.version) if series is not None else (-1, -1)

    def chart(self, instrument_id: InstrumentId, timeframe: Timeframe) -> ChartView | None:
        state = self.store.get(instrument_id)
        series = state.candles.get(timeframe) if state is not None else None
        if state is None or series is None:
            return None
        key = (instrument_id, timeframe)
        candles = CandleView(
            series.columns,
            version=series.version,
            base_version=series.base_version,
            last_is_forming=series.last_is_forming,
            is_complete_left=self._history.is_complete_left(key),
        )
        newest = [ms for ms in (series.event_ms, state.ticker.event_ms) if ms is not None]
        return ChartView(
            instrument=state.instrument,
            timeframe=timeframe,
            candles=candles,
            overlays=self.overlays.view(state.instrument, timeframe, candles),
            last_price_ticks=_last_price_ticks(state, series.last_close_ticks),
            state=row_state(state, self._venue_clock.now_ms()),
            newest_ms=max(newest, default=None),
            is_loading_older=self._history.is_loading_older(key),
            load_error=self._history.load_error(key),
        )

    def links(self) -> tuple[LinkView, ...]:
        return (self._board.view(),)

    def status(self) -> StatusView:
        now_ms = self._venue_clock.now_ms()
        states = self.store.states
        metrics = self._adapter.metrics
        return StatusView(
            instruments_live=sum(1 for state in states if row_state(state, now_ms) is RowState.LIVE),
            instruments_watched=len(states),
            messages_per_s=self._housekeeper.messages_per_s,
            lag_ms=self._board.view().lag_ms,
            series_loaded=self._history.loaded,
            series_wanted=sum(len(state.candles) for state in states),
            gaps=metrics.gaps,
            reconnects=metrics.reconnects,
            requests_per_s=self._housekeeper.requests_per_s,
            rss_mb=self._housekeeper.rss_mb,
            skipped_refreshes=self._skipped_refreshes,
            history_ratio=self._backfill.share_ratio,
            history_problem=self._archive.history.problem,
        )

    def venue_now_ms(self, instrument_id: InstrumentId | None = None) -> int:  # noqa: ARG002 (one venue so far)
        return self._venue_clock.now_ms()

    @property
    def venue_name(self) -> str:
        return self._board.venue

    @property
    def adapter(self) -> Adapter:
        return self._adapter

    # facts from the venue

    def _link_changed(self, state: LinkState) -> None:
        self._board.update(state)
        if state.phase is VenueLinkPhase.BACKOFF or state.phase is VenueLinkPhase.CONNECTING:
            reason = state.reason or "the connection is being made"
            for subscription in self._adapter.subscriptions(state.link):
                self._distrust(subscription, reason)

    def _distrust(self, subscription: Subscription, reason: str) -> None:
        """A topic's link is gone: books wait for snapshots, tickers keep their values and age."""
        state = self.store.get(subscription.instrument_id)
        if state is None:
            return
        if subscription.kind is TopicKind.ORDER_BOOK and subscription.depth in state.books:
            state.books[subscription.depth].invalidate(reason)
        elif subscription.kind is TopicKind.TICKER:
            state.ticker.drop()
            state.revision += 1

    def _link_reconnected(self, hole: LinkHole) -> None:
        if hole.to_ms - hole.from_ms < TRADES_HOLE_MS:
            return
        traded = (each.instrument_id for each in hole.subscriptions if each.kind is TopicKind.TRADES)
        self._history.refresh_trades(each for each in traded if each in self._watched)

    def _topic_rejected(self, rejection: TopicRejected) -> None:
        self.notices.post(Severity.ERROR, f"{self._board.venue}.stream", rejection.user_text)

    def _task_failed(self, name: str, error: Exception) -> None:
        text = error.user_text if isinstance(error, VirtuosoError) else f"{type(error).__name__}: {error}"
        self.notices.post(Severity.ERROR, name, f"A part of the program failed and was restarted: {name}. {text}")

    def _subscriptions(self, instruments: Iterable[Instrument]) -> list[Subscription]:
        channels = self.settings.websocket.channels
        subscriptions: list[Subscription] = []
        for instrument in instruments:
            if channels.ticker:
                subscriptions.append(Subscription(instrument.id, TopicKind.TICKER))
            if channels.orderbook:
                subscriptions.append(Subscription(instrument.id, TopicKind.ORDER_BOOK, depth=STREAMED_DEPTH))
            if channels.trade:
                subscriptions.append(Subscription(instrument.id, TopicKind.TRADES))
            state = self.store.get(instrument.id)
            if channels.kline and state is not None:
                subscriptions.extend(
                    Subscription(instrument.id, TopicKind.CANDLES, timeframe=timeframe) for timeframe in state.candles
                )
        return subscriptions


def _last_price_ticks(state: InstrumentState, last_close_ticks: float | None) -> float | None:
    """Newest of the ticker's last price, the newest trade and the last close."""
    trade = state.tape.newest
    price = state.ticker.value("last_price")
    ticker_ms = state.ticker.event_ms
    if trade is not None and (price is None or ticker_ms is None or trade.time_ms > ticker_ms):
        return float(state.instrument.to_ticks(trade.price))
    return float(state.instrument.to_ticks(price)) if price is not None else last_close_ticks
