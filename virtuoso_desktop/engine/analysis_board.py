"""The newest word of the analysis: written by the engine when something was evaluated, polled by both faces."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.engine.analysis_views import AnalysisView, ScoreRow, SignalView
from virtuoso_desktop.engine.views import SignalMark
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_SIGNALS = 2_000
"""Older ones stay in the ledger."""
UNKNOWN = -1
_Key = tuple[InstrumentId, Timeframe]


class AnalysisBoard:
    """Holds views, scores and signals with their versions. One writer, on the loop thread."""

    def __init__(self) -> None:
        self._views: dict[_Key, AnalysisView] = {}
        self._scores: dict[Timeframe, dict[InstrumentId, tuple[int, ScoreRow]]] = {}
        self._signals: deque[SignalView] = deque(maxlen=MOST_SIGNALS)
        self._version = 0
        self.signals_version = 0
        self._marks: dict[_Key, list[SignalMark]] = {}
        self._marks_version = UNKNOWN

    # writing

    def publish(self, view: AnalysisView) -> None:
        """A newer view of its (instrument, timeframe); it gets the next version."""
        self._version += 1
        self._views[view.instrument_id, view.timeframe] = msgspec.structs.replace(view, version=self._version)

    def publish_scores(self, rows: Iterable[ScoreRow]) -> None:
        """Newer scores; a row that says the same as before is no news."""
        for row in rows:
            held = self._scores.setdefault(row.timeframe, {})
            known = held.get(row.instrument_id)
            if known is None or known[1] != row:
                self._version += 1
                held[row.instrument_id] = (self._version, row)

    def put_signal(self, signal: SignalView) -> None:
        """A new signal, or a new state of one that is held here."""
        self.signals_version += 1
        for place, known in enumerate(self._signals):
            if known.number == signal.number:
                self._signals[place] = signal
                return
        self._signals.append(signal)

    def forget(self, instrument_id: InstrumentId) -> None:
        """An instrument is no longer watched: its scores go, its signals stay."""
        for key in [key for key in self._views if key[0] == instrument_id]:
            del self._views[key]
        for held in self._scores.values():
            held.pop(instrument_id, None)

    # reading

    def view(self, instrument_id: InstrumentId, timeframe: Timeframe) -> AnalysisView | None:
        return self._views.get((instrument_id, timeframe))

    def version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> int:
        """Changes with the view; -1 while there is none."""
        view = self._views.get((instrument_id, timeframe))
        return UNKNOWN if view is None else view.version

    def score_cursor(self, timeframe: Timeframe) -> BoardCursor:
        return BoardCursor(self._scores.setdefault(timeframe, {}))

    def signals(self) -> tuple[SignalView, ...]:
        """Newest first."""
        return tuple(sorted(self._signals, key=lambda signal: -signal.number))

    def marks(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[SignalMark, ...]:
        """Begins and ends of the signals of one series, oldest first."""
        if self._marks_version != self.signals_version:
            self._marks_version = self.signals_version
            self._marks.clear()
            for signal in self._signals:
                self._marks.setdefault((signal.instrument_id, signal.timeframe), []).extend(_marks_of(signal))
        return tuple(self._marks.get((instrument_id, timeframe), ()))


def _marks_of(signal: SignalView) -> Iterator[SignalMark]:
    yield SignalMark(signal.candle_open_ms, signal.kind, signal.score)
    if signal.ended_ms is not None and signal.end_score is not None:
        timeframe = signal.timeframe
        open_ms = timeframe.step_back(timeframe.open_ms(signal.ended_ms), 1)
        yield SignalMark(open_ms, signal.kind, signal.end_score, is_end=True)


class BoardCursor:
    """One reader of the changed scores of one timeframe."""

    def __init__(self, held: dict[InstrumentId, tuple[int, ScoreRow]]) -> None:
        self._held = held
        self._seen: dict[InstrumentId, int] = {}

    def take(self) -> list[ScoreRow]:
        changed: list[ScoreRow] = []
        for instrument_id, (version, row) in self._held.items():
            if self._seen.get(instrument_id) != version:
                self._seen[instrument_id] = version
                changed.append(row)
        return changed
