"""The compiled side of the analysis: new series, their first load, previews. Imports numba: made in a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.book_kernels import compile_book_kernels
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE
from virtuoso_desktop.analysis.layout import ENGINE_VERSION
from virtuoso_desktop.analysis.results import Subject
from virtuoso_desktop.analysis.scoring import LIVE_SCORE, config_hash, scoring_params
from virtuoso_desktop.analysis.stream_row import compile_smooth
from virtuoso_desktop.analysis.timeframes import take_vote
from virtuoso_desktop.engine.analysed_series import NO_STREAMS, AnalysedSeries, Rules, score_row
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, Source
from virtuoso_desktop.model.result import Confluence, DimensionName, Profile, TimeframeVote
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.schema import AnalysisSettings
from virtuoso_desktop.storage.evaluations import MachineState

Floats = NDArray[np.float64]

LOADED_CANDLES = 1_000
"""Of each series at a start; older ones no longer tell in any figure (analysis 0)."""


class AnalysisCore:
    """Makes series and previews many of them in one call.

    Parameters
    ----------
    settings : AnalysisSettings
        Weights and thresholds.
    source : Source
        Stands in every result.
    """

    def __init__(self, settings: AnalysisSettings, source: Source) -> None:
        CANDLE_TABLE.compile(np.ones(4))
        self.profile = Profile.FULL
        self._source = source
        self.rules = self._rules_of(settings)
        """By what a candle that closes now is judged."""
        LIVE_SCORE.compile(self.rules.params)
        compile_smooth()
        compile_book_kernels()
        self._votes: dict[InstrumentId, Floats] = {}

    def judge_by(self, settings: AnalysisSettings) -> None:
        """Other weights and thresholds from now on."""
        self.rules = self._rules_of(settings)

    def _rules_of(self, settings: AnalysisSettings) -> Rules:
        weights = tuple(float(getattr(settings.weights, name.value)) for name in DimensionName)
        return Rules(weights, scoring_params(settings, self.profile), config_hash(settings))

    def vote(self, instrument_id: InstrumentId, results: Mapping[Timeframe, Confluence]) -> TimeframeVote:
        """The timeframes of one instrument taken together."""
        return take_vote(results, self._votes.setdefault(instrument_id, np.zeros(1)))

    def new_series(self, instrument: Instrument, timeframe: Timeframe) -> AnalysedSeries:
        """A series that knows no candle yet."""
        subject = Subject(
            instrument.id, timeframe, self._source, self.profile, float(instrument.tick_size),
            self.rules.weights, self.rules.config_hash,
        )  # fmt: skip
        return AnalysedSeries(subject, instrument, self.rules.params)

    def load(self, series: AnalysedSeries, rows: Floats, now_ms: int, machine: MachineState | None) -> Iterator[int]:
        """Advance over candles that closed before anybody watched; yields after every stretch.

        The signal machine goes on from its state of the last run when at most one candle closed since, under the same
        settings. Otherwise nothing is held: a signal is raised by candles that close while the program watches.
        """
        rows = rows[:, -LOADED_CANDLES:]
        stop_ms = None if machine is None else self._resumed_at(series, rows, now_ms, machine)
        if machine is None or stop_ms is None:
            yield from series.feed(rows, now_ms)
            series.hold_nothing()
            return
        # The last candle that the machine knows is judged with what it held: its result is told again as it was.
        yield from series.feed(rows, stop_ms - 1)
        series.hold(machine.state, series.timeframe.step_back(series.timeframe.open_ms(stop_ms), 1))
        yield from series.feed(rows, stop_ms)
        series.resume(machine.state)
        yield from series.feed(rows, now_ms)

    def machine(self, series: AnalysedSeries) -> MachineState:
        """What `load` goes on from."""
        assert series.open_ms is not None, "a candle was fed"
        close_ms = series.timeframe.close_ms(series.open_ms)
        return MachineState(close_ms, ENGINE_VERSION, series.subject.config_hash, series.machine_state())

    def _resumed_at(self, series: AnalysedSeries, rows: Floats, now_ms: int, machine: MachineState) -> int | None:
        """Close of the last candle that the machine knows; None when it is not to go on."""
        if (machine.engine_version, machine.config_hash) != (ENGINE_VERSION, series.subject.config_hash):
            return None
        timeframe = series.timeframe
        closed = [close for open_ms in rows[0, -2:] if (close := timeframe.close_ms(int(open_ms))) <= now_ms]
        return machine.as_of_ms if machine.as_of_ms in closed and series.takes(machine.state) else None

    def preview(self, wanted: Sequence[tuple[AnalysedSeries, tuple[float, ...], Floats | None]]) -> None:
        """What each series would say if its forming candle closed as it is; put into the series.

        Each is a series, its candle as `CANDLE_TABLE` takes it, and its streams row as it is now.
        """
        which = np.arange(len(wanted))
        states = np.stack([series.table_state for series, *_ in wanted])
        table = np.empty((len(wanted), len(CANDLE_TABLE.outputs)))
        params = np.stack([series.table_params for series, *_ in wanted])
        CANDLE_TABLE.peek_many(states, np.array([candle for _, candle, _ in wanted]), params, table, which)
        rows = np.empty((len(wanted), LIVE_SCORE.candle_width))
        for index, (series, candle, streams) in enumerate(wanted):
            close_ms = float(series.timeframe.close_ms(int(candle[0])))
            score_row(rows[index], table[index], close_ms, NO_STREAMS if streams is None else streams)
        out = np.empty((len(wanted), len(LIVE_SCORE.outputs)))
        scores = np.stack([series.score_state for series, *_ in wanted])
        LIVE_SCORE.peek_many(scores, rows, np.tile(self.rules.params, (len(wanted), 1)), out, which)
        for (series, *_), row in zip(wanted, out, strict=True):
            series.put_preview(row.copy(), self.rules)
