"""The menu of a drawing: its look, lock, order, removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.charts.drawing.figures import COLOURS, WIDTHS_PX, Kind, Stroke

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Look
    from virtuoso_desktop.ui.charts.drawing.hand import DrawingHand
    from virtuoso_desktop.ui.theme import Theme

_SWATCH_PX = 12


class DrawingMenu(QMenu):
    """Made for one drawing each time it is asked for.

    Parameters
    ----------
    theme : Theme
        Colours of swatches and icons.
    hand : DrawingHand
        Whose selected drawing it is.
    timeframe : str
        The shown one.
    chart : QWidget
        Its parent.
    """

    def __init__(self, theme: Theme, hand: DrawingHand, timeframe: str, chart: QWidget) -> None:
        super().__init__(chart)
        self._theme = theme
        self._hand = hand
        self._timeframe = timeframe
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        drawing = None if hand.book is None else hand.book.chosen
        if drawing is not None:
            self._fill(drawing)

    def _fill(self, drawing: Drawing) -> None:
        title = self.addAction(drawing.title)
        title.setEnabled(False)
        if drawing.kind is Kind.TEXT:
            edit = self._add("Edit text\tEnter", "pencil-simple", lambda: self._hand.ask_text(drawing))
            edit.setEnabled(not drawing.is_locked)
        self._add_looks(drawing)
        self.addSeparator()
        replace = msgspec.structs.replace
        words, icon = ("Unlock", "lock-open") if drawing.is_locked else ("Lock", "lock")
        self._add(words, icon, lambda: self._put(replace(drawing, is_locked=not drawing.is_locked)))
        self._add("Bring to front", "arrow-line-up", lambda: self._bring(drawing))
        other = "" if drawing.timeframe else self._timeframe
        only = self.addAction(f"Only on {self._timeframe}", lambda: self._put(replace(drawing, timeframe=other)))
        only.setCheckable(True)
        only.setChecked(bool(drawing.timeframe))
        self.addSeparator()
        remove = self._add("Remove\tDel", "trash", self._hand.remove_chosen)
        remove.setEnabled(not drawing.is_locked)
        if drawing.is_locked:
            remove.setToolTip("It is locked")
        self._add("Remove all drawings", "trash", self._remove_all)

    def _add_looks(self, drawing: Drawing) -> None:
        look, replace = drawing.look, msgspec.structs.replace
        colours = self.addMenu("Colour")
        colours.setIcon(self._swatch(look.colour))
        named = [(name, replace(look, colour=token)) for token, name in COLOURS.items()]
        for action, (_, other) in zip(self._add_choices(colours, drawing, named), named, strict=True):
            action.setIcon(self._swatch(other.colour))
        if drawing.kind is Kind.TEXT:
            return
        widths = [(f"{px} px", replace(look, width_px=px)) for px in WIDTHS_PX]
        self._add_choices(self.addMenu("Width"), drawing, widths)
        strokes = [(stroke.value.capitalize(), replace(look, stroke=stroke)) for stroke in Stroke]
        self._add_choices(self.addMenu("Style"), drawing, strokes)

    def _add_choices(self, menu: QMenu, drawing: Drawing, looks: list[tuple[str, Look]]) -> list[QAction]:
        group, actions = QActionGroup(menu), list[QAction]()
        for words, look in looks:
            action = menu.addAction(words, lambda look=look: self._restyle(drawing, look))
            action.setCheckable(True)
            action.setChecked(look == drawing.look)
            group.addAction(action)
            actions.append(action)
        return actions

    def _add(self, words: str, icon: str, do: Callable[[], object]) -> QAction:
        action = self.addAction(words, do)
        action.setIcon(icons.icon(icon, self._theme.color("muted"), self.devicePixelRatioF()))
        return action

    def _swatch(self, token: str) -> QIcon:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(QSize(_SWATCH_PX, _SWATCH_PX) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(token))
        painter.drawRoundedRect(QRectF(0, 0, _SWATCH_PX, _SWATCH_PX), 3, 3)
        painter.end()
        return QIcon(pixmap)

    # --- what the entries do -------------------------------------------------------------------------------------

    def _restyle(self, drawing: Drawing, look: Look) -> None:
        if self._hand.instrument is not None:
            self._hand.desk.restyle(self._hand.instrument, drawing, look)

    def _put(self, drawing: Drawing) -> None:
        if self._hand.instrument is not None:
            self._hand.desk.replace(self._hand.instrument, drawing)

    def _bring(self, drawing: Drawing) -> None:
        if self._hand.book is not None:
            self._hand.book.bring_to_front(drawing.id)
            self._hand.desk.changed.emit()

    def _remove_all(self) -> None:
        if self._hand.instrument is not None:
            self._hand.desk.remove_all(self._hand.instrument)
