"""The analysis as the engine holds it: what evaluates, what is told to faces, what is kept in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.analysis_board import AnalysisBoard
from virtuoso_desktop.engine.analysis_publish import AnalysisPublisher, Asked
from virtuoso_desktop.engine.analysis_run import AnalysisFigures, AnalysisRun
from virtuoso_desktop.engine.sealing import SeriesKey
from virtuoso_desktop.engine.views import EvidenceView, ScoreHistoryView
from virtuoso_desktop.kernel.clock import Clock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.result import Confluence, DimensionName, TimeframeVote
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.schema import AnalysisSettings
from virtuoso_desktop.storage.analysis_journal import AnalysisJournal
from virtuoso_desktop.storage.journal import Journal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.engine.analysis_core import AnalysisCore
    from virtuoso_desktop.engine.kept_scales import KeptScales
    from virtuoso_desktop.engine.liveness import InstrumentLife
    from virtuoso_desktop.engine.streams import InstrumentStreams, Streams

TELL_PERIOD_S = 1.0
SAME_SERIES, SAME_INSTRUMENT, SAME_TIMEFRAME, UNSEEN = range(4)


class Clocks(NamedTuple):
    """Venue time, and the clock of receive stamps."""

    venue: VenueClock
    local: Clock


class Analysis:
    """Scores, signals and their ledger for all watched series.

    Parameters
    ----------
    settings : AnalysisSettings
        Weights and thresholds of this run.
    source : Source
        Stands in every result.
    store : MarketStore
        Whose closed candles are judged.
    journal : Journal
        What must survive.
    clocks : Clocks
        Venue time and local time.
    life_of : callable
        Which topics of an instrument live.
    """

    def __init__(
        self,
        settings: AnalysisSettings,
        source: Source,
        *,
        store: MarketStore,
        journal: Journal,
        clocks: Clocks,
        life_of: Callable[[InstrumentId], InstrumentLife],
    ) -> None:
        self.board = AnalysisBoard()
        self._settings = settings
        self._source = source
        self._journal = journal
        self._shown: SeriesKey | None = None
        self._store = store
        self._life_of = life_of
        self._now_ms = clocks.venue.now_ms
        self.streams: Streams | None = None
        """There once the kernels are compiled."""
        self._kept_scales: KeptScales | None = None
        self._publisher = AnalysisPublisher(
            self.board, settings.thresholds, self._now_ms, Asked(self._vote, self._warm_at_ms)
        )
        self._run = AnalysisRun(
            store, AnalysisJournal(journal), self._now_ms, self._load_core, self._rank, clocks.local.now_ns
        )
        self._run.streams = self._streams_row
        self._run.publisher = self._publisher

    @property
    def prepared(self) -> asyncio.Event:
        """Set once the kernels are compiled."""
        return self._run.prepared

    @property
    def figures(self) -> AnalysisFigures:
        return self._run.figures

    @property
    def full_turns(self) -> int:
        """Turns of the loop whose budget was used up with work left."""
        return self._run.full_turns

    @property
    def problem(self) -> str | None:
        """Why nothing is kept in the journal, in words."""
        return self._journal.problem

    def open_journal(self) -> None:
        """Begin to keep; returns at once."""
        self._journal.start()

    async def run(self) -> None:
        """Compile the kernels in a worker, then judge until cancelled."""
        await self._run.run()

    async def tell(self, notices: NoticeBoard) -> None:
        """Tell people what becomes of the journal; runs until cancelled."""
        while True:
            for message in self._journal.take_messages():
                notices.post(Severity.WARNING if message.is_bad else Severity.INFO, "journal", message.user_text)
            await asyncio.sleep(TELL_PERIOD_S)

    async def close(self, deadline_s: float) -> None:
        """Judge what is sealed, write what waits."""
        self._run.stop()
        if self.streams is not None:
            self.streams.close()
        await self._journal.close(deadline_s)

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """What a person looks at comes first."""
        self._shown = (instrument_id, timeframe)

    def judge_by(self, settings: AnalysisSettings) -> None:
        """Other weights and thresholds, for the candles that close from now on."""
        self._settings = settings
        self._run.judge_by(settings)
        self._publisher.judge_by(settings.thresholds)

    def forget(self, instrument_id: InstrumentId) -> None:
        """An instrument is no longer watched, or begins anew."""
        self._run.forget(instrument_id)
        if self.streams is not None:
            self.streams.forget(instrument_id)
        self._publisher.forget(instrument_id)

    # --- streams ---------------------------------------------------------------------------------------------------

    def recall_scales(self, kept: KeptScales | None) -> None:
        """Scales of an earlier run; to be told before `run`."""
        self._kept_scales = kept

    def kept_scales(self, *, is_last: bool) -> KeptScales | None:
        """Scales for the next run; None before there are any."""
        return None if self.streams is None else self.streams.keep(self._now_ms(), is_last=is_last)

    def streams_of(self, instrument_id: InstrumentId) -> InstrumentStreams | None:
        """Order flow, order book and sentiment of an instrument; None before they are sampled."""
        return None if self.streams is None else self.streams.of(instrument_id)

    def _streams_row(self, key: SeriesKey, now_ms: int) -> NDArray[np.float64] | None:
        return None if self.streams is None else self.streams.row(key, now_ms)

    def _warm_at_ms(self, key: SeriesKey) -> dict[DimensionName, int]:
        streams = self.streams_of(key[0])
        # Sentiment does not wait for its week of liquidations: the other three components carry it.
        warm = {} if streams is None else streams.warm_at_ms(key[1])
        return {name: at_ms for name, at_ms in warm.items() if name is not DimensionName.SENTIMENT}

    # --- for the chart ---------------------------------------------------------------------------------------------

    def score_history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> ScoreHistoryView:
        """Scores of closed candles, or why there are none."""
        series = self._run.series((instrument_id, timeframe))
        if series is None:
            waits = "The kernels are being prepared." if self._run.core is None else "Candles are being loaded."
            return ScoreHistoryView(reason=waits)
        scores = series.scores
        return ScoreHistoryView(open_ms=scores.open_ms, score=scores.score, version=scores.version, reason=None)

    def last_results(self, instrument_ids: Iterable[InstrumentId]) -> dict[InstrumentId, dict[Timeframe, Confluence]]:
        """The newest result of every timeframe, in the order of the timeframes."""
        found: dict[InstrumentId, dict[Timeframe, Confluence]] = {}
        for instrument_id in instrument_ids:
            views = ((timeframe, self.board.view(instrument_id, timeframe)) for timeframe in Timeframe)
            found[instrument_id] = {
                timeframe: view.result for timeframe, view in views if view is not None and view.result is not None
            }
        return found

    def evidence(self, instrument_id: InstrumentId, timeframe: Timeframe, component: str) -> EvidenceView | None:
        """What the newest evaluation says of one component."""
        view = self.board.view(instrument_id, timeframe)
        for dimension in view.result.dimensions.values() if view is not None and view.result is not None else ():
            told = dimension.components.get(component)
            if told is not None:
                return EvidenceView(component, told.score, None if told.reason is None else told.reason.value)
        return None

    def _rank(self, key: SeriesKey) -> int:
        if key == self._shown:
            return SAME_SERIES
        if self._shown is not None and key[0] == self._shown[0]:
            return SAME_INSTRUMENT
        return SAME_TIMEFRAME if self._shown is not None and key[1] is self._shown[1] else UNSEEN

    def _load_core(self) -> AnalysisCore:
        from virtuoso_desktop.engine.analysis_core import AnalysisCore
        from virtuoso_desktop.engine.streams import Streams

        core = AnalysisCore(self._settings, self._source)
        if self.streams is None:
            self.streams = Streams(self._store, self._life_of, self._kept_scales)
        return core

    def _vote(self, instrument_id: InstrumentId, results: dict[Timeframe, Confluence]) -> TimeframeVote:
        core = self._run.core
        assert core is not None, "nothing is judged without the kernels"
        return core.vote(instrument_id, results)
