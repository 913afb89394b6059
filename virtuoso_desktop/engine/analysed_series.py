"""The analysis of one instrument on one timeframe: state rows that closed candles advance, and checkpoints to go back.

Imports numba: only for the worker that compiles the kernels, and afterwards.
"""

from __future__ import annotations

import itertools
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.candle_table import AFTER_GAP, CANDLE_TABLE, table_params
from virtuoso_desktop.analysis.confluence import STATE_WIDTH as CONFLUENCE_WIDTH
from virtuoso_desktop.analysis.kernels import DELTA, SYNTHETIC
from virtuoso_desktop.analysis.layout import (
    AGE_MS,
    CELLS,
    COMPONENT_COUNT,
    CONFIDENCE,
    CONFIDENCE_RAW,
    ENTRY_SCORE,
    INPUTS_WIDTH,
    SAMPLE,
    SCORE,
    SIGNAL,
    SINCE_MS,
    STALE,
    STRENGTH,
    T_BARS,
    T_DELTA_ESTIMATED,
    T_GAP,
    TABLE_WIDTH,
)
from virtuoso_desktop.analysis.results import Facts, Subject, confluence_of
from virtuoso_desktop.analysis.scoring import IS_STALE, LIVE_SCORE, STREAMS
from virtuoso_desktop.analysis.series_gate import SeriesColumns, gate_series
from virtuoso_desktop.analysis.signals import CLASS, HELD, RAISED_MS, RAISED_SCORE
from virtuoso_desktop.analysis.staleness import stale_at_ms
from virtuoso_desktop.analysis.stream_row import no_streams, say_nothing
from virtuoso_desktop.engine.kept_inputs import KEPT_DELTA, KEPT_STALE, KEPT_STREAMS, KeptInputs
from virtuoso_desktop.engine.kept_inputs import WIDTH as KEPT_WIDTH
from virtuoso_desktop.engine.sealing import ESTIMATED, FROM_TRADES, SealedInputs
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.result import Confluence
from virtuoso_desktop.model.timeframe import Timeframe

Floats = NDArray[np.float64]

STRETCH = 250
"""Candles that are fed at once: about 2 ms."""
CHECKPOINTS = 4
KEPT_SCORES = 1_000
KEPT_CANDLES = STRETCH * (CHECKPOINTS + 1)
"""As far as a revision goes back."""
NO_STREAMS = no_streams()
CLOSE_MS, RESET, FILLER, HAS_VOLUME = range(TABLE_WIDTH, TABLE_WIDTH + 4)
"""Cells of a row of `LIVE_SCORE` behind those of the table."""
SIGNAL_CELLS = [CONFLUENCE_WIDTH + cell for cell in (HELD, CLASS, RAISED_MS, RAISED_SCORE)]
"""Cells of the score state that say which signal holds."""


def score_row(row: Floats, table: Floats, close_ms: float, streams: Floats = NO_STREAMS) -> None:
    """Fill a row of `LIVE_SCORE` from one of the table and one of the streams; no reset, no filler, not stale."""
    row[:TABLE_WIDTH] = table[:TABLE_WIDTH]
    row[STREAMS:] = streams
    row[IS_STALE] = 0.0
    row[CLOSE_MS] = close_ms
    row[RESET] = row[FILLER] = 0.0
    row[HAS_VOLUME] = 1.0


class Checkpoint(NamedTuple):
    """The state after a candle."""

    open_ms: int
    last: Floats
    table: bytes
    """Packed, as ``score``: four of every series are kept, and hardly ever one is read."""
    score: bytes


def _packed(state: Floats) -> bytes:
    return zlib.compress(state.tobytes(), 1)


def _unpacked(packed: bytes) -> Floats:
    return np.frombuffer(zlib.decompress(packed), np.float64)


