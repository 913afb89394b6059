"""The icon in the system tray: how the feed fares by shape and colour, the way back to the window, the way out."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from virtuoso_desktop.engine.views import DOWN_PHASES, LinkPhase
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.feed_state import DATA_PHASES
from virtuoso_desktop.ui.logo import paint_logo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.engine.views import EngineView, LinkView
    from virtuoso_desktop.ui.theme import Theme

PERIOD_MS = 2_000
SIDES = (16, 22, 32, 64)
STAYS_MS = 10_000


class TrayState(Enum):
    """What the icon says: (colour token, words)."""

    STARTING = ("muted", "starting")
    LIVE = ("up", "live")
    DEMO = ("warning", "live")
    STALE = ("warning", "stale")
    LOST = ("down", "feed lost")


def tray_state(source: Source, links: Sequence[LinkView], *, was_live: bool) -> TrayState:
    """The worst of all links; while all are well, whether the data are the live market's.

    What connects is lost if it was live before in this run.
    """
    if any(link.phase in DOWN_PHASES for link in links):
        return TrayState.LOST
    if not all(link.phase in DATA_PHASES for link in links):
        return TrayState.LOST if was_live else TrayState.STARTING
    if any(link.phase is LinkPhase.STALE or link.stale_topics for link in links):
        return TrayState.STALE
    if not links:
        return TrayState.STARTING
    return TrayState.LIVE if source is Source.LIVE else TrayState.DEMO


def tray_words(source: Source, engine: EngineView | None, state: TrayState) -> str:
    """The tooltip: source, how the feed fares, how many are live, how many signals hold."""
    mark = "" if source is Source.LIVE else f" ({source.value})"
    if engine is None:
        return f"Virtuoso{mark}: {TrayState.STARTING.value[1]}"
    status = engine.status()
    held = sum(signal.ended_ms is None for signal in engine.signals())
    signals = {0: "no active signal", 1: "1 active signal"}.get(held, f"{held} active signals")
    live = f"{status.instruments_live} of {status.instruments_watched} live"
    return f"Virtuoso{mark}: {state.value[1]}\n{live}, {signals}"


class Tray(QObject):
    """The icon with its menu.

    Parameters
    ----------
    theme : Theme
        Colours.
    source : Source
        Of the run.
    window : QWidget
        Owns the icon.
    """

    open_asked = Signal()
    quit_asked = Signal()
    keeps_changed = Signal(bool)
    """The user chose whether a closed window goes on watching."""

    def __init__(self, theme: Theme, source: Source, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._source = source
        self._engine: EngineView | None = None
        self._was_live = False
        self.state = TrayState.STARTING
        self.menu = QMenu(window)
        self.open_action = self.menu.addAction("Open Virtuoso", self.open_asked.emit)
        self.keep_action = self.menu.addAction("Keep watching when the window is closed")
        self.keep_action.setCheckable(True)
        self.keep_action.triggered.connect(self.keeps_changed)
        self.menu.addSeparator()
        self.quit_action = self.menu.addAction("Quit", self.quit_asked.emit)
        self.menu.setDefaultAction(self.open_action)
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._on_activated)
        self._end = theme.changed.connect(lambda _theme: self._draw())
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.refresh)
        self._draw()

    @staticmethod
    def is_possible() -> bool:
        """Whether this desktop has a system tray now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def attach(self, engine: EngineView) -> None:
        """Tell of this engine from now on."""
        self._engine = engine
        self.refresh()
        self._timer.start()
        self.icon.show()

    def close(self) -> None:
        """Take the icon away."""
        self._engine = None
        self._timer.stop()
        self._end()
        self.icon.hide()
        self.menu.deleteLater()

    def show_keeps(self, keeps: bool) -> None:
        """Show the user's choice in the menu."""
        self.keep_action.setChecked(keeps)

    def tell(self, title: str, words: str) -> None:
        """Say something by the desktop's own notification."""
        self.icon.showMessage(title, words, self.icon.icon(), STAYS_MS)

    def refresh(self) -> None:
        """Read the state; icon and tooltip change only with it."""
        engine = self._engine
        links = () if engine is None else engine.links()
        state = tray_state(self._source, links, was_live=self._was_live)
        self._was_live |= bool(links) and all(link.phase in DATA_PHASES for link in links)
        if state is not self.state:
            self.state = state
            self._draw()
        words = tray_words(self._source, engine, state)
        if words != self.icon.toolTip():
            self.icon.setToolTip(words)

    def _draw(self) -> None:
        self.icon.setIcon(tray_icon(self._theme, self.state))

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """A click opens; the menu comes by itself."""
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.open_asked.emit()


def tray_icon(theme: Theme, state: TrayState) -> QIcon:
    """The mark on a plate, with the state's own shape in the corner."""
    icon = QIcon()
    for side in SIDES:
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(QRectF(0, 0, side, side), side * 0.2, side * 0.2)
        paint_logo(painter, theme, QRectF(side * 0.08, side * 0.06, side * 0.74, side * 0.74))
        _paint_state(painter, theme, state, QRectF(side * 0.5, side * 0.5, side * 0.5, side * 0.5))
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def _paint_state(painter: QPainter, theme: Theme, state: TrayState, box: QRectF) -> None:
    """Starting: a ring. Live: a disc. Demo: a diamond. Stale: a triangle. Lost: a square with a cross."""
    colour = theme.color(state.value[0])
    edge = QPen(theme.color("surface"), max(1.0, box.width() * 0.12))
    inner = box.adjusted(*(box.width() * share for share in (0.08, 0.08, -0.04, -0.04)))
    painter.setPen(edge)
    painter.setBrush(colour)
    middle = inner.center()
    if state is TrayState.LIVE:
        painter.drawEllipse(inner)
    elif state is TrayState.STARTING:
        painter.drawEllipse(inner)
        painter.setBrush(theme.color("surface"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(middle, inner.width() * 0.2, inner.height() * 0.2)
    elif state is TrayState.DEMO:
        corners = ((middle.x(), inner.top()), (inner.right(), middle.y()), (middle.x(), inner.bottom()))
        painter.drawPolygon(QPolygonF([QPointF(*each) for each in (*corners, (inner.left(), middle.y()))]))
    elif state is TrayState.STALE:
        corners = ((middle.x(), inner.top()), (inner.right(), inner.bottom()), (inner.left(), inner.bottom()))
        painter.drawPolygon(QPolygonF([QPointF(*each) for each in corners]))
    else:
        painter.drawRect(inner)
        icons.paint(painter, "x", inner.adjusted(1, 1, -1, -1), theme.color("on_down"))
