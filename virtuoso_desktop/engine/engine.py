"""The running system: order of start and stop, what is watched, and what both faces read.

Longer than a module should be: every line of it hands over to a part, and the order of those lines is its duty.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from virtuoso_desktop.engine.analysis import Analysis, Clocks
from virtuoso_desktop.engine.analysis_board import BoardCursor
from virtuoso_desktop.engine.analysis_run import AnalysisFigures
from virtuoso_desktop.engine.analysis_views import AnalysisView, SignalView
from virtuoso_desktop.engine.archive import Archive
from virtuoso_desktop.engine.archive_points import PointArchive
from virtuoso_desktop.engine.backfill import BackFill
from virtuoso_desktop.engine.beside import BookReads
from virtuoso_desktop.engine.beside_views import BesideView
from virtuoso_desktop.engine.budget import LoopMonitor
from virtuoso_desktop.engine.derivatives import DerivativeLoader
from virtuoso_desktop.engine.desk import MarketDesk
from virtuoso_desktop.engine.evidence_views import ComponentEvidence
from virtuoso_desktop.engine.feeds import Feeds
from virtuoso_desktop.engine.guests import Guests
from virtuoso_desktop.engine.history import HistoryLoader
from virtuoso_desktop.engine.input_views import InputsView
from virtuoso_desktop.engine.inputs import inputs_of
from virtuoso_desktop.engine.integrity import BookGuard
from virtuoso_desktop.engine.kept_scales import KeptScales
from virtuoso_desktop.engine.links import LinkBoard
from virtuoso_desktop.engine.listing import CONNECT_BACKOFF, ListingKeeper, ListingTimes
from virtuoso_desktop.engine.live_settings import SettingsChange
from virtuoso_desktop.engine.liveness import Carriers, Liveness
from virtuoso_desktop.engine.overview import MarketWatch
from virtuoso_desktop.engine.relative_volume import relative_volume
from virtuoso_desktop.engine.rows import RowCursor, SparklineCache, build_row, last_price_ticks, quotes_of, row_state
from virtuoso_desktop.engine.run_desk import RunParts, RunReader
from virtuoso_desktop.engine.scanner import Scanner
from virtuoso_desktop.engine.shown_data import ShownData
from virtuoso_desktop.engine.studies import Studies
from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH, shown_book, subscriptions_of
from virtuoso_desktop.engine.universe import RememberedUniverse
from virtuoso_desktop.engine.upkeep import Housekeeper, MaintenanceWatch, TimeKeeper
from virtuoso_desktop.engine.views import (
    CandleView,
    ChartView,
    DerivativesView,
    EvidenceView,
    LinkView,
    MarketRow,
    RowState,
    ScoreHistoryView,
    SignalMark,
    StatusView,
)
from virtuoso_desktop.exchanges.base import (
    DOWN_PHASES,
    Adapter,
    LinkHole,
    LinkState,
    Subscription,
    TopicKind,
    TopicRejected,
)
from virtuoso_desktop.exchanges.base import LinkPhase as VenueLinkPhase
from virtuoso_desktop.kernel.clock import Clock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.kernel.tasks import Backoff, Supervisor
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Source
from virtuoso_desktop.model.overview import Overview
from virtuoso_desktop.model.result import Confluence
from virtuoso_desktop.model.study import Study
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.schema import Settings
from virtuoso_desktop.storage.history import HistoryStore
from virtuoso_desktop.storage.journal import Journal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.book_measures import BookMeasures, BookWall, ImbalanceHistory
    from virtuoso_desktop.analysis.kernels import Kernel
    from virtuoso_desktop.engine.input_views import InputsView

log = logging.getLogger(__name__)

HISTORY_END_S = 0.6
"""After it the history's thread writes on by itself, if the process lets it."""
NO_HISTORY = HistoryStore(None)
JOURNAL_END_S = 0.4
NO_JOURNAL = Journal(None)