class ScoreColumns:
    """Scores of the newest closed candles, oldest first."""

    def __init__(self) -> None:
        self._cells: Floats = np.empty((2, KEPT_SCORES + STRETCH))
        self._count = 0
        self.version = 0

    @property
    def open_ms(self) -> Floats:
        """Open times; a view, as `score`."""
        return self._cells[0, : self._count]

    @property
    def score(self) -> Floats:
        """Confluence scores, NaN where there was none."""
        return self._cells[1, : self._count]

    def append(self, open_ms: Floats, score: Floats) -> None:
        """Add newer rows, at most `KEPT_SCORES`."""
        if self._count + open_ms.size > self._cells.shape[1]:
            kept = min(KEPT_SCORES, self._count)
            self._cells[:, :kept] = self._cells[:, self._count - kept : self._count].copy()
            self._count = kept
        end = self._count + open_ms.size
        self._cells[0, self._count : end], self._cells[1, self._count : end] = open_ms, score
        self._count = end
        self.version += 1

    def drop_after(self, open_ms: int) -> None:
        """Forget the rows that open later."""
        self._count = int(np.searchsorted(self.open_ms, open_ms, side="right"))
        self.version += 1

    def recall(self, open_ms: Floats, score: Floats) -> None:
        """What was told when these candles closed stands before what their rows say today."""
        places = np.searchsorted(self.open_ms, open_ms)
        known = places < self._count
        places, open_ms, score = places[known], open_ms[known], score[known]
        same = self.open_ms[places] == open_ms
        self._cells[1, places[same]] = score[same]
        self.version += 1


class Rules(NamedTuple):
    """By what a closed candle is judged."""

    weights: tuple[float, ...]
    """Nominal weight of each dimension."""
    params: Floats
    """`scoring_params` of the settings."""
    config_hash: str


