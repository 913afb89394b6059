"""Evaluates closed candles: sealed inside the store, judged within the loop's budget, told in the order of the seals.

The kernels are imported and compiled in a worker; until then every series says ``preparing``. Evaluation may run in
any order and batching (the shown instrument first): results depend on what was sealed only, and the ledger takes them
in the order in which the candles were closed. `docs/decisions/010-live-analysis.md` says what a start does. It is long,
since loading, judging, revising and previewing share the same states and their order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.engine.budget import ANALYSIS_BUDGET_MS
from virtuoso_desktop.engine.sealing import Moment, SealedInputs, SeriesKey, sealed, trade_delta
from virtuoso_desktop.kernel.imports import plain_imports
from virtuoso_desktop.kernel.metrics import Distribution
from virtuoso_desktop.market.candles import CandleSeries, Columns
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.result import Confluence, SignalKind, Withheld
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.analysis_journal import Restored
from virtuoso_desktop.storage.evaluations import History, MachineState
from virtuoso_desktop.storage.ledger_rows import NOTHING, LedgerRow, Standing, Transition, changes, revision

if TYPE_CHECKING:
    from virtuoso_desktop.engine.analysed_series import AnalysedSeries, Rules
    from virtuoso_desktop.engine.analysis_core import AnalysisCore
    from virtuoso_desktop.settings.schema import AnalysisSettings

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
SEEN = 2
MOST_ROWS = 1_600
"""Of a series, for a first load, or to come again from the oldest checkpoint."""
SHOWN_ROWS = 2_000
"""Rows of the ledger behind the list of signals."""
IDLE_S = 0.25
"""Between two looks for work that nothing announces: joined series, revised candles, forming candles."""
NOT_WATCHED = "data"
"""Why a signal ends that held when the program was left: nobody judged the candles since."""
REVISED = "revision"


class AnalysisFigures(NamedTuple):
    """What the report tells of the analysis."""

    states: int
    """Series with a state that closed candles advance."""
    evaluations: int
    duration_ms: Distribution
    """Of one evaluation."""
    delay_ms: Distribution
    """From the socket read of the closing frame to its score."""
    signals: int
    """BUY and SELL raised since the start."""
    withheld: dict[Withheld, int]
    """By rule, over all evaluations that were beyond no threshold or kept back."""


class ResultJournal(Protocol):
    """What must survive; `storage.analysis_journal.AnalysisJournal`."""

    def put(self, result: Confluence, transitions: Sequence[Transition] = (), state: bytes | None = None) -> None: ...

    async def restore(self) -> Restored: ...

    async def newest_rows(self, limit: int) -> list[LedgerRow]: ...

    async def history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> History: ...


class Publisher(Protocol):
    """Where results are shown."""

    def judged(self, series: AnalysedSeries, transitions: tuple[Transition, ...]) -> None:
        """A series has a new result, and perhaps a new signal."""
        ...

    def previewed(self, series: AnalysedSeries, forming_open_ms: int) -> None:
        """The forming candle of a series was looked at."""
        ...

    def restored(self, rows: list[LedgerRow]) -> None:
        """The newest rows of the ledger, oldest first."""
        ...


class _Verdict(NamedTuple):
    """What one sealed candle brought, until its turn in the ledger has come."""

    result: Confluence
    transitions: tuple[Transition, ...]
    state: bytes


class _Waiting(NamedTuple):
    """A sealed candle, its number among all seals, and the rules in force when it closed."""

    seal: int
    item: SealedInputs
    rules: Rules


class _Left(NamedTuple):
    """What held when a series was forgotten."""

    standing: Standing
    machine: MachineState


def _nobody_samples(key: SeriesKey, now_ms: int) -> None:  # noqa: ARG001 (one form for all)
    return None


class AnalysisRun:
    """The analysis of all watched series.

    Parameters
    ----------
    store : MarketStore
        Closed candles come from it.
    journal : ResultJournal
        Takes results, transitions and machine states.
    venue_now_ms : callable
        Venue time.
    load_core : callable
        Imports and compiles the kernels; called in a worker.
    rank : callable
        How near a series is to what a person looks at: 0 the one on the chart, `SEEN` or less if it is seen anywhere.
    now_ns : callable
        The clock of the receive stamps.
    """

    def __init__(
        self,
        store: MarketStore,
        journal: ResultJournal,
        venue_now_ms: Callable[[], int],
        load_core: Callable[[], AnalysisCore],
        rank: Callable[[SeriesKey], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._store = store
        self._journal = journal
        self._venue_now_ms = venue_now_ms
        self._load_core = load_core
        self._rank = rank
        self._now_ns = now_ns
        self.streams: Callable[[SeriesKey, int], Floats | None] = _nobody_samples
        """The streams row of a series as of a venue time, a copy; None while nobody samples it."""
        self.publisher: Publisher | None = None
        self.core: AnalysisCore | None = None
        self.prepared = asyncio.Event()
        self.full_turns = 0
        """Turns of the loop that ended with work left."""
        self._restored = Restored({}, {})
        self._left: dict[SeriesKey, _Left] = {}
        """Of series that began anew in this run."""
        self._series: dict[SeriesKey, AnalysedSeries] = {}
        self._standing: dict[SeriesKey, Standing] = {}
        self._loading: dict[SeriesKey, Iterator[int]] = {}
        self._sealed: dict[SeriesKey, deque[_Waiting]] = {}
        self._wanted: AnalysisSettings | None = None
        """Weights and thresholds that changed before the kernels were there."""
        self._seals = 0
        self._told = 0
        self._verdicts: dict[int, _Verdict | None] = {}
        self._recalled: set[SeriesKey] = set()
        self._judged_from: dict[SeriesKey, int] = {}
        """Open of the first candle of each series that was judged when it closed."""
        self._wake = asyncio.Event()
        self._disconnect = store.candle_closed.connect(self._seal)
        self._evaluations = 0
        self._signals = 0
        self._duration_ms = Distribution()
        self._delay_ms = Distribution()
        self._withheld: Counter[Withheld] = Counter()

    @property
    def figures(self) -> AnalysisFigures:
        return AnalysisFigures(
            len(self._series), self._evaluations, self._duration_ms, self._delay_ms, self._signals, dict(self._withheld)
        )

    def series(self, key: SeriesKey) -> AnalysedSeries | None:
        """The state of a series; None until its candles are loaded."""
        return self._series.get(key) if key not in self._loading else None

    def forget(self, instrument_id: InstrumentId) -> None:
        """An instrument is no longer watched, or its grid changed: its series begin anew.

        What held is kept, as a restart finds it: a signal goes on or ends, but never without a row of the ledger.
        """
        for key in [key for key in (*self._series, *self._sealed) if key[0] == instrument_id]:
            analysed, standing = self._series.pop(key, None), self._standing.pop(key, None)
            if analysed is not None and standing is not None and self.core is not None:
                self._left[key] = _Left(standing, self.core.machine(analysed))
            self._loading.pop(key, None)
            self._judged_from.pop(key, None)
            self._recalled.discard(key)
            for waiting in self._sealed.pop(key, ()):
                self._verdicts[waiting.seal] = None

    def judge_by(self, settings: AnalysisSettings) -> None:
        """Other weights and thresholds, for the candles that close from now on."""
        if self.core is None:
            self._wanted = settings
            return
        self.core.judge_by(settings)
        for analysed in self._series.values():
            analysed.seen_version = -1  # the forming candle is previewed by them at once
        self._wake.set()

    def stop(self) -> None:
        """Nothing more is sealed. What is sealed but not judged is judged now: nothing that closed is lost."""
        self._disconnect()
        while self._judge_next():
            pass
        self._tell()

    # --- inside the store ------------------------------------------------------------------------------------------

    def _seal(self, candle: Candle) -> None:
        """A frame closed a candle; called inside `MarketStore.apply`."""
        key = (candle.instrument_id, candle.timeframe)
        state, analysed = self._store.get(candle.instrument_id), self._series.get(key)
        if state is None or analysed is None:
            return  # its row is in the series, and the first load takes it from there
        if analysed.open_ms is not None and candle.open_ms <= analysed.open_ms:
            self._wake.set()
            return  # a revision: `_look_around` goes back for it
        series = state.candles[candle.timeframe]
        index = series.index_of(candle.open_ms)
        if index is not None:
            moment = Moment(candle.event_ms, candle.recv_ns, self.streams(key, candle.event_ms))
            self._take(sealed(state, series, index, moment))

    def _take(self, item: SealedInputs) -> None:
        assert self.core is not None, "a series is known"
        self._sealed.setdefault(item.key, deque()).append(_Waiting(self._seals, item, self.core.rules))
        self._seals += 1
        self._wake.set()

    # --- the task --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Prepare, then evaluate what comes until cancelled."""
        if self.core is None:
            self.core = await asyncio.to_thread(self._import)
            if self._wanted is not None:
                self.core.judge_by(self._wanted)
            self._restored = await self._restore()
            self.prepared.set()
        while True:
            self._wake.clear()
            self._look_around()
            has_more = True
            while has_more:
                has_more = self._work_a_turn()
                await asyncio.sleep(0)  # the loop's other work comes between two turns
            self._preview()
            await self._recall()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_S):
                    await self._wake.wait()

    def _import(self) -> AnalysisCore:
        with plain_imports():
            return self._load_core()

    async def _recall(self) -> None:
        """Scores of the series on the chart as they were told when its candles closed."""
        key = next((key for key in self._series if self._rank(key) == 0 and key not in self._loading), None)
        if key is None or key in self._recalled:
            return
        self._recalled.add(key)
        try:
            told = await self._journal.history(*key)
        except StorageError as error:
            log.info("scores of earlier runs are not known: %s", error.user_text)
            return
        series = self._series.get(key)
        if series is not None and told.close_ms.size:
            opens = np.array([key[1].step_back(key[1].open_ms(int(close_ms)), 1) for close_ms in told.close_ms])
            series.scores.recall(opens.astype(np.float64), told.cells["score"].astype(np.float64))

    async def _restore(self) -> Restored:
        try:
            if self.publisher is not None:
                self.publisher.restored(await self._journal.newest_rows(SHOWN_ROWS))
            return await self._journal.restore()
        except StorageError as error:
            log.warning("signals of the last run are not known: %s", error.user_text)
            return Restored({}, {})

    def _work_a_turn(self) -> bool:
        """Work for at most one budget; returns whether there is more."""
        began = time.perf_counter()
        while (time.perf_counter() - began) * 1000 < ANALYSIS_BUDGET_MS:
            if not (self._judge_next() or self._load_next()):
                self._tell()
                return False
        self.full_turns += 1
        self._tell()
        return True

    # --- first candles ---------------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        """Series whose history joined begin; revised ones go back; closes that only REST knows are taken."""
        for state in self._store.states:
            for timeframe, series in state.candles.items():
                key = (state.instrument.id, timeframe)
                analysed = self._series.get(key)
                if analysed is None:
                    if series.is_joined:
                        self._begin(key, state, series)
                elif key not in self._loading and key not in self._sealed:
                    if series.changed_from_ms is not None:
                        self._revise(key, series, analysed)
                    self._take_unsealed(state, series, analysed)

    def _begin(self, key: SeriesKey, state: InstrumentState, series: CandleSeries) -> None:
        assert self.core is not None
        series.changed_from_ms = None
        analysed = self.core.new_series(state.instrument, key[1])
        self._series[key] = analysed
        rows = series.committed(MOST_ROWS)
        self._loading[key] = self._first_load(key, analysed, rows)

    def _first_load(self, key: SeriesKey, analysed: AnalysedSeries, rows: Columns) -> Iterator[int]:
        """Advance over the candles that closed before anybody watched; what holds is of the last run, or nothing."""
        assert self.core is not None
        standing, machine = self._before(key)
        yield from self.core.load(analysed, rows, self._venue_now_ms(), machine)
        if analysed.open_ms is None:
            return
        now_ms = self._venue_now_ms()
        analysed.say_stale(now_ms)
        result = analysed.judge(now_ms)
        self._standing[key] = Standing(result.signal, result.signal_strength)
        transitions: tuple[Transition, ...] = ()
        if result.signal is not standing.signal:
            transitions = changes(standing, result, NOT_WATCHED)
            self._journal.put(result, transitions, analysed.machine_state())
        if self.publisher is not None:
            self.publisher.judged(analysed, transitions)

    def _before(self, key: SeriesKey) -> tuple[Standing, MachineState | None]:
        """What held when the series was judged last, in this run or in the one before."""
        if key in self._left:
            return self._left[key]
        row = self._restored.last_rows.get(key)
        return NOTHING if row is None else row.standing, self._restored.states.get(key)

    def _load_next(self) -> bool:
        """One stretch of one first load, the shown series first."""
        if not self._loading:
            return False
        key = min(self._loading, key=self._rank)
        if next(self._loading[key], None) is None:
            del self._loading[key]
        return True

    def _take_unsealed(self, state: InstrumentState, series: CandleSeries, analysed: AnalysedSeries) -> None:
        """Candles that REST committed, since the stream never closed them."""
        if analysed.open_ms is None:
            return
        for index in series.committed_after(analysed.open_ms):
            now_ms, key = self._venue_now_ms(), (state.instrument.id, series.timeframe)
            # The row of the streams is of now: it speaks for the newest candle only.
            is_newest = series.timeframe.close_ms(int(series.columns[0, index])) > now_ms - key[1].duration_ms
            self._take(
                sealed(state, series, index, Moment(now_ms, 0, self.streams(key, now_ms) if is_newest else None))
            )

    # --- judging ---------------------------------------------------------------------------------------------------

    def _judge_next(self) -> bool:
        """Judge one sealed candle, of the shown series first; False when none waits."""
        waiting = [key for key in self._sealed if key not in self._loading]
        if not waiting:
            return False
        key = min(waiting, key=self._rank)
        next_one = self._sealed[key].popleft()
        if not self._sealed[key]:
            del self._sealed[key]
        self._series[key].judge_by(next_one.rules)
        self._verdicts[next_one.seal] = self._judge(key, next_one.item)
        return True

    def _judge(self, key: SeriesKey, item: SealedInputs) -> _Verdict | None:
        analysed = self._series[key]
        if analysed.open_ms is not None and item.open_ms <= analysed.open_ms:
            return None  # the first load took it
        began = time.perf_counter()
        if not analysed.take(item):
            return None
        result = analysed.judge(item.decision_ms)
        before = self._standing.get(key, NOTHING)
        transitions = changes(before, result)
        self._standing[key] = Standing(result.signal, result.signal_strength)
        self._judged_from.setdefault(key, item.open_ms)
        self._duration_ms.add((time.perf_counter() - began) * 1000)
        if item.recv_ns:
            self._delay_ms.add((self._now_ns() - item.recv_ns) / 1e6)
        self._count(result, transitions)
        if self.publisher is not None:
            self.publisher.judged(analysed, transitions)
        return _Verdict(result, transitions, analysed.machine_state())

    def _count(self, result: Confluence, transitions: tuple[Transition, ...]) -> None:
        self._evaluations += 1
        self._withheld.update(result.withheld)
        self._signals += sum(1 for each in transitions if each.before.signal is SignalKind.NEUTRAL)

    def _tell(self) -> None:
        """Give the ledger what is due, in the order of the seals."""
        while self._told in self._verdicts:
            verdict = self._verdicts.pop(self._told)
            self._told += 1
            if verdict is not None:
                self._journal.put(verdict.result, verdict.transitions, verdict.state)

    def _revise(self, key: SeriesKey, series: CandleSeries, analysed: AnalysedSeries) -> None:
        """The venue changed candles that were judged: go back to before them and come again."""
        changed_ms, series.changed_from_ms = series.changed_from_ms, None
        newest_ms = analysed.open_ms
        if changed_ms is None or newest_ms is None or changed_ms > newest_ms:
            return
        if not analysed.go_back(changed_ms):
            log.info("%s %s: a candle changed that is too old to matter", *key)
            return
        rows = series.committed(MOST_ROWS)
        told = self._standing.get(key, NOTHING)
        revised: Confluence | None = None
        for stop_ms in (changed_ms, newest_ms):
            for _ in analysed.feed(rows, key[1].close_ms(stop_ms)):
                pass
            if analysed.open_ms == stop_ms:
                result = analysed.judge(self._venue_now_ms())
                revised = revised or result
        result = analysed.result
        if result is None or revised is None:
            return
        rows_told: tuple[Transition, ...] = ()
        if changed_ms >= self._judged_from.get(key, changed_ms + 1):
            rows_told = (revision(told, revised, REVISED), *changes(told, result, REVISED))
        self._standing[key] = Standing(result.signal, result.signal_strength)
        self._journal.put(result, rows_told, analysed.machine_state())
        if self.publisher is not None:
            self.publisher.judged(analysed, rows_told)

    # --- forming candles -------------------------------------------------------------------------------------------

    def _preview(self) -> None:
        """Advance copies of the states over the forming candles that somebody looks at, in one call."""
        if self.core is None or self.publisher is None:
            return
        wanted: list[tuple[AnalysedSeries, tuple[float, ...], Floats | None]] = []
        for key, analysed in self._series.items():
            if self._rank(key) > SEEN or key in self._loading or key in self._sealed:
                continue
            state = self._store.get(key[0])
            series = None if state is None else state.candles.get(key[1])
            if (
                state is not None
                and series is not None
                and series.last_is_forming
                and series.version != analysed.seen_version
            ):
                analysed.seen_version = series.version
                row = series.columns[:, -1].tolist()
                candle = (*row, trade_delta(state, series, row), 0.0)
                wanted.append((analysed, candle, self.streams(key, self._venue_now_ms())))
        if wanted:
            self.core.preview(wanted)
            for analysed, candle, _ in wanted:
                self.publisher.previewed(analysed, int(candle[0]))
