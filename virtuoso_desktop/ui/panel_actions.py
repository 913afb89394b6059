"""What panels and workspaces bring into the window: actions, menus, keys of floating windows, undo, saving."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.shipped import SHIPPED
from virtuoso_desktop.ui.workspace_keeper import WorkspaceKeeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from virtuoso_desktop.ui.floating import FloatingWindow
    from virtuoso_desktop.ui.interior import Interior
    from virtuoso_desktop.ui.window import MainWindow
    from virtuoso_desktop.ui.workspace_menu import WorkspaceFiles


class PanelActions(QObject):
    """Joins the workspace to the rest of the window.

    Parameters
    ----------
    interior : Interior
        Has the workspace, the commands and the top bar.
    window : MainWindow
        Has the list of workspaces.
    """

    def __init__(self, interior: Interior, window: MainWindow, now_ms: Callable[[], int]) -> None:
        super().__init__(interior)
        self._interior = interior
        self._window = window
        self._work = work = interior.workspace
        self._files: WorkspaceFiles | None = None
        self.keeper = WorkspaceKeeper(window.workspaces, work, window.size, now_ms)
        self.keeper.tell = interior.post_notice
        self.keeper.offer_undo = interior.offer_undo
        self.keeper.switched.connect(interior.top_bar.show_workspace)
        interior.top_bar.show_workspace(self.keeper.current)
        interior.top_bar.workspaces_asked.connect(self.open_workspaces)
        work.menu_asked.connect(self._open_panel_menu)
        work.windows.opened.connect(self._on_floated)
        window.closing.connect(self.leave)
        window.quit_asked.connect(self.leave)
        window.installEventFilter(self)
        self._add_panel_actions()
        self._add_workspace_actions()

    def start(self) -> None:
        """The window is on the screen."""
        self._work.open_floating()
        for problem in self._window.take_problems():
            self.keeper.say(problem, Severity.WARNING)

    def leave(self) -> None:
        """The window goes, perhaps the program: nothing that was arranged waits any longer."""
        self.keeper.flush()
        self._work.windows.hide()

    # --- actions ------------------------------------------------------------------------------------------------

    def _add_panel_actions(self) -> None:
        add, work = self._interior.commands.add, self._work
        add("toggle_confluence", work.toggle_confluence)
        add("toggle_dock", work.toggle_dock, work.why_no_dock)
        add("next_panel", partial(work.step_panel, 1))
        add("previous_panel", partial(work.step_panel, -1))
        add("float_panel", self._with_current(work.toggle_float), work.why_no_current)
        add("close_panel", self._with_current(work.close_panel), work.why_no_current)
        add("panel_menu", self._ask_panel_menu, work.why_no_current)
        for name in PANELS:
            add(f"show_{name}", partial(work.show_panel, name))

    def _with_current(self, do: Callable[[str], object]) -> Callable[[], None]:
        def run() -> None:
            name = self._work.current
            if name is not None:
                do(name)

        return run

    def _add_workspace_actions(self) -> None:
        add, keeper = self._interior.commands.add, self.keeper
        for place, name in enumerate(SHIPPED, 1):
            add(f"workspace_{place}", partial(keeper.open, name))
        add("workspaces", self.open_workspaces)
        add("save_workspace_as", self._ask_name)
        add("duplicate_workspace", keeper.duplicate)
        add("rename_workspace", self._ask_new_name, keeper.why_not_own)
        add("reset_workspace", keeper.reset)
        add("delete_workspace", keeper.delete, keeper.why_not_own)
        add("export_workspace", lambda: self._workspace_files().ask_export())
        add("import_workspace", lambda: self._workspace_files().ask_import())

    def _ask_name(self) -> None:
        self._open_name_box("Save the workspace as", self.keeper.workspaces.free_name(), self.keeper.save_as)

    def _ask_new_name(self) -> None:
        self._open_name_box("Rename the workspace", self.keeper.current, self.keeper.rename)

    def _open_name_box(self, title: str, name: str, take: Callable[[str], object]) -> None:
        from virtuoso_desktop.ui.workspace_menu import NameBox

        NameBox(self._interior.theme, self._window, title, take).open_with(name)

    def _workspace_files(self) -> WorkspaceFiles:
        if self._files is None:
            from virtuoso_desktop.ui.workspace_menu import WorkspaceFiles

            self._files = WorkspaceFiles(self.keeper, self._window)
        return self._files

    # --- menus --------------------------------------------------------------------------------------------------

    def add_menus(self, menu: QMenu) -> None:
        """Panels and workspaces, in the main menu."""
        from virtuoso_desktop.ui.workspace_menu import add_panels, add_workspaces

        add_panels(menu.addMenu("Panels"), self._work)
        add_workspaces(menu.addMenu("Workspaces"), self.keeper, self._interior.commands)

    def open_workspaces(self) -> None:
        """Open the list of workspaces under its button."""
        from virtuoso_desktop.ui.workspace_menu import add_workspaces

        menu = QMenu(self._interior)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_workspaces(menu, self.keeper, self._interior.commands)
        button = self._interior.top_bar.workspace_button
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    def _open_panel_menu(self, name: str, at: QPoint) -> None:
        from virtuoso_desktop.ui.workspace_menu import panel_menu

        panel_menu(self._work, name).popup(at)

    def _ask_panel_menu(self) -> None:
        name = self._work.current
        group = None if name is None else self._work.group_of(name)
        if group is not None:
            group.ask_menu()

    # --- windows of their own -----------------------------------------------------------------------------------

    def _on_floated(self, window: FloatingWindow) -> None:
        window.setWindowIcon(self._window.windowIcon())
        self._interior.commands.bind_in(window)
        window.key_typed.connect(self._on_key)
        window.installEventFilter(self)

    def _on_key(self, event: QKeyEvent) -> None:
        self._interior.keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.WindowActivate and isinstance(watched, QWidget):
            self._work.windows.note_active(watched)
        return False
