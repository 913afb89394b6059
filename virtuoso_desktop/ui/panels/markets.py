"""Markets: watched instruments, the user's lists and the whole exchange in one live table, opened by a click.

Longer than a module should be: data, order, columns and input of one table meet here; lists, menus, keys, the header
and the lines around the table are modules of their own.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter_ns
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from virtuoso_desktop.engine.views import EngineView, MarketsCursor, RowState
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.memory import ColumnMemory
from virtuoso_desktop.ui.panels.markets_arranging import Arranging
from virtuoso_desktop.ui.panels.markets_columns import (
    AGE,
    BAR_FROM_PX,
    COLUMNS,
    NAMES,
    SCORE,
    SIGNAL,
    SPARKLINE,
    WORD_FROM_PX,
    fit,
)
from virtuoso_desktop.ui.panels.markets_keys import take_key
from virtuoso_desktop.ui.panels.markets_line import MarketsLine, count_words, filter_words, guest_words, scan_words
from virtuoso_desktop.ui.panels.markets_lists import MarketLists, sort_of
from virtuoso_desktop.ui.panels.markets_parts import MarketsHeader, MarketsNote
from virtuoso_desktop.ui.panels.markets_rows import DEFAULT_SORT, OWN_ORDER, MarketsRows
from virtuoso_desktop.ui.panels.markets_table import MarketsTable
from virtuoso_desktop.ui.search_field import SearchField
from virtuoso_desktop.ui.shortcuts import with_keys
from virtuoso_desktop.ui.sparkline import Sparklines
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.engine.analysis_views import ScoreCursor
    from virtuoso_desktop.market.row_filter import FilterError
    from virtuoso_desktop.ui.panels.filter_popup import FilterPopup

DEFAULT_TIMEFRAME = Timeframe.M5
RATE_HZ = 10.0
SORT_PERIOD_NS = 1_000_000_000
STILL_NS = 1_500_000_000
"""While the pointer moves over the rows they keep their order, so that a click hits what was aimed at."""
NARROWEST_COLUMN_PX = 16
MOST_FITS = 3
NARROWEST_PX = 340
"""Symbol, last price, change, the six cells, score and signal still fit."""


class MarketsPanel(QWidget):
    """The panel at the left edge.

    Parameters
    ----------
    theme : Theme
        Colours and motion.
    rows : MarketsRows
        What to show; perhaps the previous run's rows.
    now_ms : callable
        The computer's time until an engine is attached.
    """

    instrument_chosen = Signal(object)
    """`InstrumentId` that a click or Enter asks for."""
    data_asked = Signal(object)
    """`InstrumentId` whose data page is wanted."""
    urgency = 2

    def __init__(
        self, theme: Theme, rows: MarketsRows, now_ms: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.theme = self._theme = theme
        self._now_ms = now_ms
        self.engine: EngineView | None = None
        self._cursor: MarketsCursor | None = None
        self._scores: ScoreCursor | None = None
        self._scan: MarketsCursor | None = None
        self._problem: FilterError | None = None
        self._popup: FilterPopup | None = None
        self._is_pending = False
        self._words_in_force = ""
        self._plain_sort = (DEFAULT_SORT, True)
        """Of what is not a list of the user's."""
        self.timeframe = DEFAULT_TIMEFRAME
        self._sorted_ns = 0
        self._columns = ColumnMemory()
        self._is_fitting = False
        self._fits_again = False
        self.rows = rows
        self.model = PaintedModel(COLUMNS, self.rows, self)
        self.lists = MarketLists(now_ms, self)
        self.arranging = Arranging(self)
        self.view = MarketsTable(self.model, theme, self)
        self.search = SearchField(theme, "Search", self)
        self.header = MarketsHeader(theme, self.search, self)
        self._line = MarketsLine(theme, self)
        self._note = MarketsNote(theme, self.view)
        self._sparklines = Sparklines(theme)
        self._build()

    def _build(self) -> None:
        self.setMinimumWidth(NARROWEST_PX)
        self.setAccessibleName("Markets")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self._line)
        layout.addWidget(self.view)
        self.view.setAccessibleName("Markets")
        self.view.pictures[SPARKLINE] = self._paint_sparkline
        self.view.opened.connect(self._open)
        self.view.head.sectionClicked.connect(self._on_head_clicked)
        self.view.head.sectionResized.connect(self._on_resized)
        self.view.head.dragged.connect(self._fit_columns)
        self.view.head.sectionHandleDoubleClicked.connect(self._forget_width)
        self.view.head.customContextMenuRequested.connect(self._open_head_menu)
        self.view.resized.connect(self._on_view_resized)
        self.view.is_starred = lambda row: self.lists.all.is_starred(self.rows.order[row])
        self.view.can_move = lambda: self.rows.is_own_order
        self.view.star_asked.connect(lambda row: self.lists.star(self.rows.order[row]))
        self.view.row_moved.connect(self.arranging.move_to)
        self.view.row_let_go.connect(self.arranging.let_go)
        self.view.text_dropped.connect(self.arranging.take_text)
        self.lists.scope_changed.connect(self._on_scope)
        self.lists.stars_changed.connect(self.view.canvas.update)
        self.search.setToolTip(with_keys("Names, buy, sell, or a filter: score > 70 and volume24h > 5e7", "search"))
        self.search.textChanged.connect(self._on_search)
        self.search.returnPressed.connect(self._on_search_return)
        self.search.focused.connect(self._on_search_focus)
        header = self.header
        header.chooser.setToolTip(with_keys("What is listed: all watched, the scanner, your lists", "choose_watchlist"))
        header.chooser.clicked.connect(self.arranging.choose_list)
        for button, name, tip, act in (
            (header.plus, "Add", "New list; in a list of yours: add instruments (Ins)", self.arranging.add),
            (header.menu, "Markets menu", "List, order and columns", self.arranging.open_menu),
        ):
            button.setAccessibleName(name)
            button.setToolTip(tip)
            button.clicked.connect(act)
        self._line.button.clicked.connect(self._watch_guest)
        chain = (header.chooser, self.search, header.plus, header.menu, self._line.button, self.view)
        for before, after in pairwise(chain):
            self.setTabOrder(before, after)
        self.view.head.show_sort(NAMES.index(self.rows.sort_column), down=self.rows.sorts_down)
        self._tell()

    # --- data ---------------------------------------------------------------------------------------------------

    @property
    def rate_hz(self) -> float:
        return RATE_HZ

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on; a row turns live with its own first ticker."""
        self.engine = engine
        self._cursor = engine.markets_cursor()
        self._read_scores()
        self.forget_unwatched()
        self.refresh(perf_counter_ns())
        self._tell()

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self.engine = None
        self._cursor = None
        self._scores = None
        self._scan = None

    def show_timeframe(self, timeframe: Timeframe) -> None:
        """Show the scores of another timeframe."""
        if timeframe is self.timeframe:
            return
        self.timeframe = timeframe
        if self.engine is not None:
            self._read_scores()
            self._rearrange()
            self.view.canvas.update()

    def _read_scores(self) -> None:
        from virtuoso_desktop.ui.panels.markets_scores import MarketScores

        assert self.engine is not None
        self._scores = self.engine.score_cursor(self.timeframe)
        self.rows.show_scores(MarketScores())
        self.rows.apply_scores(self._scores.take())

    def refresh(self, now_ns: int) -> None:
        """Take changed rows and mark them for painting."""
        engine = self.engine
        now_ms = engine.venue_now_ms() if engine is not None else self._now_ms()
        is_new_second = self.rows.advance(now_ms)
        known = len(self.rows)
        changed = self.rows.apply(self._cursor.take(), now_ns) if self._cursor is not None else set()
        changed |= self._take_scanned(now_ns)
        if self._scores is not None:
            changed |= self.rows.apply_scores(self._scores.take())
        if len(self.rows) != known:
            self._rearrange()
        elif self._may_sort(now_ns):
            self._rearrange()
            self._sorted_ns = now_ns
        self.rows.reduced_motion = self._theme.reduced_motion
        if is_new_second:
            self.view.canvas.update()
            self._tell()
        else:
            places = self.rows.place
            dirty = {places[instrument] for instrument in changed if instrument in places}
            self.view.update_rows(dirty | self.rows.fading(now_ns))

    def _may_sort(self, now_ns: int) -> bool:
        if now_ns - self._sorted_ns < SORT_PERIOD_NS or self.view.is_dragging:
            return False
        return self.view.still_ns(now_ns) >= STILL_NS

    def _take_scanned(self, now_ns: int) -> set[InstrumentId]:
        """Rows of what is not watched, while the table lists some: only then the exchange is asked for them."""
        engine, rows = self.engine, self.rows
        if engine is None or not rows.needs_scan:
            self._scan = None
            return set()
        if self._scan is None:
            self._scan = engine.scan.cursor()
        scanned = self._scan.take()
        if not rows.scope.has_scanned:
            scanned = [row for row in scanned if rows.knows(row.instrument_id)]
        return rows.apply(scanned, now_ns)

    def forget_unwatched(self) -> None:
        """Rows that the engine does not watch, of the previous run or universe, go."""
        watched = [instrument.id for instrument in self.engine.watched()] if self.engine is not None else []
        if watched and self.rows.keep_only(watched):
            self._rearrange()
        self._tell()

    @property
    def guest(self) -> InstrumentId | None:
        """What is watched only while it is shown."""
        return None if self.engine is None else self.engine.guest

    def is_unwatched(self, instrument: InstrumentId) -> bool:
        """Whether it would not be watched if it were not shown."""
        row = self.rows.find(instrument)
        return row is None or row.is_scanned or instrument == self.guest

    def _tell(self) -> None:
        """The words beside the title, the line under it, and the note over an empty table."""
        self.header.say(*self.rows.subject())
        self._note.show_for(self.rows, self._words_in_force)
        guest = self.guest
        if self._problem is not None:
            self._line.tell(filter_words(self._problem))
        elif words := count_words(self.rows):
            self._line.tell(words)
        elif guest is not None and guest == self.rows.shown:
            self._line.tell(guest_words(guest.symbol), with_button=self.lists.choose_watched is not None)
        elif self.engine is not None and self.rows.scope.has_scanned:
            self._line.tell(scan_words(self.rows, self.engine.scan.view(), self.rows.now_ms))
        else:
            self._line.tell(())

    def _watch_guest(self) -> None:
        if self.guest is not None:
            self.lists.watch(self.guest)

    # --- lists --------------------------------------------------------------------------------------------------

    def _on_scope(self) -> None:
        """Another list, or other members of it."""
        rows = self.rows
        is_other = rows.scope.name != self.lists.scope.name
        rows.show_scope(self.lists.scope)
        rows.sort_column, rows.sorts_down = sort_of(self.lists.current, self._plain_sort, NAMES)
        self._show_sort()
        self._rearrange()
        if is_other:
            self.view.scrollToTop()
        self._tell()

    def ask_data(self, instrument: InstrumentId) -> None:
        """Ask for the page of an instrument's data."""
        self.data_asked.emit(instrument)

    @property
    def current_instrument(self) -> InstrumentId | None:
        """Of the row that the keyboard is on."""
        row = self.view.currentIndex().row()
        return self.rows.order[row] if 0 <= row < len(self.rows.order) else None

    def copy_symbol(self) -> None:
        """Symbol of the current row, to the clipboard."""
        from virtuoso_desktop.ui.panels.markets_menus import copy

        if self.current_instrument is not None:
            copy(self.current_instrument.symbol)

    def choose_own_order(self) -> None:
        """Let the rows of a list stand as its owner arranged them."""
        if self.lists.current is not None:
            self._sort(OWN_ORDER, down=True)

    # --- order, search, columns ---------------------------------------------------------------------------------

    def set_shown(self, instrument: InstrumentId | None) -> None:
        """Mark the row of the chart's instrument and bring it into view."""
        self.rows.shown = instrument
        place = self.rows.place.get(instrument) if instrument is not None else None
        if place is not None:
            column = max(0, self.view.currentIndex().column())
            self.view.setCurrentIndex(self.model.index(place, column))
        self.view.canvas.update()

    def neighbour(self, step: int) -> InstrumentId | None:
        """The instrument ``step`` rows below the shown one, around the ends; None in an empty table."""
        order = self.rows.order
        if not order:
            return None
        place = self.rows.place.get(self.rows.shown) if self.rows.shown is not None else None
        if place is None:
            return order[0 if step > 0 else -1]
        return order[(place + step) % len(order)]

    def start_search(self, first: str = "") -> None:
        """Focus the search field; ``first`` replaces its text."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if first:
            self.search.setText(first)
        else:
            self.search.selectAll()

    def sort_by(self, column: int, *, down: bool | None = None) -> None:
        """Sort by a column; again by the same one turns the order round."""
        rows = self.rows
        name = NAMES[column]
        if down is None:
            first = COLUMNS[column].sorts_down_first
            is_turned = name == rows.sort_column and rows.sorts_down is not first
            if is_turned and self.lists.current is not None:
                self.choose_own_order()
                return
            down = not rows.sorts_down if name == rows.sort_column else first
        self._sort(name, down=down)

    def _sort(self, name: str, *, down: bool) -> None:
        self.rows.sort_column, self.rows.sorts_down = name, down
        if self.lists.current is None:
            self._plain_sort = (name, down)
        else:
            self.lists.sort(name, down=down)
        self._show_sort()
        self._rearrange()
        self._tell()

    def _show_sort(self) -> None:
        name = self.rows.sort_column
        self.view.head.show_sort(NAMES.index(name) if name in NAMES else -1, down=self.rows.sorts_down)

    def remember(self) -> ColumnMemory:
        """The user's choices, for the window's memory."""
        chosen = self._columns
        return ColumnMemory(chosen.chosen, chosen.widths, *self._plain_sort, self._words_in_force)

    def recall(self, columns: ColumnMemory) -> None:
        """Bring the user's choices back; names that no longer exist are left out."""
        self._columns = ColumnMemory(
            {name: shown for name, shown in columns.chosen.items() if name in NAMES},
            {name: width for name, width in columns.widths.items() if name in NAMES and width >= NARROWEST_COLUMN_PX},
        )
        if columns.sort_column in NAMES:
            self.sort_by(NAMES.index(columns.sort_column), down=columns.sorts_down)
        self.search.setText(columns.words)
        self._fit_columns()

    def choose_column(self, name: str, shown: bool) -> None:
        """Show or hide a column whatever the width."""
        self._columns.chosen[name] = shown
        self._fit_columns()

    def choose_automatic_columns(self) -> None:
        """Columns and widths follow the panel's width again."""
        self._columns = ColumnMemory()
        self._fit_columns()

    @property
    def shown_columns(self) -> tuple[str, ...]:
        head = self.view.head
        return tuple(name for index, name in enumerate(NAMES) if not head.isSectionHidden(index))

    def _rearrange(self) -> None:
        current = self.view.currentIndex()
        order = self.rows.order
        instrument = order[current.row()] if 0 <= current.row() < len(order) else None
        previous = self.rows.rearrange()
        if self.rows.order == previous:
            return
        place = self.rows.place
        self.model.rearranged(lambda row: place.get(previous[row], -1))
        if instrument in place and self.view.currentIndex().row() != place[instrument]:
            self.view.setCurrentIndex(self.model.index(place[instrument], current.column()))
        self.view.canvas.update()

    def _on_search(self, words: str) -> None:
        """What is typed counts at once, unless it is on its way to something else."""
        if words and self.search.hasFocus():
            from virtuoso_desktop.market.filter_completion import is_unfinished
            from virtuoso_desktop.ui.panels.markets_search import FIELDS

            if is_unfinished(words, FIELDS):
                self._is_pending = True
                return
        self._apply_search()

    def _apply_search(self) -> None:
        self._is_pending = False
        words = self.search.text()
        self._problem = self.rows.set_filter(words)
        self.search.show_fault(self._problem is not None)
        if self._problem is None:
            self._words_in_force = words
            self._rearrange()
        self._tell()

    def _on_search_return(self) -> None:
        if self._is_pending:
            self._apply_search()
        if self._problem is None:
            self._open(0)

    def _on_search_focus(self, has_focus: bool) -> None:
        # A click that brings the focus is aimed at the field as it is: it widens after the click.
        QTimer.singleShot(0, self, lambda: self.header.widen_search(self.search.hasFocus()))
        if not has_focus:
            self.search.setCursorPosition(0)  # the field is narrow again: its beginning says more than its end
            if self._is_pending:
                self._apply_search()
        if has_focus and self._popup is None:
            from virtuoso_desktop.ui.panels.filter_popup import FilterPopup
            from virtuoso_desktop.ui.panels.markets_search import FIELDS

            self._popup = FilterPopup(self._theme, self.search, FIELDS)
            self._popup.closed.connect(self._apply_search)

    def clear_search(self) -> None:
        """Show all rows again, with the keyboard on them."""
        self.search.clear()
        self.enter_table()

    def _on_head_clicked(self, column: int) -> None:
        self.sort_by(column)

    def _on_resized(self, column: int, _before: int, width: int) -> None:
        # Qt tells sizes of its own, too: of hidden columns, and while a header begins anew.
        if self.view.head.is_held and not self._is_fitting:
            self._columns.widths[NAMES[column]] = max(NARROWEST_COLUMN_PX, width)

    def _forget_width(self, column: int) -> None:
        self._columns.widths.pop(NAMES[column], None)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Choose columns for the width. A scroll bar that comes or goes meanwhile asks for another round."""
        if self._is_fitting:
            self._fits_again = True
            return
        self._is_fitting = True
        for _ in range(MOST_FITS):
            self._fits_again = False
            self._fit_once()
            if not self._fits_again:
                break
        self._is_fitting = False

    def _fit_once(self) -> None:
        widths = fit(self.view.canvas.width(), self._columns.chosen, self._columns.widths)
        head = self.view.head
        for index in range(len(COLUMNS)):
            head.setSectionHidden(index, index not in widths)
            if index in widths:
                head.resizeSection(index, widths[index])
        rows = self.rows
        room = (AGE in widths, widths.get(SCORE, 0) >= BAR_FROM_PX, widths.get(SIGNAL, 0) >= WORD_FROM_PX)
        if (rows.shows_age, rows.has_bar, rows.has_word) != room:
            rows.shows_age, rows.has_bar, rows.has_word = room
            rows.reformat()

    def _open_head_menu(self, at: QPoint) -> None:
        from virtuoso_desktop.ui.panels.markets_menus import column_menu

        head = self.view.head
        column_menu(self, head.logicalIndexAt(at)).popup(head.canvas.mapToGlobal(at))

    # --- input --------------------------------------------------------------------------------------------------

    def _open(self, row: int) -> None:
        if 0 <= row < len(self.rows.order):
            self.instrument_chosen.emit(self.rows.order[row])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of the row under the pointer, or of the current row when a key asked for it."""
        from virtuoso_desktop.ui.panels.markets_menus import row_menu

        viewport = self.view.canvas
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        index = self.view.indexAt(viewport.mapFromGlobal(event.globalPos())) if by_mouse else self.view.currentIndex()
        if index.isValid():
            at = event.globalPos() if by_mouse else viewport.mapToGlobal(self.view.visualRect(index).bottomLeft())
            row_menu(self, self.rows.row(index.row()), index.column()).popup(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not take_key(self, event):
            event.ignore()

    def enter_table(self) -> None:
        """Give the keyboard to the rows."""
        if not self.view.currentIndex().isValid() and self.rows.order:
            shown = self.rows.shown
            self.view.setCurrentIndex(self.model.index(self.rows.place.get(shown, 0) if shown is not None else 0, 0))
        self.view.setFocus(Qt.FocusReason.TabFocusReason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.enter_table()
        super().focusInEvent(event)

    def _on_view_resized(self) -> None:
        self._fit_columns()
        self._note.setGeometry(self.view.canvas.geometry())

    def _paint_sparkline(self, painter: QPainter, cell: QRectF, index: int) -> None:
        row = self.rows.row(index)
        change = row.change_24h_pct
        colour = "disabled"
        if row.state is RowState.LIVE and change is not None:
            colour = "up" if change >= 0 else "down"
        self._sparklines.paint(painter, cell, row.sparkline, colour, self.devicePixelRatioF())
