"""What a person does with the lists of Markets: choose, name, fill, arrange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from virtuoso_desktop.engine.views import MarketRow, RowState
from virtuoso_desktop.kernel.notices import Severity

if TYPE_CHECKING:
    from virtuoso_desktop.model.instrument import Instrument, InstrumentId
    from virtuoso_desktop.ui.panels.markets import MarketsPanel


class Arranging:
    """The hands of one panel: menus and boxes that open, rows that are moved.

    Parameters
    ----------
    panel : MarketsPanel
        Whose lists.
    """

    def __init__(self, panel: MarketsPanel) -> None:
        self._panel = panel

    def choose_list(self) -> None:
        """Open the choice of lists under its words."""
        from virtuoso_desktop.ui.panels.markets_menus import list_menu

        chooser = self._panel.header.chooser
        list_menu(self._panel).popup(chooser.mapToGlobal(QPoint(0, chooser.height() + 4)))

    def open_menu(self) -> None:
        """Open the menu of the list, its order and its columns."""
        from virtuoso_desktop.ui.panels.markets_menus import panel_menu

        button = self._panel.header.menu
        panel_menu(self._panel).popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    def add(self) -> None:
        """What the plus does: instruments into a list of the user's, else a new list."""
        if self._panel.lists.current is None:
            self.ask_name("", ())
        else:
            self.ask_instrument()

    def ask_name(self, name: str, members: tuple[InstrumentId, ...]) -> None:
        """Ask for the name of a new list, or the new one of the list ``name``."""
        from virtuoso_desktop.ui.panels.list_name_box import ListNameBox

        lists = self._panel.lists

        def take(words: str) -> str | None:
            return lists.rename(name, words) if name else lists.create(words, members)

        box = ListNameBox(self._panel.theme, self._panel.window(), f"Rename {name}" if name else "New list", take)
        box.open_at(self._panel.header.mapTo(self._panel.window(), QPoint(12, self._panel.header.height() + 4)), name)

    def ask_instrument(self) -> None:
        """Choose instruments of the exchange for the shown list, one after the other."""
        current, engine = self._panel.lists.current, self._panel.engine
        if current is None or engine is None:
            return
        from virtuoso_desktop.ui.symbol_popup import SymbolPopup

        known = {row.instrument_id: row for row in self._panel.rows.all()}
        offered = [known.get(each.id) or _bare_row(each) for each in engine.scan.instruments()]
        popup = SymbolPopup(self._panel.theme, offered or list(known.values()), self._panel.window())
        popup.chosen.connect(lambda instrument: self._panel.lists.add(current.name, (instrument,)))
        popup.open_at(self._panel.header.mapTo(self._panel.window(), QPoint(12, self._panel.header.height() + 4)))

    def move_row(self, step: int) -> None:
        """Move the current row of a list up or down."""
        instrument, order = self._panel.current_instrument, self._panel.rows.order
        if instrument is None or not self._check_own_order():
            return
        target = self._panel.rows.place[instrument] + (step if step < 0 else step + 1)
        if 0 <= target <= len(order):
            self.move_to(self._panel.rows.place[instrument], target)

    def move_to(self, held: int, target: int) -> None:
        """Put a row before another one; the count of rows stands for the end."""
        order = self._panel.rows.order
        if self._check_own_order() and held < len(order):
            self._panel.lists.move(order[held], order[target] if target < len(order) else None)

    def _check_own_order(self) -> bool:
        """Whether rows can be moved; else a person is told why not."""
        if self._panel.rows.is_own_order:
            return True
        if self._panel.lists.current is None:
            said = "Rows can be moved in lists of yours. This one is sorted by a column."
        else:
            said = "The list is sorted by a column. Choose its own order to move rows: menu, or the head again."
        self._panel.lists.tell(Severity.INFO, said)
        return False

    def let_go(self, held: int, at: QPoint) -> None:
        """Ask which list a row goes into that was dropped on the header."""
        from virtuoso_desktop.ui.panels.markets_menus import add_menu

        header = self._panel.header
        if held < len(self._panel.rows.order) and header.rect().contains(header.mapFromGlobal(at)):
            add_menu(self._panel, self._panel.rows.order[held]).popup(at)

    def take_text(self, words: str, row: int) -> None:
        """Add what a dropped text names, where it was dropped."""
        if self._panel.engine is not None:
            rows = self._panel.rows
            before = rows.order[row] if rows.is_own_order and 0 <= row < len(rows.order) else None
            self._panel.lists.take_text(words, self._panel.engine.scan.instruments(), before)


def _bare_row(instrument: Instrument) -> MarketRow:
    """An instrument of which nothing but its name is known here."""
    return MarketRow(
        instrument.id,
        instrument.base_coin,
        instrument.quote_coin,
        instrument.price_decimals,
        RowState.WAITING,
        is_scanned=True,
    )
