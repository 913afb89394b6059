"""One chart of the grid: a slim head with instrument and timeframe over its panel, an edge when it is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.ui.charts.panel import ChartPanel
from virtuoso_desktop.ui.controls import Button, GivingRow

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.theme import Theme

HEAD_PX = 26
EDGE_PX = 2


class CellHead(GivingRow):
    """Instrument and timeframe of one chart; each opens its list."""

    pressed = Signal()
    instrument_asked = Signal()
    timeframe_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, HEAD_PX, pad=4, parent=parent)
        self.instrument = Button(theme, "Instrument", parent=self)
        self.timeframe = Button(theme, "", parent=self)
        for button in (self.instrument, self.timeframe):
            button.quiet_colour = "text"
            button.setFixedHeight(HEAD_PX - 4)
        self.instrument.setToolTip("Choose the instrument of this chart")
        self.timeframe.setToolTip("Choose the timeframe of this chart")
        self.add(self.instrument)
        self.add(self.timeframe, gap=2)
        self.instrument.clicked.connect(self.instrument_asked)
        self.timeframe.clicked.connect(self.timeframe_asked)

    def name(self, instrument: InstrumentId | None, timeframe: Timeframe | None) -> None:
        """Show another series."""
        symbol = "No instrument" if instrument is None else instrument.symbol + kind_badge(instrument.market_kind)
        length = "" if timeframe is None else timeframe.value
        self.instrument.setText(symbol)
        self.instrument.setAccessibleName(f"Instrument of this chart: {symbol}")
        self.timeframe.setText(length)
        self.timeframe.setAccessibleName(f"Timeframe of this chart: {length}")
        self.arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()
        super().mousePressEvent(event)


class ChartCell(QWidget):
    """Belongs to a `ChartGrid`.

    Signals
    -------
    activated
        The user pressed a button or moved the keyboard's focus in it.
    """

    activated = Signal()

    def __init__(self, theme: Theme, panel: ChartPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.panel = panel
        self.head = CellHead(theme, self)
        self.is_active = False
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(panel, 1)
        self.setFocusProxy(panel)
        self.head.pressed.connect(self.activated)
        self.head.instrument.clicked.connect(self.activated)
        self.head.timeframe.clicked.connect(self.activated)
        panel.canvas.activated.connect(self.activated)
        self.show_edge(is_active=True, is_alone=True)

    @property
    def series(self) -> tuple[InstrumentId, Timeframe] | None:
        """What it shows."""
        return self.panel.subject

    def show_series(self, instrument: InstrumentId, timeframe: Timeframe) -> None:
        """Show another instrument or timeframe."""
        self.panel.set_instrument(instrument, timeframe)
        self.head.name(instrument, timeframe)

    def show_edge(self, *, is_active: bool, is_alone: bool) -> None:
        """Whether it is the active one of several; a chart alone needs neither head nor edge."""
        edge = 0 if is_alone else EDGE_PX
        self.head.setVisible(not is_alone)
        self.panel.name_above(not is_alone)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(edge, edge, edge, edge)
        self.is_active = is_active and not is_alone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("surface"))
        if self.is_active:
            pen = QPen(self._theme.color("accent"), EDGE_PX)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
