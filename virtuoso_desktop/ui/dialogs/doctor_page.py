"""Why is there no data? Every step of the way to the exchange, tried while one looks, and what to do.

The examination runs as a task of the program; the page is told each result as it comes and never waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from virtuoso_desktop.exchanges.diagnosis import Check, Finding, Verdict
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.frame import PlainDialog, scrolling, themed_label
from virtuoso_desktop.ui.dialogs.row_mark import RowMark
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QCloseEvent

    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX, HEIGHT_PX = 680, 520
ALL_WELL = "Everything that was tried works."
LOOKING = "Looking for the cause\u2026"
_ICONS = {
    Verdict.OK: ("check", "up_text"),
    Verdict.FAULT: ("warning-circle", "down_text"),
    Verdict.FOLLOWS: ("", "muted"),
    Verdict.SKIPPED: ("", "muted"),
}


class Examination(Protocol):
    """The checks as the app runs them."""

    @property
    def checks(self) -> Sequence[Check]:
        """What will be told, in order."""
        ...

    def begin(self, tell: Callable[[Finding], None], ended: Callable[[str | None], None]) -> None:
        """Run all checks; ``tell`` gets each result, ``ended`` why it could not be finished, None if it was."""
        ...

    def cancel(self) -> None:
        """Nothing is told any more."""
        ...


class DoctorPage(PlainDialog):
    """The checks, one a row, and above them the first cause with its next step.

    Parameters
    ----------
    theme : Theme
        Colours.
    make : callable
        Makes an examination; asked anew for each run.
    show_connections : callable
        Opens the state of every connection.
    parent : QWidget
        The window.
    """

    def __init__(
        self, theme: Theme, make: Callable[[], Examination], show_connections: Callable[[], None], parent: QWidget
    ) -> None:
        super().__init__(theme, "Why is there no data?", parent)
        self._make = make
        self._examination: Examination | None = None
        self.headline = self.add_words("", Type.TITLE)
        self.advice = self.add_words("", Type.BODY, "muted")
        self.body.addSpacing(8)
        self._bar = _Bar(theme)
        self.body.addWidget(self._bar)
        self.body.addSpacing(4)
        self._place = QVBoxLayout()
        self.body.addLayout(self._place, 1)
        self.rows: dict[Check, _Row] = {}
        self.again = Button(theme, "Run again", is_boxed=True, parent=self)
        connections = Button(theme, "Connections", is_boxed=True, parent=self)
        connections.setToolTip("State of every connection and topic")
        for place, button in enumerate((self.again, connections)):
            button.quiet_colour = "text"
            self.foot.insertWidget(place, button)
        self.again.clicked.connect(self.run)
        connections.clicked.connect(show_connections)
        self.resize(WIDTH_PX, HEIGHT_PX)
        self.run()

    def run(self) -> None:
        """Examine from the beginning."""
        self._stop()
        self._examination = examination = self._make()
        self._lay_rows(examination.checks)
        self.headline.setText(LOOKING)
        self.advice.setText("This takes a few seconds; a firewall that drops everything makes it longer.")
        self._bar.show_ratio(0.0)
        self._offer_again(False)
        examination.begin(self._tell, self._end)

    def _lay_rows(self, checks: Sequence[Check]) -> None:
        while (old := self._place.takeAt(0)) is not None:
            widget = old.widget()
            if widget is not None:
                widget.deleteLater()
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 8, 4)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(2, 1)
        self.rows = {check: _Row(self._theme, grid, place, check) for place, check in enumerate(checks)}
        grid.setRowStretch(len(checks), 1)
        self._place.addWidget(scrolling(grid))
        next(iter(self.rows.values())).begin()

    def _tell(self, finding: Finding) -> None:
        self.rows[finding.check].show_finding(finding)
        waiting = [row for row in self.rows.values() if row.finding is None]
        if waiting:
            waiting[0].begin()
        self._bar.show_ratio(1 - len(waiting) / len(self.rows))
        faults = self._faults()
        if len(faults) == 1 and faults[0] is finding:
            self.headline.setText(finding.says)
            self.advice.setText(finding.next_step or "")

    def _end(self, failure: str | None) -> None:
        self._offer_again(True)
        self._bar.show_ratio(1.0)
        faults = self._faults()
        if failure is not None:
            self.headline.setText("The examination was not finished.")
            self.advice.setText(failure)
        elif not faults:
            self.headline.setText(ALL_WELL)
            self.advice.setText("If something still brings no data, Connections tells which topics are silent.")
        elif len(faults) > 1:
            self.advice.setText(f"{faults[0].next_step} {len(faults) - 1} more to mend below.")
        self.setAccessibleDescription(f"{self.headline.text()} {self.advice.text()}")

    def _offer_again(self, is_offered: bool) -> None:
        self.again.setEnabled(is_offered)
        self.again.setText("Run again" if is_offered else "Running\u2026")
        self.again.quiet_colour = "text" if is_offered else "disabled"
        self.again.update()

    def _faults(self) -> list[Finding]:
        found = [row.finding for row in self.rows.values() if row.finding is not None]
        return [finding for finding in found if finding.verdict is Verdict.FAULT]

    def _stop(self) -> None:
        if self._examination is not None:
            self._examination.cancel()
            self._examination = None

    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Esc."""
        self.close()


class _Row:
    """One check: mark, name, what was found, and what to do."""

    def __init__(self, theme: Theme, grid: QGridLayout, place: int, check: Check) -> None:
        self.finding: Finding | None = None
        self._mark = RowMark(theme)
        self._name = themed_label(check.value, Type.STRONG, "muted")
        self._says = themed_label("", Type.BODY, "muted")
        self._next_step = themed_label("", Type.BODY, "muted")
        cell = QVBoxLayout()
        cell.setSpacing(2)
        for label in (self._says, self._next_step):
            label.setWordWrap(True)
            cell.addWidget(label)
        self._next_step.hide()
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(self._mark, place, 0, top)
        grid.addWidget(self._name, place, 1, top)
        grid.addLayout(cell, place, 2)
        self._name.setMinimumWidth(96)

    def begin(self) -> None:
        """Its turn."""
        self._mark.show_icon("clock", "muted")
        self._says.setText("Trying\u2026")

    def show_finding(self, finding: Finding) -> None:
        self.finding = finding
        self._mark.show_icon(*_ICONS[finding.verdict])
        self._mark.setAccessibleName(finding.verdict.value)
        self._says.setText(finding.says)
        self._next_step.setText(finding.next_step or "")
        self._next_step.setVisible(finding.next_step is not None)
        is_quiet = finding.verdict in (Verdict.FOLLOWS, Verdict.SKIPPED)
        for label in (self._name, self._says):
            _ink(label, is_quiet)


def _ink(label: QLabel, is_quiet: bool) -> None:
    from PySide6.QtGui import QPalette

    label.setForegroundRole(QPalette.ColorRole.PlaceholderText if is_quiet else QPalette.ColorRole.WindowText)


class _Bar(QWidget):
    """How far the examination is: 3 px across the page."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ratio = 0.0
        self.setFixedHeight(3)

    def show_ratio(self, ratio: float) -> None:
        self._ratio = ratio
        self.setAccessibleName(f"{round(ratio * 100)} percent done")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("line"))
        painter.fillRect(QRectF(0, 0, self.width() * self._ratio, self.height()), self._theme.color("accent"))
