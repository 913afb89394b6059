"""The scores of a Markets row: cells, sort values and tooltips. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.analysis_views import AnalysisState, ScoreRow
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.result import DimensionName, Profile, SignalKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.analysis_words import ABOUT, DIMENSIONS, OPINION, STRENGTHS, Wait, reason_words
from virtuoso_desktop.ui.cell import Cell, no_value
from virtuoso_desktop.ui.dimension_words import PREPARING
from virtuoso_desktop.ui.score_ink import score_cell, signal_cell, total_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.engine.views import MarketRow
    from virtuoso_desktop.model.instrument import InstrumentId

WARMING = "too few candles so far"
_ORDER = {SignalKind.BUY: 200.0, SignalKind.NEUTRAL: 100.0, SignalKind.SELL: 0.0}
_NAMES = tuple(DimensionName)
_PLACES = {f"{name.value}_score": place for place, name in enumerate(DimensionName)}
"""By the name of the column."""


class MarketScores:
    """The newest scores of all instruments, for one timeframe; what is not fresh does not count."""

    def __init__(self) -> None:
        self._held: dict[InstrumentId, ScoreRow] = {}

    def apply(self, rows: Iterable[ScoreRow]) -> set[InstrumentId]:
        """Take newer scores; returns whose."""
        changed: set[InstrumentId] = set()
        for scores in rows:
            self._held[scores.instrument_id] = scores
            changed.add(scores.instrument_id)
        return changed

    def forget(self, instrument: InstrumentId) -> None:
        self._held.pop(instrument, None)

    def find(self, instrument: InstrumentId) -> ScoreRow | None:
        return self._held.get(instrument)

    def counting(self, row: MarketRow, now_ms: int) -> ScoreRow | None:
        """The scores of a row while they are ready, and row and candles fresh."""
        scores = self._held.get(row.instrument_id)
        if scores is None or scores.state is not AnalysisState.READY or row.state is not RowState.LIVE:
            return None
        return None if is_stale(scores, now_ms) else scores

    def value(self, row: MarketRow, column: str, now_ms: int) -> float | None:
        """What a row is sorted by."""
        scores = self.counting(row, now_ms)
        return None if scores is None else column_value(scores, column)

    def tooltip(self, row: MarketRow, column: str, now_ms: int) -> str:
        return tooltip(self.find(row.instrument_id), column, now_ms)

    def cells(self, row: MarketRow, now_ms: int, *, has_bar: bool, has_word: bool) -> tuple[Cell, ...]:
        """Six dimensions, score and signal. What is stale has neither tint nor score nor signal."""
        scores = self.find(row.instrument_id)
        if scores is None or scores.state is not AnalysisState.READY:
            is_warming = scores is not None and scores.state is AnalysisState.WARM_UP
            return (no_value(WARMING if is_warming else PREPARING),) * (len(_NAMES) + 2)
        stale = row.state is not RowState.LIVE or is_stale(scores, now_ms)
        dimensions = [
            score_cell(score, is_stale=stale, forming=scores.forming, why=_why(scores, place, now_ms))
            for place, score in enumerate(scores.dimensions)
        ]
        if stale:
            return (*dimensions, no_value("stale"), no_value("stale"))
        return (
            *dimensions,
            total_cell(scores.score, forming=scores.forming, with_bar=has_bar),
            signal_cell(scores.signal, is_short=not has_word, spoken=_signal_words(scores)),
        )


def is_stale(scores: ScoreRow, now_ms: int) -> bool:
    """Whether the candles behind the scores are too old."""
    return scores.stale_at_ms is not None and now_ms > scores.stale_at_ms


def _why(scores: ScoreRow, place: int, now_ms: int) -> str:
    name = _NAMES[place]
    wait = Wait(scores.warm_at_ms.get(name), None, now_ms)
    return reason_words(scores.reasons[place], is_analysed=name not in scores.not_analysed, wait=wait)


def _signal_words(scores: ScoreRow) -> str:
    return f"{scores.signal.value}, {STRENGTHS[scores.strength]}".lower()


def column_value(scores: ScoreRow, column: str) -> float | None:
    """What a column of scores is sorted and searched by."""
    if column == "score":
        return scores.score
    if column == "signal":
        return None if scores.score is None else _ORDER[scores.signal] + scores.score
    return scores.dimensions[_PLACES[column]]


def tooltip(scores: ScoreRow | None, column: str, now_ms: int) -> str:
    """What a score says of itself: its candle, its reason, its rank as an opinion."""
    if scores is None or scores.state is AnalysisState.PREPARING:
        return f"No score yet: {PREPARING}."
    if scores.state is AnalysisState.WARM_UP:
        return f"No score yet: {WARMING}."
    lines = [_first_line(scores, column, now_ms)]
    if scores.forming:
        lines.append("Provisional: of the candle that is still forming. Signals come from closed candles only.")
    if scores.closed_ms is not None:
        closed = f"{text.local_moment(scores.closed_ms, now_ms)} ({text.utc_moment(scores.closed_ms)})"
        lines.append(f"{scores.timeframe.value}, last candle closed {closed}")
    if is_stale(scores, now_ms):
        lines.append("Its candles are too old: no score and no signal until newer ones come.")
    if scores.profile is Profile.CANDLES_ONLY:
        lines.append("Candles only: technical, volume and structure.")
    if scores.signal is not SignalKind.NEUTRAL:
        lines.append(OPINION)
    return "\n".join(lines)


def _first_line(scores: ScoreRow, column: str, now_ms: int) -> str:
    place = _PLACES.get(column)
    if place is not None:
        name = _NAMES[place]
        score = scores.dimensions[place]
        if score is None:
            return f"{DIMENSIONS[name]}: no score, {_why(scores, place, now_ms) or 'no reason given'}."
        return f"{DIMENSIONS[name]} {score:.1f} of 100: {ABOUT[name]}."
    if scores.score is None:
        return f"No score: {scores.reason or 'no dimension is available'}."
    agreement = "" if scores.confidence is None else f", agreement {scores.confidence:.2f} (not a probability)"
    signal = (
        "no signal" if scores.signal is SignalKind.NEUTRAL else f"{scores.signal.value} {STRENGTHS[scores.strength]}"
    )
    return f"Confluence {scores.score:.1f} of 100, {signal}{agreement}."
