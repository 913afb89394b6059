"""The menus of panels and workspaces, the box that asks for a name, and the files of exported workspaces."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRectF, Qt, QThreadPool, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu, QWidget

from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.ui.arrangement import ABOVE, BELOW, LEFT, RIGHT
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.overlay import Overlay
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.shortcuts import keys_of
from virtuoso_desktop.ui.words import Word, paint_words
from virtuoso_desktop.ui.workspaces import LARGEST_EXPORT_BYTES, MOST_NAME, NotPossible

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

    from virtuoso_desktop.ui.actions import Actions
    from virtuoso_desktop.ui.theme import Theme
    from virtuoso_desktop.ui.workspace import Workspace
    from virtuoso_desktop.ui.workspace_keeper import WorkspaceKeeper

ENDING = ".workspace.json"
FILTER = f"Workspaces (*{ENDING});;All files (*)"
_SIDES = {LEFT: "To the left", RIGHT: "To the right", ABOVE: "Above", BELOW: "Below"}


def add_panels(menu: QMenu, work: Workspace) -> None:
    """Every panel: checked while it is open; the same entry closes and opens it."""
    for name, kind in PANELS.items():
        action = menu.addAction(kind.title)
        action.setCheckable(True)
        action.setChecked(work.is_open(name))
        action.setToolTip(kind.about)
        action.triggered.connect(partial(_toggle, work, name))
    menu.addSeparator()
    for words, name in (("Next panel", "next_panel"), ("Previous panel", "previous_panel")):
        step = menu.addAction(f"{words}\t{keys_of(name)}")
        step.triggered.connect(partial(_step, work, 1 if name == "next_panel" else -1))


def _toggle(work: Workspace, name: str, _checked: bool = False) -> None:
    work.toggle_panel(name)


def _step(work: Workspace, step: int, _checked: bool = False) -> None:
    work.step_panel(step)


def panel_menu(work: Workspace, name: str) -> QMenu:
    """What can be done with one panel."""
    menu = QMenu(work)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if work.floats(name):
        menu.addAction(f"Back into the main window\t{keys_of('float_panel')}", partial(work.dock_panel, name))
    else:
        menu.addAction(f"In a window of its own\t{keys_of('float_panel')}", partial(work.float_panel, name))
    area, group = work.area_of(name), work.group_of(name)
    window = None if area is None else work.windows.of(area)
    if window is not None:
        top = menu.addAction("Always on top")
        top.setCheckable(True)
        top.setChecked(window.place.stays_on_top)
        top.toggled.connect(window.stay_on_top)
    if area is not None and group is not None:
        _add_moves(menu, work, name)
        if area.unit_of(group.group) is not None and group.has_tabs:
            words = "Open the row" if group.group.is_collapsed else "Collapse the row"
            menu.addAction(words, partial(area.toggle_collapsed, group.group))
    menu.addSeparator()
    menu.addAction(f"Close {PANELS[name].title}\t{keys_of('close_panel')}", partial(work.close_panel, name))
    return menu


def _add_moves(menu: QMenu, work: Workspace, name: str) -> None:
    """Every place that a drag could reach, for the keyboard."""
    group, area = work.group_of(name), work.area_of(name)
    assert group is not None
    assert area is not None
    if len(group.group.known) > 1:
        split = menu.addMenu("Out of the tabs")
        for side, words in _SIDES.items():
            split.addAction(words, partial(work.move_panel, name, area, group.group, side))
    edge = menu.addMenu("To an edge of the window")
    for side, words in _SIDES.items():
        edge.addAction(words, partial(work.move_panel, name, work.main, None, side))
    beside = menu.addMenu("Beside")
    tabs = menu.addMenu("As a tab of")
    for each in work.areas:
        for other in each.groups:
            if other is group:
                continue
            title = ", ".join(PANELS[panel].title for panel in other.group.known)
            tabs.addAction(title, partial(work.move_panel, name, each, other.group))
            sides = beside.addMenu(title)
            for side, words in _SIDES.items():
                sides.addAction(words, partial(work.move_panel, name, each, other.group, side))
    for submenu in (beside, tabs):
        submenu.setEnabled(bool(submenu.actions()))


def add_workspaces(menu: QMenu, keeper: WorkspaceKeeper, commands: Actions) -> None:
    """Every workspace, and what can be done with the open one."""
    for place, name in enumerate(keeper.workspaces.names, 1):
        keys = f"\t{keys_of(f'workspace_{place}')}" if place <= 3 else ""
        action = menu.addAction(name.replace("&", "&&") + keys)
        action.setCheckable(True)
        action.setChecked(name == keeper.current)
        action.triggered.connect(partial(_open, keeper, name))
    menu.addSeparator()
    known = {action.listed.action: action for action in commands.all()}
    for name, words in (
        ("save_workspace_as", "Save as\u2026"),
        ("duplicate_workspace", "Duplicate"),
        ("rename_workspace", "Rename\u2026"),
        ("reset_workspace", "Reset"),
        ("delete_workspace", "Delete"),
        ("export_workspace", "Export\u2026"),
        ("import_workspace", "Import\u2026"),
    ):
        action = menu.addAction(f"{words}\t{keys_of(name)}".rstrip(), partial(commands.run, name))
        reason = known[name].why_not()
        action.setEnabled(reason is None)
        action.setToolTip(reason or known[name].listed.does)
    menu.setToolTipsVisible(True)


def _open(keeper: WorkspaceKeeper, name: str, _checked: bool = False) -> None:
    keeper.open(name)


class NameBox(Overlay):
    """Asks for the name of a workspace until Enter, Esc or a click elsewhere; says beside it what is wrong."""

    def __init__(self, theme: Theme, window: QWidget, title: str, take: Callable[[str], object]) -> None:
        super().__init__(theme, window)
        self._title = title
        self._take = take
        self._problem = ""
        self.setFixedSize(340, 100)
        self.setAccessibleName(title)
        self.field = QLineEdit(self)
        self.field.setFont(font(Type.TITLE))
        self.field.setMaxLength(MOST_NAME)
        self.field.setAccessibleName("Name of the workspace")
        self.field.setGeometry(12, 34, 316, 30)
        self.field.textChanged.connect(self._on_text)
        self.field.returnPressed.connect(self._on_return)
        self.setFocusProxy(self.field)

    def open_with(self, name: str) -> None:
        """Show with this name, which typing replaces."""
        self.field.setText(name)
        self.field.selectAll()
        self.open_over(self._window.rect().center() - QPoint(170, 100))

    def _on_text(self) -> None:
        self._problem = ""
        self.update()

    def _on_return(self) -> None:
        try:
            self._take(self.field.text())
        except NotPossible as error:
            self._problem = str(error)
            self.field.setAccessibleDescription(self._problem)
            self.update()
        else:
            self.finish()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        paint_words(painter, self._theme, (Word(self._title, Type.STRONG),), QRectF(14, 8, 312, 20))
        said = Word(self._problem, colour="down_text") if self._problem else Word("Enter keeps it", colour="muted")
        paint_words(painter, self._theme, (said,), QRectF(14, 70, 312, 20))


class WorkspaceFiles(QObject):
    """Exports and imports: the dialog is asked without stopping anything, a worker reads and writes."""

    _written = Signal(str, str)
    """Path, and why it could not be written."""
    _read = Signal(bytes, str)

    def __init__(self, keeper: WorkspaceKeeper, window: QWidget) -> None:
        super().__init__(window)
        self._keeper = keeper
        self._window = window
        self._written.connect(self._on_written)
        self._read.connect(self._on_read)

    def ask_export(self) -> QFileDialog:
        """Ask for the file to write."""
        dialog = self._dialog("Export the workspace", QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ENDING.removeprefix("."))
        safe = "".join(letter if letter.isalnum() or letter in " -_" else "-" for letter in self._keeper.current)
        dialog.selectFile(safe + ENDING)
        dialog.fileSelected.connect(self.export)
        dialog.show()
        return dialog

    def ask_import(self) -> QFileDialog:
        """Ask for the file to read."""
        dialog = self._dialog("Import a workspace", QFileDialog.AcceptMode.AcceptOpen)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.take_in)
        dialog.show()
        return dialog

    def _dialog(self, title: str, mode: QFileDialog.AcceptMode) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(mode)
        dialog.setNameFilter(FILTER)
        return dialog

    def export(self, path: str) -> None:
        """Write the open workspace."""
        content = self._keeper.exported()

        def write() -> None:
            try:
                write_atomically(Path(path), content)
            except OSError as error:
                self._written.emit(path, error.strerror or str(error))
            else:
                self._written.emit(path, "")

        QThreadPool.globalInstance().start(write)

    def take_in(self, path: str) -> None:
        """Read a workspace from a file."""

        def read() -> None:
            try:
                with Path(path).open("rb") as file:
                    self._read.emit(file.read(LARGEST_EXPORT_BYTES + 1), "")
            except OSError as error:
                self._read.emit(b"", f"{path} cannot be read: {error.strerror}.")

        QThreadPool.globalInstance().start(read)

    def _on_written(self, path: str, problem: str) -> None:
        if problem:
            self._keeper.say(f"{path} cannot be written: {problem}. The workspace is still here.", Severity.WARNING)
        else:
            self._keeper.say(f"The workspace \u201c{self._keeper.current}\u201d was written to {path}.")

    def _on_read(self, content: bytes, problem: str) -> None:
        if problem:
            self._keeper.say(problem, Severity.WARNING)
        else:
            self._keeper.take_in(content)
