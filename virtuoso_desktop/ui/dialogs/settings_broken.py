"""The band over the settings when the user's file is wrong: which line, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QUrl
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget
from shiboken6 import isValid

from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.frame import themed_label
from virtuoso_desktop.ui.tokens import BANNER_TINT_RATIO

if TYPE_CHECKING:
    from virtuoso_desktop.engine.settings_desk import SettingsDesk
    from virtuoso_desktop.ui.theme import Theme


class BrokenFile(QWidget):
    """Hidden while the file is right.

    Parameters
    ----------
    theme : Theme
        Colours.
    desk : SettingsDesk
        Knows what is wrong.
    """

    def __init__(self, theme: Theme, desk: SettingsDesk) -> None:
        super().__init__()
        self._theme = theme
        self._desk = desk
        self.words = themed_label("")
        self.words.setWordWrap(True)
        self.open = Button(theme, "Open the file", "folder-open", is_boxed=True)
        self.open.setToolTip("Open it in the editor of this computer; it is looked at again when it is saved")
        self.aside = Button(theme, "Set it aside", is_boxed=True)
        self.aside.setToolTip("Give the wrong file another name and go on with the last good settings")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(44, 8, 20, 8)
        layout.setSpacing(8)
        layout.addWidget(self.words, 1)
        for button in (self.open, self.aside):
            button.quiet_colour = "text"
            layout.addWidget(button)
        self.open.clicked.connect(self._open)
        self.aside.clicked.connect(lambda: desk.set_aside(self._done))
        self.hide()

    def tell(self) -> None:
        """Look whether there is something to say."""
        problem = self._desk.problem
        self.aside.setVisible(self._desk.is_own_file)
        if problem is not None:
            self.words.setText(f"{problem} Until the file is right again, nothing can be changed here.")
            self.setAccessibleName(self.words.text())
        self.setVisible(problem is not None)

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._desk.file)))

    def _done(self, refusal: str | None) -> None:
        if isValid(self) and refusal is not None:
            self.words.setText(refusal)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("down", BANNER_TINT_RATIO))
        icons.paint(painter, "warning-circle", QRectF(20, 10, 16, 16), self._theme.color("down_text"))
