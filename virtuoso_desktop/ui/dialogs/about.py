"""What this program is, and whose work it carries."""

from __future__ import annotations

import threading

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer, qVersion
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from virtuoso_desktop import __version__
from virtuoso_desktop.kernel.imports import short_switches
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.about_components import Component, as_text, bundled, packages
from virtuoso_desktop.ui.dialogs.frame import PlainDialog, themed_label
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.logo import paint_logo
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.words import Word, paint_words

LOOK_MS = 50
ROW_PX, VERSION_AT_PX, LICENCE_AT_PX = 24, 190, 290
_COMPONENT = Qt.ItemDataRole.UserRole


class Rows(QStyledItemDelegate):
    """Name, version and licence side by side."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, box = self._theme, QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, theme.color("accent", theme.palette.accent_tint_ratio))
        name, version, licence = index.data(_COMPONENT)
        for words, left, right in (
            (Word(name, Type.NUMBER), 10, VERSION_AT_PX - 8),
            (Word(version, Type.FIGURE, "muted"), VERSION_AT_PX, LICENCE_AT_PX - 8),
            (Word(licence, Type.BODY, "muted"), LICENCE_AT_PX, box.width() - 10),
        ):
            paint_words(painter, theme, (words,), QRectF(box.left() + left, box.top(), right - left, box.height()))


class BigLogo(QWidget):
    """The mark beside the name."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(48, 48)

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_logo(QPainter(self), self._theme, QRectF(0, 0, 48, 48))


class About(PlainDialog):
    """Version, licence, the promise that it never orders, and every package with its licence."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "About Virtuoso", parent)
        self.components: list[Component] = bundled(qVersion())
        self._add_head(theme)
        self.add_words("Live crypto market analysis on your own computer. It reads public data and never orders.")
        self.add_words("MIT licence. It stands on the work of others:", colour="muted")
        self.body.addSpacing(4)
        self.list = QListWidget()
        self.list.setAccessibleName("Components with version and licence")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(Rows(theme, self.list))
        self.body.addWidget(self.list, 1)
        self.copy_button = Button(theme, "Copy", "copy", is_boxed=True, parent=self)
        self.copy_button.quiet_colour = "text"
        self.copy_button.setToolTip("Copy all versions and licences as text")
        self.copy_button.clicked.connect(self.copy)
        self.foot.insertWidget(0, self.copy_button)
        self.resize(620, 520)
        self._show()
        self._found: list[Component] | None = None
        self._waits = QTimer(self)
        self._waits.timeout.connect(self._take)
        self._waits.start(LOOK_MS)
        threading.Thread(target=self._read, name="about", daemon=True).start()

    def _add_head(self, theme: Theme) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(themed_label("Virtuoso", Type.HEADLINE))
        words.addWidget(themed_label(f"Version {__version__}, Qt {qVersion()}", Type.BODY, "muted"))
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(BigLogo(theme))
        head.addLayout(words, 1)
        self.body.addLayout(head)
        self.body.addSpacing(8)

    def _read(self) -> None:
        """In a worker: some seventy small files. The dialog may be closed meanwhile."""
        with short_switches():
            self._found = packages()

    def _take(self) -> None:
        if self._found is None:
            return
        self._waits.stop()
        self.components = [*self.components, *self._found]
        self._show()

    def _show(self) -> None:
        self.list.clear()
        for component in self.components:
            spoken = " ".join(part for part in component if part)
            item = QListWidgetItem(spoken, self.list)
            item.setData(_COMPONENT, tuple(component))
            item.setToolTip(component.licence)
        self.list.setCurrentRow(0)

    def copy(self) -> None:
        """Put all of it where it can be pasted."""
        QApplication.clipboard().setText(as_text(self.components))
        self.copy_button.setText("Copied")
