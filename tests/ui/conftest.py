"""The window's tests: offscreen, async tests on qasync's loop, no Qt warning and no widget left behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop  # after PySide6: qasync takes the binding that is there

if TYPE_CHECKING:
    from collections.abc import Iterator

from tests.running import LOOP

NOT_OFFSCREEN = ("propagateSizeHints", r"does not support raise\(\)", "systemTrayWindowChanged")
POINTER_AWAY = QPoint(4_000, 4_000)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
    # The offscreen platform has no window manager that could be told a size or an order, and no system tray.
    item.add_marker(pytest.mark.qt_log_ignore(*NOT_OFFSCREEN, extend=True))


@pytest.fixture
def qloop(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """One qasync loop for one test. Never wait with ``qtbot`` inside a coroutine: use `tests.running.until`."""
    quits = qapp.quitOnLastWindowClosed()
    qapp.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(qapp, already_running=False)
    asyncio.set_event_loop(loop)
    request.node.stash[LOOP] = loop
    yield loop
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    asyncio.set_event_loop(None)
    qapp.setQuitOnLastWindowClosed(quits)


@pytest.fixture(autouse=True)
def _on_qasync(request: pytest.FixtureRequest) -> None:
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("qloop")


@pytest.fixture(autouse=True)
def _pointer_away(qapp: QApplication) -> None:
    """The pointer off every widget: what an earlier test left under it would be hovered, and rows would stand still."""
    QCursor.setPos(POINTER_AWAY)
    qapp.processEvents()


@pytest.fixture(autouse=True)
def _no_widget_left(qapp: QApplication) -> Iterator[None]:
    """Fail when a top-level widget outlives its test. Close a window before the test ends."""
    before = set(map(id, qapp.topLevelWidgets()))
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    left = [widget for widget in qapp.topLevelWidgets() if id(widget) not in before]
    if left:
        del left
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        names = [f"{type(w).__name__}({w.objectName()!r})" for w in qapp.topLevelWidgets() if id(w) not in before]
        assert not names, f"widgets left behind: {', '.join(names)}"
