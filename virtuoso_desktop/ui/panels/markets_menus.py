"""The menus of Markets, built when they are asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup, QGuiApplication
from PySide6.QtWidgets import QMenu

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.panels.markets_columns import COLUMNS
from virtuoso_desktop.ui.panels.markets_rows import OWN_ORDER
from virtuoso_desktop.ui.shortcuts import keys_of
from virtuoso_desktop.ui.watchlists import ALL_WATCHED, FAVOURITES, SCANNER

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import MarketRow
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.panels.markets import MarketsPanel


def row_menu(panel: MarketsPanel, row: MarketRow, column: int) -> QMenu:
    """Open, watch, lists, copy, sort: what can be done with a row."""
    menu = _menu(panel)
    instrument = row.instrument_id
    menu.addAction("Open in the chart\tEnter", lambda: panel.instrument_chosen.emit(instrument))
    data = menu.addAction(f"Data of the instrument\t{keys_of('show_data')}", lambda: panel.ask_data(instrument))
    data.setEnabled(not row.is_scanned)
    _add_watch(menu, panel, row)
    menu.addSeparator()
    is_starred = panel.lists.all.is_starred(instrument)
    words = f"Take out of {FAVOURITES}" if is_starred else f"Add to {FAVOURITES}"
    star = menu.addAction(f"{words}\tSpace", lambda: panel.lists.star(instrument))
    star.setIcon(_icon(panel, "star-fill" if is_starred else "star"))
    menu.addMenu(add_menu(panel, instrument, menu))
    if panel.lists.current is not None:
        name = panel.lists.current.name
        menu.addAction(f"Take out of {name}\tDel", lambda: panel.lists.remove(instrument))
        menu.addAction("Move up\tAlt+Shift+Up", lambda: panel.arranging.move_row(-1))
        menu.addAction("Move down\tAlt+Shift+Down", lambda: panel.arranging.move_row(1))
    menu.addSeparator()
    menu.addAction(f"Copy {instrument.symbol}\tCtrl+C", lambda: copy(instrument.symbol))
    menu.addAction(f"Copy {instrument}", lambda: copy(str(instrument)))
    menu.addSeparator()
    _add_sort(menu, panel, column)
    menu.addMenu(column_menu(panel, -1, menu)).setText("Columns")
    return menu


def _add_watch(menu: QMenu, panel: MarketsPanel, row: MarketRow) -> None:
    instrument = row.instrument_id
    is_watched = not row.is_scanned and instrument != panel.guest
    if is_watched:
        action = menu.addAction("Stop watching", lambda: panel.lists.unwatch(instrument))
        action.setIcon(_icon(panel, "eye-slash"))
    else:
        action = menu.addAction("Watch", lambda: panel.lists.watch(instrument))
        action.setIcon(_icon(panel, "eye"))
    action.setEnabled(panel.lists.choose_watched is not None)


def add_menu(panel: MarketsPanel, instrument: InstrumentId, parent: QMenu | None = None) -> QMenu:
    """The lists that an instrument can be added to."""
    menu = _menu(panel) if parent is None else QMenu(parent)
    menu.setTitle("Add to a list")
    lists = panel.lists
    for each in lists.all.lists:
        action = menu.addAction(_plain(each.name), partial(lists.add, each.name, (instrument,)))
        action.setEnabled(not each.holds(instrument))
    menu.addSeparator()
    menu.addAction("New list\u2026", lambda: panel.arranging.ask_name("", (instrument,)))
    return menu


def list_menu(panel: MarketsPanel) -> QMenu:
    """Which list is shown, and what can be done with it."""
    menu = _menu(panel)
    lists = panel.lists
    group = QActionGroup(menu)
    built_in = ((ALL_WATCHED, "All watched"), (SCANNER, "Scanner: every instrument"))
    own = [(each.name, f"{_plain(each.name)}\t{len(each.members)}") for each in lists.all.lists]
    for place, (name, words) in enumerate((*built_in, *own)):
        if place == len(built_in):
            menu.addSeparator()
        action = menu.addAction(words, partial(lists.show, name))
        action.setCheckable(True)
        action.setChecked(lists.all.shown == name)
        group.addAction(action)
    menu.addSeparator()
    _add_list_actions(menu, panel)
    return menu


def panel_menu(panel: MarketsPanel) -> QMenu:
    """The kebab: what can be done with the shown list, its order and its columns."""
    menu = _menu(panel)
    _add_list_actions(menu, panel)
    menu.addSeparator()
    menu.addMenu(column_menu(panel, -1, menu)).setText("Columns")
    return menu


def _add_list_actions(menu: QMenu, panel: MarketsPanel) -> None:
    menu.addAction("New list\u2026", lambda: panel.arranging.ask_name("", ())).setIcon(_icon(panel, "plus"))
    current = panel.lists.current
    if current is None:
        return
    name = current.name
    menu.addAction("Add instruments\u2026\tIns", panel.arranging.ask_instrument)
    rename = menu.addAction(f"Rename {_plain(name)}\u2026\tF2", lambda: panel.arranging.ask_name(name, ()))
    rename.setEnabled(name != FAVOURITES)
    menu.addAction(f"Delete {_plain(name)}", lambda: panel.lists.delete(name)).setIcon(_icon(panel, "trash"))
    own = menu.addAction("Own order: rows can be dragged", panel.choose_own_order)
    own.setCheckable(True)
    own.setChecked(panel.rows.sort_column == OWN_ORDER)


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
    if panel.lists.current is not None:
        menu.addAction("Own order", panel.choose_own_order)


def _icon(panel: MarketsPanel, name: str) -> icons.QIcon:
    return icons.icon(name, panel.theme.color("muted"), panel.devicePixelRatioF())


def _plain(name: str) -> str:
    """A name without mnemonics."""
    return name.replace("&", "&&")


def _menu(panel: MarketsPanel) -> QMenu:
    menu = QMenu(panel)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def copy(words: str) -> None:
    """To the clipboard."""
    QGuiApplication.clipboard().setText(words)
