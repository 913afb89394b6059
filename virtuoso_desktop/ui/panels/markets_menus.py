"""The menus of Markets, built when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from virtuoso_desktop.ui.panels.markets_columns import COLUMNS

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import MarketRow
    from virtuoso_desktop.ui.panels.markets import MarketsPanel


def row_menu(panel: MarketsPanel, row: MarketRow, column: int) -> QMenu:
    """Open, copy, sort: what can be done with a row."""
    menu = _menu(panel)
    menu.addAction("Open in the chart\tEnter", lambda: panel.instrument_chosen.emit(row.instrument_id))
    menu.addAction(f"Copy {row.instrument_id.symbol}", lambda: _copy(row.instrument_id.symbol))
    menu.addAction(f"Copy {row.instrument_id}", lambda: _copy(str(row.instrument_id)))
    menu.addSeparator()
    _add_sort(menu, panel, column)
    menu.addMenu(column_menu(panel, -1, menu)).setText("Columns")
    return menu


def column_menu(panel: MarketsPanel, column: int, parent: QMenu | None = None) -> QMenu:
    """Columns to show, and the order by ``column`` if it is one."""
    menu = _menu(panel) if parent is None else QMenu(parent)
    if column >= 0:
        _add_sort(menu, panel, column)
        menu.addSeparator()
    shown = panel.shown_columns
    for spec in COLUMNS[1:]:
        action = menu.addAction(spec.spoken)
        action.setCheckable(True)
        action.setChecked(spec.name in shown)
        action.triggered.connect(lambda checked, name=spec.name: panel.choose_column(name, checked))
    menu.addSeparator()
    menu.addAction("As many as fit", panel.choose_automatic_columns)
    return menu


def _add_sort(menu: QMenu, panel: MarketsPanel, column: int) -> None:
    spoken = COLUMNS[column].title if len(COLUMNS[column].title) > 1 else COLUMNS[column].spoken
    menu.addAction(f"Sort by {spoken}, largest first\tAlt+Down", lambda: panel.sort_by(column, down=True))
    menu.addAction(f"Sort by {spoken}, smallest first\tAlt+Up", lambda: panel.sort_by(column, down=False))


def _menu(panel: MarketsPanel) -> QMenu:
    from PySide6.QtCore import Qt

    menu = QMenu(panel)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _copy(words: str) -> None:
    QGuiApplication.clipboard().setText(words)