class AnalysedSeries:
    """Advances with closed candles, oldest first; the caller sees to it that none is fed twice.

    Parameters
    ----------
    subject : Subject
        What the results say of themselves.
    instrument : Instrument
        Gives tick size and market kind.
    score_params : ndarray
        `scoring_params` of the settings.
    """

    def __init__(self, subject: Subject, instrument: Instrument, score_params: Floats) -> None:
        self.subject = subject
        self.price_decimals = instrument.price_decimals
        self.table_state = CANDLE_TABLE.new_state()
        self.score_state = LIVE_SCORE.new_state()
        self.table_params = table_params(instrument, subject.timeframe)
        self._score_params = score_params
        self.open_ms: int | None = None
        """Open of the newest candle that the state knows."""
        self.out: Floats = np.full(len(LIVE_SCORE.outputs), np.nan)
        """Inputs and outcome of that candle."""
        self.columns: Floats = np.full(len(CANDLE_TABLE.outputs), np.nan)
        self.rejected = 0
        self.result: Confluence | None = None
        self.before: Confluence | None = None
        """The result of the candle before."""
        self.preview_out: Floats | None = None
        """As ``out``, were the forming candle closed now; None before any preview of the newest candle."""
        self._preview_subject = subject
        self.seen_version = -1
        """Of the store's series, when it was previewed last."""
        self.scores = ScoreColumns()
        self._out_before: Floats | None = None
        self.checkpoints: deque[Checkpoint] = deque(maxlen=CHECKPOINTS)
        self._last: Floats | None = None
        self._kept = KeptInputs(NO_STREAMS, KEPT_CANDLES)
        self._since_checkpoint = 0

    @property
    def timeframe(self) -> Timeframe:
        return self.subject.timeframe

    def judge_by(self, rules: Rules) -> None:
        """Judge the candles that come by these rules; what is judged stays as it is."""
        if rules.config_hash != self.subject.config_hash:
            self.subject = self._subject_by(rules)
            self._score_params = rules.params

    def _subject_by(self, rules: Rules) -> Subject:
        return self.subject._replace(weights=rules.weights, config_hash=rules.config_hash)

    @property
    def bars(self) -> int:
        """Closed candles since the state began."""
        return 0 if np.isnan(self.columns[T_BARS]) else int(self.columns[T_BARS])

    def feed(self, rows: Floats, now_ms: int) -> Iterator[int]:
        """Advance over rows that are newer than the state; yields after every stretch how many candles it took.

        Parameters
        ----------
        rows : ndarray, shape (7, n)
            open_ms, open, high, low, close (ticks), volume, turnover; older rows that the state knows may lead.
        now_ms : int
            Venue time: rows that close later are left out.
        """
        candles, is_reset = self._judged(rows, now_ms)
        edges = [0, *(place for place in np.flatnonzero(is_reset).tolist() if place), candles.shape[1]]
        for begin, end in itertools.pairwise(edges):
            for at in range(begin, end, STRETCH):
                stretch = candles[:, at : min(at + STRETCH, end)]
                self._advance(stretch, is_reset=bool(is_reset[at]))
                yield stretch.shape[1]

    def take(self, item: SealedInputs) -> bool:
        """Advance over a candle as it was sealed; False when the gate refused it."""
        is_stale = item.decision_ms > stale_at_ms(self.timeframe, self.timeframe.close_ms(item.open_ms))
        if item.streams is not None or is_stale or not np.isnan(item.candle[7]):
            self._kept.keep(item.open_ms, item.candle[7], is_stale=is_stale, streams=item.streams)
        return self.feed_one(item.candle)

    def feed_one(self, candle: Sequence[float]) -> bool:
        """Advance over one candle; False when the gate refused it."""
        row = np.array(candle[:7])[:, None]
        rows = row if self._last is None else np.hstack((self._last, row))
        close_ms = self.timeframe.close_ms(int(candle[0]))
        return sum(self.feed(rows, close_ms)) > 0

    def _judged(self, rows: Floats, now_ms: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Candles newer than the state with fillers, shape (9, n), and where everything begins anew."""
        columns = SeriesColumns(rows[0].astype(np.int64), rows[1], rows[2], rows[3], rows[4], rows[5], rows[6])
        gated = gate_series(columns, self.timeframe, 1.0, now_ms)
        self.rejected += gated.rejected
        is_new = np.full(gated.row.size, fill_value=True) if self.open_ms is None else gated.candles[0] > self.open_ms
        candles = np.ascontiguousarray(gated.candles[:, is_new])
        for place, open_ms in enumerate(candles[0].tolist()):
            candles[DELTA, place] = self._kept.of(int(open_ms))[KEPT_DELTA]
        return candles, gated.is_reset[is_new]

    def _advance(self, candles: Floats, *, is_reset: bool) -> None:
        if is_reset:
            self.table_state[:] = 0.0
            self.table_state[AFTER_GAP] = 1.0
        table = CANDLE_TABLE.batch(np.ascontiguousarray(candles), self.table_params, self.table_state)
        count = candles.shape[1]
        rows = np.empty((count, LIVE_SCORE.candle_width))
        for index, open_ms in enumerate(candles[0].tolist()):
            kept = self._kept.of(int(open_ms))
            score_row(rows[index], table[index], float(self.timeframe.close_ms(int(open_ms))), kept[KEPT_STREAMS:])
            rows[index, IS_STALE] = kept[KEPT_STALE]
        rows[0, RESET] = float(is_reset)
        rows[:, FILLER] = candles[SYNTHETIC]
        out = LIVE_SCORE.batch(np.ascontiguousarray(rows.T), self._score_params, self.score_state)
        # Copies: a view would keep the whole stretch.
        self._out_before = out[-2].copy() if count > 1 else self.out if self.open_ms is not None else None
        self.columns, self.out = table[-1].copy(), out[-1].copy()
        self.scores.append(candles[0], out[:, INPUTS_WIDTH + SCORE])
        self.preview_out = None
        self._last = candles[:7, -1:].copy()
        self.open_ms = int(candles[0, -1])
        self._since_checkpoint += count
        if self._since_checkpoint >= STRETCH:
            self._since_checkpoint = 0
            self.checkpoints.append(self._checkpoint())

    def _checkpoint(self) -> Checkpoint:
        assert self.open_ms is not None
        assert self._last is not None
        return Checkpoint(self.open_ms, self._last, _packed(self.table_state), _packed(self.score_state))

    def go_back(self, open_ms: int) -> bool:
        """Restore the newest state that does not know the candle ``open_ms``; False when none is kept."""
        while self.checkpoints and self.checkpoints[-1].open_ms >= open_ms:
            self.checkpoints.pop()
        if not self.checkpoints:
            return False
        kept = self.checkpoints[-1]
        self.table_state[:] = _unpacked(kept.table)
        self.score_state[:] = _unpacked(kept.score)
        self.open_ms, self._last = kept.open_ms, kept.last
        self.scores.drop_after(kept.open_ms)
        self._since_checkpoint = 0
        return True

    def hold_nothing(self) -> None:
        """No signal holds: nobody watched the candles that would have raised it."""
        self.score_state[SIGNAL_CELLS] = 0.0
        self.out[INPUTS_WIDTH + SIGNAL] = 0.0
        self.out[INPUTS_WIDTH + STRENGTH] = 0.0
        self.out[INPUTS_WIDTH + SINCE_MS] = self.out[INPUTS_WIDTH + ENTRY_SCORE] = np.nan

    def takes(self, state: bytes) -> bool:
        """Whether the bytes of a machine fit."""
        return len(state) == 8 * (self.score_state.size + KEPT_WIDTH)

    def hold(self, state: bytes, open_ms: int) -> None:
        """What the last run sealed of its newest candle, ``open_ms``, and the signal that it held before."""
        cells = np.frombuffer(state, np.float64)
        self.score_state[SIGNAL_CELLS] = cells[SIGNAL_CELLS]
        sealed = cells[self.score_state.size :]
        self._kept.keep(
            open_ms, sealed[KEPT_DELTA], is_stale=bool(sealed[KEPT_STALE]), streams=sealed[KEPT_STREAMS:]
        )  # fmt: skip

    def resume(self, state: bytes) -> None:
        """Go on from the machine of the last run, after the newest candle that it knows was fed.

        A machine that had begun on that candle held nothing, whatever the candles before it would have raised.
        """
        self.score_state[:] = np.frombuffer(state, np.float64)[: self.score_state.size]
        if self.out[INPUTS_WIDTH + SIGNAL] and not self.score_state[CONFLUENCE_WIDTH + HELD]:
            self.hold_nothing()

    def machine_state(self) -> bytes:
        """What `hold` and `resume` take: the machine, and what was sealed of the newest candle."""
        assert self.open_ms is not None
        return self.score_state.tobytes() + self._kept.of(self.open_ms).tobytes()

    def put_preview(self, out: Floats, rules: Rules) -> None:
        """What the forming candle would say if it closed as it is, by the rules that it will be judged by."""
        self.preview_out = out
        self._preview_subject = self._subject_by(rules)

    def preview(self, decision_ms: int, open_ms: int) -> Confluence | None:
        """The provisional result on the forming candle; None before one was previewed."""
        if self.preview_out is None:
            return None
        facts = Facts(open_ms=open_ms, analysis_ms=decision_ms, data_points=self.bars, rejected=self.rejected)
        out = self.preview_out
        subject = self._preview_subject
        return confluence_of(subject, facts, out[:INPUTS_WIDTH], out[INPUTS_WIDTH:], held=self.out[INPUTS_WIDTH:])

    def judge(self, decision_ms: int) -> Confluence:
        """The result of the newest candle, as of ``decision_ms``."""
        assert self.open_ms is not None, "a candle was fed"
        close_ms = self.timeframe.close_ms(self.open_ms)
        facts = Facts(
            open_ms=self.open_ms,
            analysis_ms=decision_ms,
            data_points=self.bars,
            delta_source=ESTIMATED if self.columns[T_DELTA_ESTIMATED] else FROM_TRADES,
            gap=bool(self.columns[T_GAP]),
            rejected=self.rejected,
        )
        self.before = self.result if self.result is not None else self._first_before(facts)
        self.result = self._result(facts, self.out, max(0, decision_ms - close_ms))
        return self.result

    def say_stale(self, now_ms: int) -> None:
        """Say and hold nothing when the newest of the candles that were loaded is too old to conclude from."""
        assert self.open_ms is not None, "a candle was fed"
        if now_ms <= stale_at_ms(self.timeframe, self.timeframe.close_ms(self.open_ms)):
            return
        self.out = self.out.copy()
        say_nothing(self.out[:INPUTS_WIDTH], self.out[INPUTS_WIDTH:], STALE)
        self.out[INPUTS_WIDTH + CONFIDENCE] = self.out[INPUTS_WIDTH + CONFIDENCE_RAW] = 0.0
        self.hold_nothing()

    def _first_before(self, facts: Facts) -> Confluence | None:
        """The result of the candle before the first that is judged."""
        if self._out_before is None:
            return None
        open_ms = self.timeframe.step_back(facts.open_ms, 1)
        return self._result(facts._replace(open_ms=open_ms), self._out_before, 0)

    def _result(self, facts: Facts, out: Floats, lag_ms: int) -> Confluence:
        inputs = out[:INPUTS_WIDTH].copy()
        inputs[:SAMPLE].reshape(COMPONENT_COUNT, CELLS)[:, AGE_MS] += lag_ms
        return confluence_of(self.subject, facts, inputs, out[INPUTS_WIDTH:])
