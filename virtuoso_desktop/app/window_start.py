"""The window before everything else: painted from the cache, with nothing heavy imported.

Neither asyncio nor settings, numpy or pyqtgraph are needed for it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

os.environ["QT_API"] = "pyside6"
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

import PySide6
import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from virtuoso_desktop.app import warm_start
from virtuoso_desktop.app.arguments import PROGRAM, Options
from virtuoso_desktop.app.early_settings import EarlySettings, QtScale
from virtuoso_desktop.app.exit_codes import CannotRun, ExitCode, refusal
from virtuoso_desktop.app.first_run import welcomes
from virtuoso_desktop.app.last_start import USER_FILE
from virtuoso_desktop.app.pairs import pair_problem
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.storage.profile import ProfileHeld
from virtuoso_desktop.ui.memory import WindowMemory
from virtuoso_desktop.ui.theme import Theme, ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.app.run_folder import RunFolder
    from virtuoso_desktop.app.stopping import StopRequest


class FirstPaint(QObject):
    """Notes when a widget was painted first: ``at_s``, UTC, None until then."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.at_s: float | None = None
        self._tell: Callable[[], None] = lambda: None
        window.installEventFilter(self)

    def then(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` once it has happened, at once if it has."""
        if self.at_s is None:
            self._tell = tell
        else:
            tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() is QEvent.Type.Paint:
            self.at_s = time.time()
            # Of the watched object as Qt names it now: the name that was kept of a chart's viewport can be dead by now.
            watched.removeEventFilter(self)
            self._tell()
        return False


class OpenedWindow(NamedTuple):
    """The window and what belongs to it."""

    application: QApplication
    window: MainWindow
    paint: FirstPaint
    is_first: bool
    """No window of this source was ever open here."""
    is_welcome: bool
    """A person starts the program for the first time."""


def open_window(options: Options, folder: RunFolder, stop: StopRequest) -> OpenedWindow | ExitCode:
    """Show the window with the rows of the previous run; an exit code when it may not be."""
    problem = pair_problem(PySide6.__version__, shiboken6.__version__)
    if problem is not None:
        return refusal(CannotRun(problem))
    early = EarlySettings(options, options.config or folder.root / USER_FILE)
    with QtScale(early.scale_pct):
        application = QApplication([PROGRAM])
    application.setApplicationName(PROGRAM)
    application.setDesktopFileName(PROGRAM)
    application.setQuitOnLastWindowClosed(False)
    is_welcome = welcomes(options, folder.root)
    try:
        source = folder.read_source()
        ends = _take_folder(options, folder, source.folder)
    except VirtuosoError as error:
        return refusal(error)
    if ends is not None:
        return ends
    stored = warm_start.read_window(folder.reader)
    memory = WindowMemory.from_bytes(stored)
    theme = _theme(early, memory, is_first=stored is None)
    window = MainWindow(
        theme,
        source.source,
        snapshot=warm_start.read_markets(folder.reader),
        memory=memory,
        files=folder.user_files,
        now_ms=LiveClock().now_ms,
    )
    window.closing.connect(stop.ask)
    window.quit_asked.connect(stop.ask)
    paint = FirstPaint(window)
    if options.screenshot is not None:
        # A picture's window has the proportions of its size, whatever the user dragged.
        window.setWindowState(Qt.WindowState.WindowNoState)
        window.setFixedSize(*options.screenshot.size)
        window.show_as_shipped()
    window.show()
    # The platform answers and the window is painted now, not after the loop has been imported.
    QGuiApplication.sync()
    return OpenedWindow(application, window, paint, stored is None, is_welcome)


def _take_folder(options: Options, folder: RunFolder, name: str) -> ExitCode | None:
    """Take the folder, or show the window of the program that has it: then how this start ends."""
    try:
        folder.open(name)
    except ProfileHeld as held:
        if options.ends_after_s is not None or options.report is not None:
            raise  # a run for a script, not for a person
        from virtuoso_desktop.app.second_start import take_or_show

        return take_or_show(folder, name, held, has_wishes=bool(options.overrides or options.config))
    return None


def _theme(early: EarlySettings, memory: WindowMemory, *, is_first: bool) -> Theme:
    """As the window was left; in a first one, and where they are named, as the settings say, which judge the rest."""
    asked = early.value("theme") if is_first else early.named("theme")
    choice = next((choice for choice in ThemeChoice if choice.value == asked), memory.theme)
    colour_blind = memory.colour_blind or (is_first and early.value("colour_blind_safe") == "true")
    return Theme(choice, colour_blind=colour_blind, reduced_motion=memory.reduced_motion)
