"""How one chart looks, as the user chose it: candle type, scale, price lines, time zone, what it is compared with."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.compared import MOST_COMPARED, Compared, name_of
from virtuoso_desktop.ui.charts.memory import ChartMemory
from virtuoso_desktop.ui.charts.pricelines import PRICE_LINES

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.ui.charts.stage import Stage


class ChartLooks(QObject):
    """Changes the stage of one chart.

    Signals
    -------
    changed
        The slice has to be read and painted again.
    compared_changed
        Another set of instruments is compared.
    undo_offered(Notice, callable)
        A comparison was removed, and how to take that back.
    """

    changed = Signal()
    compared_changed = Signal()
    undo_offered = Signal(object, object)

    def __init__(self, stage: Stage, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage

    # --- candles and scale -----------------------------------------------------------------------------------------

    @property
    def candle_type(self) -> CandleType:
        return self._stage.model.candle_type

    def draw_as(self, candle_type: CandleType) -> None:
        """Draw another type of candle."""
        self._stage.model.draw_as(candle_type)
        self.changed.emit()

    @property
    def is_log(self) -> bool:
        return self._stage.model.price.is_log

    def set_log(self, is_log: bool) -> None:
        """Show prices on a logarithmic scale, or on a linear one."""
        self._stage.model.price.set_log(is_log)
        self.changed.emit()

    @property
    def is_auto(self) -> bool:
        return self._stage.model.price.is_auto

    def set_auto(self, is_auto: bool) -> None:
        """Let the price scale follow the candles, or stay where it is."""
        price = self._stage.model.price
        if is_auto:
            price.set_auto()
        else:
            price.hold()
        self.changed.emit()

    # --- price lines and time zone -----------------------------------------------------------------------------------

    def shows_line(self, name: str) -> bool:
        """Whether a line of `PRICE_LINES` is drawn."""
        return name in self._stage.price_lines

    def show_line(self, name: str, is_shown: bool) -> None:
        """Draw the line of the last, bid, ask, mark or index price, or leave it out."""
        lines = self._stage.price_lines
        self._stage.price_lines = lines | {name} if is_shown else lines - {name}
        self.changed.emit()

    @property
    def is_utc(self) -> bool:
        return self._stage.zone is not None

    def set_utc(self, is_utc: bool) -> None:
        """Times of the axis in UTC, or in the computer's own zone."""
        self._stage.zone = dt.UTC if is_utc else None
        self.changed.emit()

    # --- other instruments -------------------------------------------------------------------------------------------

    @property
    def compared(self) -> tuple[InstrumentId, ...]:
        """What the chart is compared with."""
        return tuple(each.id for each in self._stage.model.compared)

    def why_not_compare(self) -> str | None:
        """Why there can be no other comparison, as a sentence; None while there can."""
        if len(self.compared) >= MOST_COMPARED:
            return f"A chart compares with {MOST_COMPARED} instruments at most."
        return None

    def compare(self, identity: InstrumentId, index: int | None = None) -> bool:
        """Draw another instrument in per cent; False when it is there, is the chart's own, or there are enough."""
        model = self._stage.model
        is_own = model.instrument is not None and model.instrument.id == identity
        if is_own or identity in self.compared or self.why_not_compare() is not None:
            return False
        model.compared.insert(len(model.compared) if index is None else index, Compared(identity))
        self._tell_compared()
        return True

    def end_compare(self, name: str, engine: EngineView | None) -> None:
        """Remove the comparison of a legend entry, and offer to take that back."""
        compared = self._stage.model.compared
        index = next((index for index, each in enumerate(compared) if each.name == name), None)
        if index is None:
            return
        removed = compared.pop(index)
        if engine is not None:
            removed.leave(engine)
        self._tell_compared()
        words = f"The comparison with {removed.id.symbol}{kind_badge(removed.id.market_kind)} was removed."
        notice = Notice(self._stage.now_ms, Severity.INFO, "chart", words)
        self.undo_offered.emit(notice, lambda: self.compare(removed.id, index))

    def end_all_compared(self, engine: EngineView | None) -> None:
        """Remove every comparison; each can be taken back."""
        for identity in self.compared:
            self.end_compare(name_of(identity), engine)

    def _tell_compared(self) -> None:
        self.compared_changed.emit()
        self.changed.emit()

    # --- memory ------------------------------------------------------------------------------------------------------

    def recall(self, memory: ChartMemory) -> None:
        """Look as in the previous run; what is not known here is left out."""
        stage = self._stage
        types = {kind.value: kind for kind in CandleType}
        stage.model.draw_as(types.get(memory.candle_type, CandleType.CANDLE))
        stage.model.price.set_log(memory.is_log)
        stage.price_lines = frozenset(memory.price_lines) & PRICE_LINES.keys()
        stage.zone = dt.UTC if memory.is_utc else None
        stage.model.compared[:] = [Compared(identity) for identity in _known(memory.compared)[:MOST_COMPARED]]
        self._tell_compared()

    def remember(self, memory: ChartMemory) -> ChartMemory:
        """The memory with the looks of now."""
        return ChartMemory(
            instrument=memory.instrument,
            timeframe=memory.timeframe,
            candle_type=self.candle_type.value,
            is_log=self.is_log,
            price_lines=tuple(name for name in PRICE_LINES if self.shows_line(name)),
            is_utc=self.is_utc,
            compared=tuple(str(identity) for identity in self.compared),
            studies=memory.studies,
        )


def _known(names: tuple[str, ...]) -> list[InstrumentId]:
    """Identities that can be read, each once."""
    found: dict[InstrumentId, None] = {}
    for name in names:
        try:
            found[InstrumentId.parse(name)] = None
        except ValueError:
            continue
    return list(found)
