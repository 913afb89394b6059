"""The list of signals: filtered, newest first, formatted once per change. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.result import Profile, SignalKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.analysis_words import OPINION, STRENGTHS
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import KEY, LABEL, MUTED, NUMBER, Cell, Column, cell
from virtuoso_desktop.ui.score_ink import signal_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.engine.analysis_views import SignalView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe

COLUMNS: tuple[Column, ...] = (
    Column("time", "Time", "Time", "Close of the candle that raised it", 128, 0, is_right=False),
    Column("instrument", "Instrument", "Instrument", "A click shows it at that moment", 128, 0, is_right=False),
    Column("timeframe", "TF", "Timeframe", "Timeframe", 40, 0, is_right=False),
    Column("signal", "Signal", "Signal", "Opinion of the model, not advice", 46, 0, is_centred=True, is_rigid=True),
    Column("score", "Score", "Score", "Confluence score when it was raised", 52, 0),
    Column("strength", "Strength", "Strength", "Class of the signal", 104, 0, is_right=False),
    Column("agreement", "Agreement", "Agreement", "Not a probability, not yet calibrated", 78, 0),
    Column("profile", "Profile", "Profile", "What the score is made of", 96, 0, is_right=False),
    Column("state", "State", "State", "Whether it holds, or how it ended", 220, 0, is_right=False),
)
PROFILES = {Profile.FULL: "full", Profile.CANDLES_ONLY: "candles only"}
NOT_ALERTED = "scalp, not alerted"
_ENDS = {"data": "data missing"}


class SignalRows(CalmRows):
    """Signals from top to bottom; filters by side, timeframe and instrument hold together."""

    def __init__(self) -> None:
        self.order: list[SignalView] = []
        self.now_ms = 0
        self.side: SignalKind | None = None
        self.timeframe: Timeframe | None = None
        self.instrument: InstrumentId | None = None
        self._all: tuple[SignalView, ...] = ()
        self._cells: dict[int, tuple[Cell, ...]] = {}

    def show(self, signals: Iterable[SignalView]) -> None:
        """Take the list, newest first."""
        self._all = tuple(signals)
        self._cells.clear()
        self.filter()

    def filter(self) -> None:
        """Apply the filters."""
        self.order = [signal for signal in self._all if self._belongs(signal)]

    def _belongs(self, signal: SignalView) -> bool:
        return (
            self.side in (None, signal.kind)
            and self.timeframe in (None, signal.timeframe)
            and self.instrument in (None, signal.instrument_id)
        )

    @property
    def is_filtered(self) -> bool:
        return (self.side, self.timeframe, self.instrument) != (None, None, None)

    @property
    def held(self) -> int:
        """How many signals hold now, filtered or not."""
        return sum(1 for signal in self._all if signal.ended_ms is None)

    def __len__(self) -> int:
        return len(self._all)

    def row_count(self) -> int:
        return len(self.order)

    def cells(self, index: int) -> tuple[Cell, ...]:
        signal = self.order[index]
        cells = self._cells.get(signal.number)
        if cells is None:
            cells = self._cells[signal.number] = _format(signal, self.now_ms)
        return cells

    def tooltip(self, index: int, column: int) -> str:
        del column
        signal = self.order[index]
        said = (
            f"{signal.instrument_id.symbol}, {signal.instrument_id.venue.value.capitalize()}, {signal.timeframe.value}"
        )
        said += f"\nraised {text.local_moment(signal.raised_ms, self.now_ms)} ({text.utc_moment(signal.raised_ms)})"
        if signal.ended_ms is not None:
            said += f"\nended {text.local_moment(signal.ended_ms, self.now_ms)} ({text.utc_moment(signal.ended_ms)})"
        return f"{said}\n{OPINION}\nEnter or a click shows that moment on the chart."


def state_words(signal: SignalView) -> str:
    """``holds``, ``ended 11:45, score 63.2``, and whether it could alert."""
    said = "holds"
    if signal.ended_ms is not None:
        said = f"ended {text.clock(signal.ended_ms, None)}, {_ending(signal)}"
    return said if signal.alerts else f"{said} \u00b7 {NOT_ALERTED}"


def _moment(time_ms: int, now_ms: int) -> str:
    """Candles close on the minute: the hour today, with the day before today."""
    today = text.day(time_ms, None) == text.day(now_ms, None)
    return text.clock(time_ms, None) if today else text.bar_moment(time_ms, None, is_whole_day=False)


def _ending(signal: SignalView) -> str:
    reason = signal.end_reason or "no reason given"
    if reason == "score":
        return "score" if signal.end_score is None else f"score {signal.end_score:.1f}"
    return _ENDS.get(reason, reason)


def _format(signal: SignalView, now_ms: int) -> tuple[Cell, ...]:
    identity = signal.instrument_id
    holds = signal.ended_ms is None
    strength = STRENGTHS[signal.strength]
    spoken = f"{signal.kind.value}, {strength}".lower()
    return (
        cell(_moment(signal.raised_ms, now_ms), NUMBER if holds else MUTED),
        cell(identity.symbol + kind_badge(identity.market_kind), KEY),
        cell(signal.timeframe.value, LABEL),
        signal_cell(signal.kind, spoken=spoken),
        cell(f"{signal.score:.1f}", KEY),
        cell(strength, LABEL if holds else MUTED),
        cell(f"{signal.confidence:.2f}", NUMBER),
        cell(PROFILES[signal.profile], MUTED),
        cell(state_words(signal), LABEL if holds else MUTED),
    )
