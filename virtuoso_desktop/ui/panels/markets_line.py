"""The line under the header of Markets: what is wrong with a filter, or left out by it, the scan's age, the guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import Button, GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.engine.scan_views import ScanView
    from virtuoso_desktop.market.row_filter import FilterError
    from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
    from virtuoso_desktop.ui.theme import Theme

LINE_PX = 26


class MarketsLine(GivingRow):
    """Shown only while there is something to say."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, LINE_PX, colour="background", parent=parent)
        self._words = Words(theme, parent=self)
        self.button = Button(theme, "Watch", is_boxed=True, parent=self)
        self.button.setToolTip("Watch it from now on, whatever is shown")
        self.add(self.button, right=True)
        self.want(self.button, False)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return "" if self.isHidden() else self._words.text

    def tell(self, words: tuple[Word, ...], *, with_button: bool = False) -> None:
        """Say this; nothing hides the line."""
        self.setVisible(bool(words))
        self.want(self.button, with_button)
        self._words.say(*words)
        self.setToolTip("".join(word.text for word in words))
        self._place()

    def arrange(self) -> None:
        super().arrange()
        self._place()

    def _place(self) -> None:
        taken = self.button.sizeHint().width() + 16 if not self.button.isHidden() else 8
        self._words.setGeometry(12, 0, max(0, self.width() - 12 - taken), LINE_PX - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, LINE_PX - 1, self.width(), 1, self._theme.color("hair"))


def filter_words(error: FilterError) -> tuple[Word, ...]:
    """What is wrong, and that the filter before still counts."""
    return (Word(error.user_text, Type.CAPTION, "down_text", icon="warning-circle"),)


def count_words(rows: MarketsRows) -> tuple[Word, ...]:
    """Rows that the filter could not be judged of."""
    if not rows.is_filtered or not rows.left_out:
        return ()
    noun = "row has" if rows.left_out == 1 else "rows have"
    said = f"{rows.left_out} {noun} no value for this filter and {'is' if rows.left_out == 1 else 'are'} left out"
    return (Word(said, Type.CAPTION, "warning"),)


def scan_words(rows: MarketsRows, scan: ScanView, now_ms: int) -> tuple[Word, ...]:
    """How old the scanned rows are, and that they have no scores."""
    watched = len(rows.watched())
    if scan.as_of_ms is None:
        why = scan.problem or "the exchange is being asked"
        return (Word(f"Scan: {why}", Type.CAPTION, "warning" if scan.problem else "muted"),)
    age = text.age(max(0, now_ms - scan.as_of_ms))
    said = f"{watched} watched and analysed, the others a ticker {age} old"
    if scan.problem:
        return (Word(f"{said}: {scan.problem}", Type.CAPTION, "warning", icon="clock"),)
    return (Word(said, Type.CAPTION, "muted"),)


def guest_words(symbol: str) -> tuple[Word, ...]:
    """Who is watched for the time being."""
    return (Word(f"{symbol} is watched while it is shown", Type.CAPTION, "muted"),)
