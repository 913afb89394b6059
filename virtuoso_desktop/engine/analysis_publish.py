"""From judged series to what faces read: views, score rows, signals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from virtuoso_desktop.analysis.staleness import stale_at_ms
from virtuoso_desktop.engine.analysis_board import AnalysisBoard
from virtuoso_desktop.engine.analysis_views import AnalysisState, AnalysisView, ScoreRow, SignalView
from virtuoso_desktop.engine.explanation import explain
from virtuoso_desktop.engine.sealing import SeriesKey
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import COMPONENTS, Confluence, DimensionName, TimeframeVote
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.settings.schema import ThresholdsSettings
from virtuoso_desktop.storage.ledger_rows import LedgerKind, LedgerRow, Transition

if TYPE_CHECKING:
    from virtuoso_desktop.engine.analysed_series import AnalysedSeries

CANDLES_NEEDED = 34
"""The first score: the MACD is the last of the technical components to have a value."""
LOWEST_ALERTING_MS = 5 * MINUTE_MS
"""Signals of shorter timeframes are shown, never alerted."""


class Asked(NamedTuple):
    """What the publisher asks of others."""

    vote: Callable[[InstrumentId, dict[Timeframe, Confluence]], TimeframeVote]
    """The timeframes of one instrument taken together."""
    warm_at_ms: Callable[[SeriesKey], dict[DimensionName, int]]
    """When the scales of the dimensions are known that are warming up."""


class AnalysisPublisher:
    """Writes the board whenever a series was judged or previewed.

    Parameters
    ----------
    board : AnalysisBoard
        What faces read.
    thresholds : ThresholdsSettings
        For the explanations.
    venue_now_ms : callable
        Venue time.
    asked : Asked
        Where it asks for what else belongs to a view.
    """

    def __init__(
        self, board: AnalysisBoard, thresholds: ThresholdsSettings, venue_now_ms: Callable[[], int], asked: Asked
    ) -> None:
        self._board = board
        self._thresholds = thresholds
        self._venue_now_ms = venue_now_ms
        self._asked = asked
        self._missing_since: dict[SeriesKey, dict[DimensionName, int]] = {}
        self._results: dict[InstrumentId, dict[Timeframe, Confluence]] = {}
        self._views: dict[SeriesKey, AnalysisView] = {}
        self._held: dict[SeriesKey, SignalView] = {}
        self._number = 0

    def judge_by(self, thresholds: ThresholdsSettings) -> None:
        """Explain what is judged from now on by these."""
        self._thresholds = thresholds

    # --- from the run ----------------------------------------------------------------------------------------------

    def restored(self, rows: list[LedgerRow]) -> None:
        """Signals of earlier runs."""
        for row in rows:
            self._number = row.number
            key = (InstrumentId.parse(row.instrument), row.timeframe)
            if row.kind is LedgerKind.ENTERED:
                self._enter(key, _signal_of_row(row, key[0]))
            elif row.kind is LedgerKind.EXITED:
                self._end(key, row.close_ms, row.reason, row.score)

    def judged(self, series: AnalysedSeries, transitions: tuple[Transition, ...]) -> None:
        """A series has a new result."""
        result = series.result
        if result is None:
            return
        key = (result.instrument_id, result.timeframe)
        for each in transitions:
            self._number += 1
            if each.kind is LedgerKind.ENTERED:
                self._enter(key, _signal_of(self._number, each.result))
            elif each.kind is LedgerKind.EXITED:
                self._end(key, each.result.metadata.last_candle_ms, each.reason, each.result.confluence_score)
        self._publish(series, result)

    def previewed(self, series: AnalysedSeries, forming_open_ms: int) -> None:
        """A provisional result."""
        view = self._views.get((series.subject.instrument_id, series.timeframe))
        if view is not None:
            preview = series.preview(self._venue_now_ms(), forming_open_ms)
            warm_at_ms = self._asked.warm_at_ms((view.instrument_id, view.timeframe))
            self._put(msgspec.structs.replace(view, preview=preview, warm_at_ms=warm_at_ms))

    def forget(self, instrument_id: InstrumentId) -> None:
        """An instrument is no longer watched."""
        for timeframe in self._results.pop(instrument_id, {}):
            self._views.pop((instrument_id, timeframe), None)
            self._missing_since.pop((instrument_id, timeframe), None)
        self._board.forget(instrument_id)

    # --- to the board ----------------------------------------------------------------------------------------------

    def _publish(self, series: AnalysedSeries, result: Confluence) -> None:
        instrument_id, timeframe = result.instrument_id, result.timeframe
        results = self._results.setdefault(instrument_id, {})
        results[timeframe] = result
        now_ms = self._venue_now_ms()
        vote = self._asked.vote(
            instrument_id,
            {each: told for each, told in results.items() if now_ms <= stale_at_ms(each, told.metadata.last_candle_ms)},
        )
        warm_at_ms = self._asked.warm_at_ms((instrument_id, timeframe))
        state = AnalysisState.WARM_UP if series.bars < CANDLES_NEEDED else AnalysisState.READY
        stale_ms = stale_at_ms(timeframe, result.metadata.last_candle_ms)
        since_ms = result.signal_since_ms
        self._put(
            AnalysisView(
                instrument_id=instrument_id,
                timeframe=timeframe,
                version=0,
                state=state,
                price_decimals=series.price_decimals,
                candles=series.bars,
                candles_needed=CANDLES_NEEDED,
                result=result,
                vote=vote,
                explanation=explain(result, series.before, self._thresholds),
                signal_candles=None if since_ms is None else _candles_since(result, since_ms),
                stale_at_ms=stale_ms,
                warm_at_ms=warm_at_ms,
                missing_since_ms=self._follow_missing(result),
            )
        )
        self._board.publish_scores((_score_row(result, state, stale_ms, warm_at_ms),))
        # The vote changed for the instrument's other timeframes too.
        for other in results:
            view = self._views.get((instrument_id, other))
            if view is not None and other is not timeframe:
                self._put(msgspec.structs.replace(view, vote=vote))

    def _follow_missing(self, result: Confluence) -> dict[DimensionName, int]:
        """Close of the first candle in a row without each dimension, as far as this run saw."""
        key = (result.instrument_id, result.timeframe)
        before = self._missing_since.get(key)
        known = {} if before is None else before
        close_ms = result.metadata.last_candle_ms
        now = {
            name: known.get(name, close_ms) for name, dimension in result.dimensions.items() if dimension.score is None
        }
        self._missing_since[key] = now
        return now

    def _put(self, view: AnalysisView) -> None:
        self._views[view.instrument_id, view.timeframe] = view
        self._board.publish(view)

    def _enter(self, key: SeriesKey, signal: SignalView) -> None:
        self._held[key] = signal
        self._board.put_signal(signal)

    def _end(self, key: SeriesKey, ended_ms: int, reason: str | None, score: float | None) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._board.put_signal(msgspec.structs.replace(held, ended_ms=ended_ms, end_reason=reason, end_score=score))


def _candles_since(result: Confluence, since_ms: int) -> int:
    return round((result.metadata.last_candle_ms - since_ms) / result.timeframe.duration_ms) + 1


def _score_row(
    result: Confluence, state: AnalysisState, stale_ms: int, warm_at_ms: dict[DimensionName, int]
) -> ScoreRow:
    dimensions = [result.dimensions[name] for name in COMPONENTS]
    return ScoreRow(
        instrument_id=result.instrument_id,
        timeframe=result.timeframe,
        state=state,
        dimensions=tuple(each.score for each in dimensions),  # type: ignore[arg-type] (six of them)
        reasons=tuple("" if each.score is not None else each.status for each in dimensions),  # type: ignore[arg-type]
        score=result.confluence_score,
        signal=result.signal,
        strength=result.signal_strength,
        confidence=result.confidence,
        profile=result.profile,
        closed_ms=result.metadata.last_candle_ms,
        stale_at_ms=stale_ms,
        reason=result.reason,
        warm_at_ms=warm_at_ms,
    )


def _signal_of(number: int, result: Confluence) -> SignalView:
    return SignalView(
        number=number,
        instrument_id=result.instrument_id,
        timeframe=result.timeframe,
        kind=result.signal,
        strength=result.signal_strength,
        score=_known(result.confluence_score),
        confidence=result.confidence,
        calibrated=result.calibrated,
        profile=result.profile,
        raised_ms=result.metadata.last_candle_ms,
        candle_open_ms=result.metadata.last_candle_open_ms,
        alerts=result.timeframe.duration_ms >= LOWEST_ALERTING_MS,
    )


def _signal_of_row(row: LedgerRow, instrument_id: InstrumentId) -> SignalView:
    timeframe = row.timeframe
    return SignalView(
        number=row.number,
        instrument_id=instrument_id,
        timeframe=timeframe,
        kind=row.signal,
        strength=row.strength,
        score=_known(row.score),
        confidence=row.confidence,
        calibrated=row.calibrated,
        profile=row.profile,
        raised_ms=row.close_ms,
        candle_open_ms=timeframe.step_back(timeframe.open_ms(row.close_ms), 1),
        alerts=timeframe.duration_ms >= LOWEST_ALERTING_MS,
    )


def _known(score: float | None) -> float:
    assert score is not None, "a signal has a score"
    return score
