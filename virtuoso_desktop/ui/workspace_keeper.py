"""Keeps the open workspace as it is arranged, and switches between workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.ui.shipped import shipped
from virtuoso_desktop.ui.workspaces import NotPossible

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QSize

    from virtuoso_desktop.ui.arrangement import Arrangement, Node
    from virtuoso_desktop.ui.workspace import Workspace
    from virtuoso_desktop.ui.workspaces import Part, Workspaces

SAVE_AFTER_MS = 300
WHERE = "workspaces"


class WorkspaceKeeper(QObject):
    """Saves each change soon after it was made.

    Parameters
    ----------
    workspaces : Workspaces
        The list and its file.
    work : Workspace
        Shows the open one.
    window_size : callable
        Size of the window, for workspaces as they are shipped.
    """

    switched = Signal(str)
    """Name of the workspace that is open now."""

    def __init__(
        self, workspaces: Workspaces, work: Workspace, window_size: Callable[[], QSize], now_ms: Callable[[], int]
    ) -> None:
        super().__init__(work)
        self.workspaces = workspaces
        self._work = work
        self._window_size = window_size
        self._now_ms = now_ms
        self._parts: dict[str, Part] = {}
        self.tell: Callable[[Notice], object] = lambda _: None
        """Told in words what could not be done."""
        self.offer_undo: Callable[[Notice, Callable[[], object]], object] = lambda *_: None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self.save)
        self._is_moved = False
        """Panels were moved since the last save."""
        work.changed.connect(self._note_move)
        work.as_shipped = self._as_shipped

    def add_part(self, name: str, part: Part) -> None:
        """A part of the window keeps something of its own with every workspace, under this name."""
        self._parts[name] = part
        part.recall(self._work.describe().parts.get(name, {}))

    def note_change(self) -> None:
        """Something of the open workspace is otherwise now."""
        if not self._timer.isActive():
            self._timer.start()

    def _note_move(self) -> None:
        self._is_moved = True
        self.note_change()

    def _as_shipped(self) -> Node | None:
        """The tree for the window as it is now, while nobody moved a panel of the workspace."""
        if self._is_moved or self.workspaces.is_changed(self.current):
            return None
        size = self._window_size()
        return shipped(self.current, size.width(), size.height()).root

    def flush(self) -> None:
        """Save what waits."""
        if self._timer.isActive():
            self.save()

    def save(self) -> None:
        """Save now."""
        self._timer.stop()
        if self._is_moved or self.workspaces.is_changed(self.current) or self.workspaces.is_own(self.current):
            self.workspaces.write(self._described())
        else:
            self.workspaces.write_parts(self._described().parts)
        self._is_moved = False

    def _described(self) -> Arrangement:
        arrangement = self._work.describe()
        for name, part in self._parts.items():
            arrangement.parts[name] = part.remember()
        return arrangement

    # --- the list -----------------------------------------------------------------------------------------------

    @property
    def current(self) -> str:
        return self.workspaces.current

    def open(self, name: str) -> None:
        """Switch to another workspace."""
        if name != self.current and name in self.workspaces.names:
            self.flush()
            self.workspaces.open(name)
            self._show()

    def _show(self) -> None:
        size = self._window_size()
        opened = self.workspaces.read(size.width(), size.height())
        self._timer.stop()
        self._work.show_arrangement(opened.arrangement)
        for name, part in self._parts.items():
            part.recall(opened.arrangement.parts.get(name, {}))
        self._timer.stop()  # what was only read needs no saving
        self._is_moved = False
        self.switched.emit(self.current)
        if opened.problem is not None:
            self.say(opened.problem, Severity.WARNING)

    def save_as(self, name: str) -> None:
        """Keep the arrangement under another name, and go on with that one; raises `NotPossible`."""
        self.flush()
        self.workspaces.save_as(name, self._described())
        self.switched.emit(self.current)

    def duplicate(self) -> None:
        """A copy under a free name, which is open from now on."""
        try:
            self.save_as(self.workspaces.free_name())
        except NotPossible as error:
            self.say(str(error), Severity.WARNING)

    def rename(self, name: str) -> None:
        """Another name for the open one; raises `NotPossible`."""
        self.workspaces.rename(name)
        self.switched.emit(self.current)

    def why_not_own(self) -> str | None:
        """Why the open one cannot be renamed or deleted."""
        if self.workspaces.is_own(self.current):
            return None
        return f"{self.current} comes with the program: duplicate it first."

    def reset(self) -> None:
        """As it was shipped; can be taken back."""
        self.save()
        name = self.current
        undo = self.workspaces.reset()
        self._show()
        self._offer(f"The workspace \u201c{name}\u201d was reset.", undo)

    def delete(self) -> None:
        """The open one goes; can be taken back."""
        self.save()
        name = self.current
        undo = self.workspaces.delete()
        self._show()
        self._offer(f"The workspace \u201c{name}\u201d was deleted.", undo)

    def _offer(self, words: str, undo: Callable[[], None]) -> None:
        def take_back() -> None:
            self.flush()
            undo()
            self._show()

        self.offer_undo(Notice(self._now_ms(), Severity.INFO, WHERE, words), take_back)

    # --- files of their own -------------------------------------------------------------------------------------

    def exported(self) -> bytes:
        """The open one as a file."""
        return self.workspaces.exported(self._described())

    def take_in(self, content: bytes) -> None:
        """Add an exported one and open it; what is no workspace is told."""
        self.flush()
        try:
            self.workspaces.take_in(content)
        except NotPossible as error:
            self.say(str(error), Severity.WARNING)
        else:
            self._show()

    def say(self, words: str, severity: Severity = Severity.INFO) -> None:
        """Tell the person."""
        self.tell(Notice(self._now_ms(), severity, WHERE, words))
