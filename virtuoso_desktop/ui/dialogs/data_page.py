"""Which inputs an instrument has: since when, how old, how complete. Told anew every second while it is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout

from virtuoso_desktop.engine.input_views import InputState
from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.ui import data_words as words
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.frame import PlainDialog, scrolling, themed_label
from virtuoso_desktop.ui.dialogs.row_mark import RowMark, ShareBar
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.engine.input_views import InputsView
    from virtuoso_desktop.ui.data_words import DataRow
    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX, HEIGHT_PX = 760, 540
PERIOD_MS = 1_000
_ICONS = {
    InputState.LIVE: ("check", "up_text"),
    InputState.QUIET: ("check", "muted"),
    InputState.LOADING: ("clock", "warning"),
    InputState.STALE: ("warning-circle", "down_text"),
    InputState.MISSING: ("warning-circle", "warning"),
    InputState.NOT_APPLICABLE: ("", "muted"),
}
_HEADS = (("Input", 1), ("Read by", 2), ("Since", 3), ("Newest", 4), ("Complete", 5))


class DataPage(PlainDialog):
    """One row an input, and above them what is wrong.

    Parameters
    ----------
    theme : Theme
        Colours.
    read : callable
        The inputs of the instrument that is shown; None while it is unknown.
    show_connections : callable
        Opens the state of every connection.
    parent : QWidget
        The window.
    """

    def __init__(
        self,
        theme: Theme,
        read: Callable[[], InputsView | None],
        show_connections: Callable[[], None],
        parent: QWidget,
    ) -> None:
        super().__init__(theme, "Data", parent)
        self._read = read
        self.headline = self.add_words("", Type.TITLE)
        self.advice = self.add_words("", Type.BODY, "muted")
        self.remarks = self.add_words("", Type.BODY, "muted")
        self.body.addSpacing(8)
        self._place = QVBoxLayout()
        self.body.addLayout(self._place, 1)
        self.rows: dict[str, _Row] = {}
        connections = Button(theme, "Connections", is_boxed=True, parent=self)
        connections.quiet_colour = "text"
        connections.setToolTip("State of every connection and topic")
        connections.clicked.connect(show_connections)
        self.foot.insertWidget(0, connections)
        self.resize(WIDTH_PX, HEIGHT_PX)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.tell)
        self._timer.start(PERIOD_MS)
        self.tell()

    def tell(self) -> None:
        """Say what is so now."""
        view = self._read()
        title = "Data"
        if view is not None:
            title += f" of {view.instrument_id.symbol}{kind_badge(view.instrument_id.market_kind)}"
        if title != self.windowTitle():
            self.setWindowTitle(title)
        remarks = " ".join(words.remarks(view))
        self.remarks.setVisible(bool(remarks))
        told = (*words.headline(view), remarks)
        for label, said in zip((self.headline, self.advice, self.remarks), told, strict=True):
            if said != label.text():
                label.setText(said)
        found = () if view is None else words.rows_of(view)
        if [row.name for row in found] != list(self.rows):
            self._lay_rows(found)
        for row in found:
            self.rows[row.name].show_row(row)
        self.setAccessibleDescription(f"{self.headline.text()}. {self.advice.text()} {remarks}".strip())

    def _lay_rows(self, found: tuple[DataRow, ...]) -> None:
        while (old := self._place.takeAt(0)) is not None:
            widget = old.widget()
            if widget is not None:
                widget.deleteLater()
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 8, 4)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(7, 1)
        for said, column in _HEADS:
            head = themed_label(said, Type.CAPTION, "muted")
            head.setAlignment(_LEFT if column in (1, 2, 5) else _RIGHT)
            grid.addWidget(head, 0, column)
        self.rows = {row.name: _Row(self._theme, grid, place, row.name) for place, row in enumerate(found, 1)}
        grid.setRowStretch(len(found) + 1, 1)
        self._place.addWidget(scrolling(grid))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class _Row:
    """One input: mark, name, since, age, share, and what is said of it."""

    def __init__(self, theme: Theme, grid: QGridLayout, place: int, name: str) -> None:
        self.row: DataRow | None = None
        self._mark = RowMark(theme)
        self._name = themed_label(name, Type.STRONG)
        self._readers = themed_label("", Type.CAPTION, "muted")
        self._since = themed_label("", Type.NUMBER)
        self._age = themed_label("", Type.NUMBER)
        self._bar = ShareBar(theme)
        self._share = themed_label("", Type.NUMBER)
        self._said = themed_label("", Type.BODY, "muted")
        self._said.setWordWrap(True)
        self._name.setMinimumWidth(104)
        self._share.setMinimumWidth(44)
        for label in (self._since, self._age, self._share):
            label.setAlignment(_RIGHT)
        parts: tuple[QWidget, ...] = (
            self._mark, self._name, self._readers, self._since, self._age, self._bar, self._share, self._said,
        )  # fmt: skip
        for column, part in enumerate(parts):
            grid.addWidget(part, place, column, Qt.AlignmentFlag.AlignVCenter)

    def show_row(self, row: DataRow) -> None:
        """Say what is so now; labels that say it already are left alone."""
        if row == self.row:
            return
        self.row = row
        self._mark.show_icon(*_ICONS[row.state])
        self._mark.setAccessibleName(row.spoken)
        self._since.setToolTip(row.since_utc)
        self._readers.setToolTip(f"Read by {row.readers}")
        for label, said in (
            (self._readers, row.letters),
            (self._since, row.since),
            (self._age, row.age),
            (self._share, row.share),
            (self._said, row.said),
        ):
            if label.text() != said:
                label.setText(said)
        self._bar.show_ratio(row.ratio)
        is_quiet = row.state is InputState.NOT_APPLICABLE
        for label in (self._name, self._since, self._age, self._share):
            _ink(label, is_quiet=is_quiet)


def _ink(label: QLabel, *, is_quiet: bool) -> None:
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText if is_quiet else QPalette.ColorRole.WindowText)
