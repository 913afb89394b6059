"""What the window does with its charts: actions, menus of the top bar and of a chart, lists that a chart's head opens.

Imports nothing of the charts: they are loaded after the first painted window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES
from virtuoso_desktop.ui.shortcuts import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.charts.chartlooks import ChartLooks
    from virtuoso_desktop.ui.charts.grid import ChartGrid
    from virtuoso_desktop.ui.charts.saving import ChartSaver
    from virtuoso_desktop.ui.interior import Interior

LOADING = "The chart is still being loaded."
TYPES = {"candle": "Candles", "hollow": "Hollow candles", "heikin_ashi": "Heikin-Ashi", "line": "Line of closes"}
LINES = {"last": "Last price", "bid": "Bid", "ask": "Ask", "mark": "Mark price", "index": "Index price"}
ARRANGEMENTS = {1: "One chart", 2: "Two side by side", 4: "Four"}
_BELOW_PX = 4


class ChartActions:
    """Belongs to one window; its actions say why not until the charts are there.

    Parameters
    ----------
    interior : Interior
        The widgets of the window.
    """

    def __init__(self, interior: Interior) -> None:
        self._interior = interior
        self.grid: ChartGrid | None = None
        self._saver: ChartSaver | None = None
        self._add("log_scale", lambda: self._looks.set_log(not self._looks.is_log))
        self._add("auto_scale", lambda: self._looks.set_auto(not self._looks.is_auto))
        self._add("time_zone", lambda: self._looks.set_utc(not self._looks.is_utc))
        self._add("compare", self.choose_compared, self._why_not_compare)
        self._add("end_compare", self._end_compare, self._why_not_end)
        for kind in TYPES:
            self._add(f"type_{kind}", lambda kind=kind: self._draw_as(kind))
        for name in LINES:
            self._add(f"line_{name}", lambda name=name: self._toggle_line(name))
        self._add("save_picture", lambda: self.saver.save_picture(self._grid.active))
        self._add("copy_picture", lambda: self.saver.copy_picture(self._grid.active))
        self._add("save_candles_in_view", lambda: self.saver.save_candles(self._grid.active, in_view=True))
        self._add("save_candles", lambda: self.saver.save_candles(self._grid.active, in_view=False))
        for count in ARRANGEMENTS:
            self._add(f"charts_{count}", lambda count=count: self._grid.arrange(count))
        self._add("next_chart", lambda: self._grid.step(1), self._why_not_step)
        self._add("previous_chart", lambda: self._grid.step(-1), self._why_not_step)
        self._add("link_instrument", lambda: self._link(instrument=True))
        self._add("link_timeframe", lambda: self._link(timeframe=True))
        interior.top_bar.layout_asked.connect(lambda: self._open_under(interior.top_bar.layout_button, self.add_layout))
        interior.top_bar.candles_asked.connect(
            lambda: self._open_under(interior.top_bar.candles_button, self.add_looks)
        )

    def recall(self, grid: ChartGrid) -> None:
        """Arrange the charts as the open workspace has them, which keeps them from now on."""
        keeper = self._interior.panel_actions.keeper
        keeper.add_part("charts", grid)
        grid.changed.connect(keeper.note_change)

    def connect(self, grid: ChartGrid) -> None:
        """The charts are there: they follow the window, and the window follows the active one."""
        interior = self._interior
        self.grid = grid
        interior.shown_changed.connect(grid.set_instrument)
        interior.indicators_asked.connect(grid.open_indicators)
        interior.evidence_asked.connect(grid.show_evidence)
        interior.moment_asked.connect(grid.show_moment)
        grid.series_asked.connect(interior.show_instrument)
        grid.letters_typed.connect(interior.choose_instrument)
        grid.digit_typed.connect(interior.choose_interval)
        grid.undo_offered.connect(interior.offer_undo)
        grid.menu_made.connect(self._fill_menu)
        grid.instrument_asked.connect(lambda button: self._choose(button, interior.show_instrument))
        grid.timeframe_asked.connect(self._open_timeframes)

    @property
    def saver(self) -> ChartSaver:
        """Saves pictures and candles; made when first asked for."""
        if self._saver is None:
            from virtuoso_desktop.ui.charts.saving import ChartSaver

            self._saver = ChartSaver(self._interior)
            self._saver.told.connect(self._interior.post_notice)
        return self._saver

    # --- actions -----------------------------------------------------------------------------------------------------

    def _add(self, name: str, do: Callable[[], object], why_not: Callable[[], str | None] | None = None) -> None:
        self._interior.commands.add(
            name, do, lambda: LOADING if self.grid is None else None if why_not is None else why_not()
        )

    @property
    def _grid(self) -> ChartGrid:
        assert self.grid is not None
        return self.grid

    @property
    def _looks(self) -> ChartLooks:
        return self._grid.active.looks

    def _draw_as(self, kind: str) -> None:
        from virtuoso_desktop.ui.charts.candletypes import CandleType

        self._looks.draw_as(CandleType(kind))

    def _toggle_line(self, name: str) -> None:
        self._looks.show_line(name, not self._looks.shows_line(name))

    def _link(self, *, instrument: bool = False, timeframe: bool = False) -> None:
        """Link what was not, unlink what was."""
        links = self._grid.links
        self._grid.set_links(
            links._replace(instrument=links.instrument != instrument, timeframe=links.timeframe != timeframe)
        )

    def _why_not_step(self) -> str | None:
        return "There is one chart only." if self._grid.count == 1 else None

    def _why_not_compare(self) -> str | None:
        return self._looks.why_not_compare()

    def _why_not_end(self) -> str | None:
        return None if self._looks.compared else "The chart is compared with nothing."

    def _end_compare(self) -> None:
        self._grid.active.end_compared()

    def choose_compared(self) -> None:
        """Open the list of instruments to compare with, over the chart."""
        self._choose(self._grid.active, self._looks.compare, inside=True)

    def _choose(self, widget: QWidget, take: Callable[[InstrumentId], object], *, inside: bool = False) -> None:
        """The list of instruments under a widget, or inside its upper edge."""
        from virtuoso_desktop.ui.symbol_popup import SymbolPopup

        interior = self._interior
        window = interior.window()
        popup = SymbolPopup(interior.theme, interior.markets.rows.all(), window)
        popup.chosen.connect(take)
        popup.open_at(widget.mapTo(window, QPoint(8, 48) if inside else QPoint(0, widget.height() + _BELOW_PX)))

    # --- menus -------------------------------------------------------------------------------------------------------

    def _open_under(self, button: QWidget, fill: Callable[[QMenu], None]) -> None:
        menu = self._new_menu()
        fill(menu)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + _BELOW_PX)))

    def _new_menu(self) -> QMenu:
        menu = QMenu(self._interior)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _open_timeframes(self, button: QWidget) -> None:
        interior = self._interior
        menu = self._new_menu()
        for timeframe in ANALYSED_TIMEFRAMES:
            name = f"timeframe_{timeframe.value}"
            action = menu.addAction(
                f"{timeframe.value}\t{keys_of(name)}", lambda name=name: interior.commands.run(name)
            )
            action.setCheckable(True)
            action.setChecked(timeframe is interior.timeframe)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + _BELOW_PX)))

    def _fill_menu(self, menu: QMenu) -> None:
        """The menu of a chart, after what belongs to its studies."""
        menu.addSeparator()
        self.add_looks(menu)
        menu.addSeparator()
        self._item(menu, "Compare\u2026", "compare")
        if self._looks.compared:
            self._item(menu, "Remove the comparisons", "end_compare")
        menu.addSeparator()
        save = menu.addMenu("Save or copy")
        self._item(save, "Picture (PNG)\u2026", "save_picture")
        self._item(save, "Candles in view (CSV)\u2026", "save_candles_in_view")
        self._item(save, "All loaded candles (CSV)\u2026", "save_candles")
        self._item(save, "Copy the picture", "copy_picture")
        self.add_layout(menu.addMenu("Charts"))

    def add_looks(self, menu: QMenu) -> None:
        """Candle type, scale, price lines, time zone."""
        if self.grid is None:
            self._say_loading(menu)
            return
        looks = self._looks
        for kind, words in TYPES.items():
            self._item(menu, words, f"type_{kind}", looks.candle_type.value == kind)
        menu.addSeparator()
        self._item(menu, "Logarithmic scale", "log_scale", looks.is_log)
        self._item(menu, "Automatic scale", "auto_scale", looks.is_auto)
        lines = menu.addMenu("Price lines")
        for name, words in LINES.items():
            self._item(lines, words, f"line_{name}", looks.shows_line(name))
        self._item(menu, "Times in UTC", "time_zone", looks.is_utc)

    def add_layout(self, menu: QMenu) -> None:
        """How many charts, and what they share."""
        if self.grid is None:
            self._say_loading(menu)
            return
        for count, words in ARRANGEMENTS.items():
            self._item(menu, words, f"charts_{count}", self.grid.count == count)
        menu.addSeparator()
        self._item(menu, "One instrument in all", "link_instrument", self.grid.links.instrument)
        self._item(menu, "One timeframe in all", "link_timeframe", self.grid.links.timeframe)

    @staticmethod
    def _say_loading(menu: QMenu) -> None:
        menu.addAction(LOADING).setEnabled(False)

    def _item(self, menu: QMenu, words: str, name: str, is_on: bool | None = None) -> None:
        """An action of the window as an entry; one that cannot be started says why in its tip."""
        commands = self._interior.commands
        action = menu.addAction(f"{words}\t{keys_of(name)}" if keys_of(name) else words, lambda: commands.run(name))
        if is_on is not None:
            action.setCheckable(True)
            action.setChecked(is_on)
        why_not = commands.why_not(name)
        if why_not is not None:
            action.setEnabled(False)
            action.setToolTip(why_not)
            menu.setToolTipsVisible(True)
