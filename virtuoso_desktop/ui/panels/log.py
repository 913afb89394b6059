"""Log: the newest lines, filtered by level and text; the way to the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QVBoxLayout

from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.measures import DENSE_ROW_PX, SCROLL_PX
from virtuoso_desktop.ui.panels.desk_controls import PauseButton, choices_menu, open_under, relabel
from virtuoso_desktop.ui.panels.desk_parts import DeskPanel, NotedTable
from virtuoso_desktop.ui.panels.desk_words import STARTING, StateWords
from virtuoso_desktop.ui.panels.log_rows import COLUMNS, LEVELS, LogRows, whole
from virtuoso_desktop.ui.search_field import SearchField
from virtuoso_desktop.ui.table_model import PaintedModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu, QWidget

    from virtuoso_desktop.engine.run_views import LogView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 4.0
SEARCH_PX = 180


class LogSearch(SearchField):
    """A search field of one width in a row of controls."""

    def sizeHint(self) -> QSize:
        return QSize(SEARCH_PX, self.height())


class LogPanel(DeskPanel):
    """The panel of the tab ``Log``.

    Parameters
    ----------
    theme : Theme
        Colours.
    open_folder : callable
        Shows a folder to the person.
    """

    rate_hz = RATE_HZ

    def __init__(
        self, theme: Theme, open_folder: Callable[[str], object] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, "Log", "The log", parent)
        self._open_folder = open_folder or _show_folder
        self._folder: str | None = None
        self._version = -1
        self._newest: LogView | None = None
        self._shown_version = 0
        self.rows = LogRows()
        self.model = PaintedModel(COLUMNS, self.rows, self)
        self.view = NotedTable(self.model, theme, self, "Log", row_px=DENSE_ROW_PX)
        self.pause = PauseButton(theme, self.view)
        self.level_button = Button(theme, LEVELS[0][1], "funnel", is_boxed=True)
        self.search = LogSearch(theme, "Search the log", self)
        self.folder_button = Button(theme, "Open folder", "folder-open", is_boxed=True)
        self.controls = (self.level_button, self.search, self.folder_button)
        self._build()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.search.setToolTip("Show only lines that hold this text")
        self.search.textChanged.connect(self._on_search)
        self.level_button.setToolTip("How bad a line has to be to be shown")
        self.level_button.clicked.connect(lambda: open_under(self.level_button, self.level_menu()))
        self.folder_button.clicked.connect(self._on_folder)
        for button in (self.level_button, self.folder_button):
            button.quiet_colour = "text"
        self.view.resized.connect(self._fit)
        self.pause.ended.connect(self._show_newest)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.view)
        copy.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.activated.connect(self.copy_line)
        self.begin()

    # --- data ---------------------------------------------------------------------------------------------------

    def missing(self) -> StateWords | None:
        return STARTING if self._engine is None else None

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The log is of no instrument."""
        self.instrument = instrument

    def begin(self) -> None:
        self._version = -1
        self._newest = None
        self.pause.end()
        self.rows.show(None)
        self.model.rearranged(lambda row: row)
        self._tell_folder(None)
        self.view.show_note(self.missing())

    def refresh(self, now_ns: int) -> None:
        """Read the lines if there are newer ones."""
        del now_ns
        engine = self._engine
        if engine is None:
            return
        version = engine.run_desk.log_version()
        if version != self._version:
            self._version = version
            self._newest = engine.run_desk.log()
            self._tell_folder(self._newest.folder)
        elif not self.pause.is_on:
            return
        if self.rows.row_count() and self.pause.holds(version - self._shown_version):
            return
        self._show_newest()

    def _show_newest(self) -> None:
        self._shown_version = self._version
        self.rows.show(self._newest)
        self._tell_rows()

    def _tell_rows(self) -> None:
        if self.rows.row_count() != self.model.row_count():
            self.model.rearranged(lambda row: row)
        self.view.canvas.update()
        self.view.show_note(None if self.rows.row_count() else self.missing() or self._empty())

    def _empty(self) -> StateWords:
        if len(self.rows):
            return StateWords(
                "No line matches the filters", f"{len(self.rows)} are there; change level or text to see them."
            )
        return StateWords("Nothing was logged yet", "Lines appear as things happen.")

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return self.view.take_painted_ns()

    # --- choices ------------------------------------------------------------------------------------------------

    def level_menu(self) -> QMenu:
        """The levels that can be chosen."""
        choices = [(words, level) for level, words in LEVELS]
        return choices_menu(
            self.level_button, choices, self.rows.level, lambda level: self.choose_level(int(str(level)))
        )

    def choose_level(self, level: int) -> None:
        """Show only lines that are as bad; an unknown level shows all."""
        known = dict(LEVELS)
        self.rows.level = level if level in known else 0
        relabel(self.level_button, known[self.rows.level], is_on=self.rows.level > 0)
        self.rows.filter()
        self._tell_rows()

    def _on_search(self, wanted: str) -> None:
        self.rows.wanted = wanted.strip()
        self.rows.filter()
        self._tell_rows()

    def _tell_folder(self, folder: str | None) -> None:
        self._folder = folder
        self.folder_button.setEnabled(folder is not None)
        why = "Nothing is written: the folder of this run cannot be used"
        self.folder_button.setToolTip(f"Show the files in {folder}" if folder else why)

    def _on_folder(self) -> None:
        if self._folder is not None:
            self._open_folder(self._folder)

    def copy_line(self) -> None:
        """Copy the current line with its traceback."""
        row = self.view.currentIndex().row()
        if 0 <= row < len(self.rows.lines):
            QApplication.clipboard().setText(whole(self.rows.lines[row]))

    # --- room ---------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        head, room = self.view.head, self.view.canvas.width() - SCROLL_PX
        is_narrow = room < sum(column.width for column in COLUMNS)
        fixed = sum(column.width for column in COLUMNS[:-1] if not (is_narrow and column.rank))
        for place, column in enumerate(COLUMNS):
            head.setSectionHidden(place, is_narrow and column.rank > 0)
            head.resizeSection(place, column.width)
        head.resizeSection(len(COLUMNS) - 1, max(120, room - fixed))
        self.pause.place()


def _show_folder(folder: str) -> bool:
    return QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
