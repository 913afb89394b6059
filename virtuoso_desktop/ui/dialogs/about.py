"""What this program is, and whose work it carries."""

from __future__ import annotations

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QWidget

from virtuoso_desktop import __version__
from virtuoso_desktop.ui.dialogs.frame import PlainDialog
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.theme import Theme


class About(PlainDialog):
    """Version, licence, and the promise: it never sends an order."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "About Virtuoso", parent)
        self.add_words("Virtuoso", Type.HEADLINE)
        self.add_words(f"Version {__version__}, Qt {qVersion()}", colour="muted")
        self.body.addSpacing(8)
        self.add_words("Live crypto market analysis on your own computer. It reads public data and never orders.")
        self.body.addSpacing(8)
        carried = "Inter and JetBrains Mono: SIL Open Font License. Phosphor icons: MIT."
        self.add_words(f"MIT licence. {carried}", colour="muted")
        self.setFixedWidth(420)