class VenueParts(NamedTuple):
    """One venue as the app wires it, with the history of the run's source."""

    adapter: Adapter
    clock: VenueClock
    history: HistoryStore = NO_HISTORY
    journal: Journal = NO_JOURNAL
    listing: ListingTimes = ListingTimes()
    """How often its list of instruments is looked at."""


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
        self.studies = Studies()
        self._liveness = Liveness(Carriers(venue.adapter.subscriptions, venue.adapter.newest_ms), venue.clock.now_ms)
        self._analysis = Analysis(
            settings.analysis, source, store=store, journal=venue.journal, clocks=Clocks(venue.clock, clock),
            life_of=self._liveness.of,
        )  # fmt: skip
        self.loop_monitor = LoopMonitor()
        self.tasks = Supervisor(on_failure=self._task_failed)
        self.watched_changed: Signal[tuple[InstrumentId, ...]] = Signal("watched instruments changed")
        self._adapter = venue.adapter
        self._venue_clock = venue.clock
        self._board = LinkBoard(venue.adapter, venue.clock, clock)
        feeds = Feeds(venue.adapter, settings.websocket.channels, venue.clock.now_ms)
        self.desk = MarketDesk(store, feeds, venue.clock.now_ms, self._walls_of)
        self._archive = Archive(venue.history, is_real=source is Source.LIVE)
        self._history = HistoryLoader(
            venue.adapter, store, self.tasks, venue.clock.now_ms, clock=clock, archive=self._archive
        )
        points = PointArchive(venue.history, is_real=source is Source.LIVE)
        self._derivatives = DerivativeLoader(
            venue.adapter, store, points, venue.clock.now_ms, clock, lambda: self._history.is_idle
        )
        self.book_guard = BookGuard(venue.adapter, store, notices, venue.clock.now_ms)
        self._backfill = BackFill(
            venue.adapter, self._archive, self.watched, venue.clock.now_ms, lambda: self._history.is_idle
        )
        self._shown_data = ShownData(
            venue.adapter, store, venue.clock.now_ms, BookReads(self.book_measures, self.book_imbalance)
        )
        self._market_watch = MarketWatch(store, self._archive, venue.clock.now_ms, self._analysis.prepared.is_set)
        self._sparklines = SparklineCache()
        self._watched: dict[InstrumentId, Instrument] = {}
        self._shown: tuple[InstrumentId, Timeframe] | None = None
        self._time_keeper = TimeKeeper(venue.adapter, venue.clock, notices, clock)
        self.guests = Guests(self)
        self.listing = ListingKeeper(self, venue.adapter, settings.universe, self._board, clock, venue.listing)
        self.scan = Scanner(venue.adapter, self.listing, self._watched.__contains__, venue.clock.now_ms, clock)
        self._history.refused.connect(lambda _: self.listing.suspect())
        self._housekeeper = Housekeeper(
            venue.adapter, self._time_keeper, self._history, self._board, self._look_for_restarts
        )
        limits = settings.exchanges.bybit.rate_limits
        parts = RunParts(
            source.value, venue.adapter.metrics, store, self._archive, self.loop_monitor, self.tasks, notices,
            min(limits.requests_per_second, limits.requests_per_minute / 60), lambda: self._analysis.full_turns,
        )  # fmt: skip
        self.run_desk = RunReader(parts, venue.clock.now_ms, self.links, self.status)
        self._restarts = 0
        self._maintenance = MaintenanceWatch(venue.adapter, self._board, notices)
        self._disconnects = [
            venue.adapter.states.connect(self._link_changed),
            venue.adapter.states.connect(feeds.note),
            venue.adapter.rejected.connect(feeds.refuse),
            venue.adapter.reconnected.connect(self._link_reconnected),
            venue.adapter.rejected.connect(self._topic_rejected),
            store.candle_closed.connect(self._archive.keep_candle),
        ]

    # order of start and stop

    def start(self, remembered: RememberedUniverse | None = None, *, history_waits: bool = False) -> None:
        """Begin to connect, watch and load; returns at once. Needs a running loop.

        The streams of a ``remembered`` universe (the previous run's) start before REST has answered. With
        ``history_waits`` the history's file stays closed until `open_history`.
        """
        if not history_waits:
            self.open_history()
        self._analysis.open_journal()
        self._history.start()
        if remembered is not None:
            self.listing.remember(remembered)
        self.tasks.spawn("engine.listing", self.listing.run, restart=CONNECT_BACKOFF)
        self.tasks.spawn("engine.clock", self._time_keeper.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.housekeeping", self._housekeeper.run, restart=Backoff(first_s=1.0))
        self.tasks.spawn("engine.derivatives", self._derivatives.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.maintenance", self._maintenance.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.book_guard", self.book_guard.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.loop_monitor", self.loop_monitor.run)
        self.tasks.spawn("engine.history", lambda: self._archive.tell(self.notices), restart=Backoff(first_s=1.0))
        self.tasks.spawn("engine.minutes", self._shown_data.minutes.run, restart=Backoff(first_s=1.0))
        self.tasks.spawn("engine.backfill", self._backfill.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.scan", self.scan.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.overview", self._market_watch.run, restart=Backoff(first_s=5.0))

    def open_history(self) -> None:
        """Open the history's file in its thread, which takes DuckDB's import; returns at once."""
        self._archive.history.start()

    async def begin_analysis(self) -> None:
        """Compile the kernels, and judge closed candles from then on; returns when they are compiled."""
        self.tasks.spawn("engine.analysis", self._analysis.run, restart=Backoff(first_s=5.0))
        self.tasks.spawn("engine.journal", lambda: self._analysis.tell(self.notices), restart=Backoff(first_s=1.0))
        await self._analysis.prepared.wait()

    def prepare_studies(
        self, compile_kernel: Callable[[Kernel, NDArray[np.float64]], None] | None = None
    ) -> asyncio.Task[None]:
        """Import and compile the kernels in a worker; only a face that draws charts asks for it."""
        return self.tasks.spawn("engine.studies", lambda: self.studies.prepare(compile_kernel))

    async def stop(self) -> None:
        """Stop in order: own tasks, the venue's streams and requests, then the history. Under 2 s."""
        for disconnect in self._disconnects:
            disconnect()
        await self.tasks.stop(deadline_s=0.8)
        await self._adapter.close()
        await self._analysis.close(JOURNAL_END_S)
        await self._archive.history.close(deadline_s=HISTORY_END_S)

    # commands

    def watch(self, instruments: Iterable[Instrument]) -> None:
        """Hold, stream and load instruments; one whose grids changed starts anew, any other change is only noted."""
        added: list[Instrument] = []
        for instrument in instruments:
            known = self._watched.get(instrument.id)
            if known is not None and self.store.update(instrument):
                self._watched[instrument.id] = instrument
                continue
            if known is not None:
                self._let_go(known)
            self._watched[instrument.id] = instrument
            state = self.store.add(instrument)
            if self._is_shown(instrument.id):
                state.hold_book(SHOWN_DEPTH)
            added.append(instrument)
        if not added:
            return
        subscriptions = self._subscriptions(added)
        self._shown_data.coverage.begin(subscriptions)
        self._adapter.subscribe(subscriptions)
        self._liveness.look(())
        self._history.watch(added)
        self._derivatives.watch(added)
        self.watched_changed.emit(tuple(self._watched))

    def unwatch(self, instrument_id: InstrumentId) -> None:
        """Stop holding an instrument; unknown ones are ignored."""
        instrument = self._watched.pop(instrument_id, None)
        if instrument is not None:
            self._let_go(instrument)
            self.watched_changed.emit(tuple(self._watched))

    def _let_go(self, instrument: Instrument) -> None:
        subscriptions = self._subscriptions([instrument])
        self._shown_data.coverage.end(subscriptions)
        self._adapter.unsubscribe(subscriptions)
        self._liveness.look(subscriptions)
        self._history.unwatch(instrument.id)
        self._derivatives.unwatch(instrument.id)
        self.store.remove(instrument.id)
        self._analysis.forget(instrument.id)

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        before = self._shown[0] if self._shown is not None else None
        self._shown = (instrument_id, timeframe)
        self.guests.look(instrument_id, self.listing.listed)
        self._history.show(instrument_id, timeframe)
        self._analysis.show(instrument_id, timeframe)
        self.book_guard.show(instrument_id)
        if before != instrument_id and self.settings.websocket.channels.orderbook:
            self._move_shown_book(before, instrument_id)

    def show_beside(self, series: tuple[tuple[InstrumentId, Timeframe], ...]) -> None:
        self._history.show_beside(series)

    def _move_shown_book(self, before: InstrumentId | None, after: InstrumentId) -> None:
        """The shallow book goes where the user looks."""
        left = self.store.get(before) if before is not None else None
        if before is not None:
            self._adapter.unsubscribe([shown_book(before)])
        if left is not None:
            left.drop_book(SHOWN_DEPTH)
        entered = self.store.get(after)
        if entered is not None and after in self._watched:
            entered.hold_book(SHOWN_DEPTH)
            self._adapter.subscribe([shown_book(after)])

    def take_settings(self, change: SettingsChange) -> None:
        """Take up a change of the settings. Raises ChangeRefused with nothing changed."""
        if change.touches("universe"):
            self.listing.want(change.after.universe)
        if change.touches("analysis.weights") or change.touches("analysis.thresholds"):
            self._analysis.judge_by(change.after.analysis)

    def _is_shown(self, instrument_id: InstrumentId) -> bool:
        return self._shown is not None and self._shown[0] == instrument_id

    def load_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self._history.load_older(instrument_id, timeframe)

    def cancel_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self._history.cancel_older(instrument_id, timeframe)

    def retry_now(self, venue: str) -> None:
        if venue == self._board.venue:
            self.listing.retry_now()
            self._adapter.retry_now()

    def count_skipped_refresh(self, panel: str) -> None:
        self.loop_monitor.skips[panel] += 1

    @property
    def universe(self) -> RememberedUniverse | None:
        """What is watched, as chosen last."""
        return self.listing.universe

    @property
    def shown_instrument(self) -> InstrumentId | None:
        """What the user looks at."""
        return self._shown[0] if self._shown is not None else None

    async def measure_clock(self) -> None:
        """One quick sample of the venue's time."""
        await self._time_keeper.measure(samples=1)

    def recall_scales(self, kept: KeptScales | None) -> None:
        """Begin with the scales of an earlier run; before `begin_analysis`."""
        self._analysis.recall_scales(kept)

    def kept_scales(self, *, is_last: bool = False) -> KeptScales | None:
        """The scales of the streams for the next run; None while there are none."""
        return self._analysis.kept_scales(is_last=is_last)

    # what faces read

    def watched(self) -> tuple[Instrument, ...]:
        return tuple(self._watched.values())

    @property
    def guest(self) -> InstrumentId | None:
        return self.guests.guest

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

    def chart(self, instrument_id: InstrumentId, timeframe: Timeframe, place: int | None = 0) -> ChartView | None:
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
            is_inverse=instrument_id.market_kind is MarketKind.INVERSE,
        )
        newest = [ms for ms in (series.event_ms, state.ticker.event_ms) if ms is not None]
        return ChartView(
            instrument=state.instrument,
            timeframe=timeframe,
            candles=candles,
            studies=self.studies.view(state.instrument, timeframe, candles, place),
            last_price_ticks=last_price_ticks(state, series.last_close_ticks),
            state=row_state(state, self._venue_clock.now_ms()),
            newest_ms=max(newest, default=None),
            is_loading_older=self._history.is_loading_older(key),
            load_error=self._history.load_error(key),
            quotes=quotes_of(state, self._venue_clock.now_ms()),
            relative_volume=relative_volume(candles, timeframe, self._venue_clock.now_ms()),
        )

    def choose_studies(self, studies: tuple[Study, ...], place: int = 0) -> None:
        self.studies.choose(studies, place)
        self._shown_data.series.choose(studies, place)

    def signal_marks(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[SignalMark, ...]:
        return self._analysis.board.marks(instrument_id, timeframe)

    def score_history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> ScoreHistoryView:
        return self._analysis.score_history(instrument_id, timeframe)

    def beside(self, instrument_id: InstrumentId, place: int = 0) -> BesideView:
        return self._shown_data.beside(instrument_id, place)

    def component_evidence(
        self, instrument_id: InstrumentId, timeframe: Timeframe, component: str
    ) -> ComponentEvidence | None:
        return self._shown_data.evidence(instrument_id, timeframe, component)

    def evidence(self, instrument_id: InstrumentId, timeframe: Timeframe, component: str) -> EvidenceView | None:
        return self._analysis.evidence(instrument_id, timeframe, component)

    def derivatives(self, instrument_id: InstrumentId) -> DerivativesView | None:
        return self._shown_data.derivatives(instrument_id)

    def analysis(self, instrument_id: InstrumentId, timeframe: Timeframe) -> AnalysisView | None:
        return self._analysis.board.view(instrument_id, timeframe)

    def analysis_version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> int:
        return self._analysis.board.version(instrument_id, timeframe)

    def score_cursor(self, timeframe: Timeframe) -> BoardCursor:
        return self._analysis.board.score_cursor(timeframe)

    def signals(self) -> tuple[SignalView, ...]:
        return self._analysis.board.signals()

    def signals_version(self) -> int:
        return self._analysis.board.signals_version

    def overview(self) -> Overview:
        return self._market_watch.view()

    def final_overview(self) -> Overview:
        """The market as a whole with everything worked out now, for the report."""
        return self._market_watch.final_view()

    def inputs(self, instrument_id: InstrumentId) -> InputsView | None:
        state = self.store.get(instrument_id)
        if state is None:
            return None
        life, streams = self._liveness.of(instrument_id), self._analysis.streams_of(instrument_id)
        return inputs_of(state, life, streams, self._venue_clock.now_ms())

    def _walls_of(self, instrument_id: InstrumentId) -> tuple[BookWall, ...]:
        measures = self.book_measures(instrument_id)
        return () if measures is None else measures.walls

    def book_measures(self, instrument_id: InstrumentId) -> BookMeasures | None:
        streams = self._analysis.streams_of(instrument_id)
        return None if streams is None else streams.book.measures(self._venue_clock.now_ms())

    def book_imbalance(self, instrument_id: InstrumentId) -> ImbalanceHistory | None:
        streams = self._analysis.streams_of(instrument_id)
        return None if streams is None else streams.book.history

    def last_results(self) -> dict[InstrumentId, dict[Timeframe, Confluence]]:
        """The newest result of every timeframe of every watched instrument, for the report."""
        return self._analysis.last_results(self._watched)

    def links(self) -> tuple[LinkView, ...]:
        return (msgspec.structs.replace(self._board.view(), book_checks=self.book_guard.checks),)

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
            skipped_refreshes=self.loop_monitor.skips.total(),
            history_ratio=self._history_ratio(),
            history_problem=self._archive.history.problem,
        )

    def _history_ratio(self) -> float | None:
        """How far the background is; None when all is there, or nothing is kept."""
        parts = (self._backfill.progress, self._derivatives.progress)
        done, whole = (sum(each) for each in zip(*parts, strict=True))
        return done / whole if self._archive.history.is_kept and done < whole else None

    def venue_now_ms(self, instrument_id: InstrumentId | None = None) -> int:  # noqa: ARG002 (one venue so far)
        return self._venue_clock.now_ms()

    @property
    def analysis_figures(self) -> AnalysisFigures:
        """What was evaluated since the start."""
        return self._analysis.figures

    @property
    def venue_name(self) -> str:
        return self._board.venue

    @property
    def adapter(self) -> Adapter:
        return self._adapter

    # facts from the venue

    def _link_changed(self, state: LinkState) -> None:
        self._board.update(state)
        self._shown_data.coverage.update(state)
        self._liveness.update(state)
        if state.phase in DOWN_PHASES or state.phase is VenueLinkPhase.CONNECTING:
            reason = state.reason or "the connection is being made"
            for subscription in self._adapter.subscriptions(state.link):
                self._distrust(subscription, reason)
        if state.stale:
            self.listing.suspect()

    def _look_for_restarts(self) -> None:
        """The venue restarts order books when it changes an instrument's grid."""
        restarts = sum(book.restarts for state in self.store.states for book in state.books.values())
        if restarts > self._restarts:
            self.listing.suspect()
        self._restarts = restarts

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
        traded = (each.instrument_id for each in hole.subscriptions if each.kind is TopicKind.TRADES)
        self._history.refresh_trades(each for each in traded if each in self._watched)

    def _topic_rejected(self, rejection: TopicRejected) -> None:
        self._shown_data.coverage.refuse(rejection.subscription)
        self._liveness.refuse(rejection.subscription)
        is_minor = rejection.subscription.kind is TopicKind.LIQUIDATIONS
        if not is_minor:
            self.listing.suspect()
        severity = Severity.WARNING if is_minor else Severity.ERROR
        self.notices.post(severity, f"{self._board.venue}.stream", rejection.user_text)

    def _task_failed(self, name: str, error: Exception) -> None:
        text = error.user_text if isinstance(error, VirtuosoError) else f"{type(error).__name__}: {error}"
        self.notices.post(Severity.ERROR, name, f"A part of the program failed and was restarted: {name}. {text}")

    def _subscriptions(self, instruments: Iterable[Instrument]) -> list[Subscription]:
        subscriptions: list[Subscription] = []
        for instrument in instruments:
            state = self.store.get(instrument.id)
            subscriptions += subscriptions_of(
                instrument,
                self.settings.websocket.channels,
                state.candles if state is not None else (),
                is_shown=self._is_shown(instrument.id),
            )
        return subscriptions
