"""The monkey's hands, inside the program: what they do, what they leave alone, and what they write down at rest."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import psutil
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QObject,
    QPoint,
    Qt,
    QTimer,
    QtMsgType,
    QUrl,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtGui import QContextMenuEvent, QCursor, QDesktopServices, QDrag, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLineEdit, QMenu, QWidget

from tests.hands.hands import LEFT, NO_KEYS, RIGHT

if TYPE_CHECKING:
    from tests.hands.driven import Driven

REST_EVERY_S = 120.0
WARM_UP_S = 240.0
"""Every panel was made once and every cache is full: what is held then is what a long run may hold."""
STEP_S = 0.03
LEFT_ALONE = ("Quit", "Close Virtuoso", "Close window", "Restart", "Use the live market", "Open folder", "Start again")
"""Controls that end the program or leave it."""
OFFSCREEN_SAYS = ("This plugin does not support", "Unimplemented code")
"""What the platform without a screen cannot do, in its own words."""
KEYS = (
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Plus,
    Qt.Key.Key_Minus, Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Space, Qt.Key.Key_Delete,
    Qt.Key.Key_Escape, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Slash, Qt.Key.Key_Question, Qt.Key.Key_F6,
)  # fmt: skip
CHORDS = "KIDFLZ,1234567"
WORDS = ("eth", "btc", "5", "1h", "score > 70", "score >", "1e9", "x" * 40, "50K", "\u20ac\u4e2d", "-1", "(((")
SIZES = ((1600, 1000), (1280, 720), (960, 600), (1900, 1060))


class Monkey:
    """One seeded run."""

    def __init__(self, driven: Driven, seed: int) -> None:
        self._driven = driven
        self._random = random.Random(seed)
        self._process = psutil.Process()
        self._dragged_since_s: float | None = None
        self.steps = 0
        self.problems: list[str] = []
        self.rests: list[dict[str, float]] = []
        self._kinds: list[Counter[str]] = []
        self.last = ""

    # --- one step -----------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Do one thing to one widget."""
        widget = self._pick()
        if widget is None:
            return
        does = self._random.choices(
            (self._click, self._double, self._context, self._key, self._chord, self._words, self._wheel, self._drag,
             self._resize),
            (34, 4, 6, 18, 5, 6, 12, 12, 1),
        )[0]  # fmt: skip
        self.last = f"{does.__name__} on {type(widget).__name__} {widget.accessibleName()[:60]!r}"
        self.steps += 1
        does(widget)

    def _pick(self) -> QWidget | None:
        popup = QApplication.activePopupWidget()
        if popup is not None and self._random.random() < 0.9:
            tops = [popup]
        else:
            tops = [each for each in QApplication.topLevelWidgets() if each.isVisible() and not isinstance(each, QMenu)]
        offered = [
            each
            for top in tops
            for each in (top, *top.findChildren(QWidget))
            if each.isVisible() and each.isEnabled() and not self._is_left_alone(each)
        ]
        return self._random.choice(offered) if offered else None

    @staticmethod
    def _is_left_alone(widget: QWidget) -> bool:
        if isinstance(widget, QFileDialog) or isinstance(widget.window(), QFileDialog):
            return True  # it writes where the user says; closed at the next step
        name = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
        return _says(name).startswith(LEFT_ALONE)

    def _somewhere(self, widget: QWidget) -> QPoint:
        return QPoint(self._random.randrange(max(1, widget.width())), self._random.randrange(max(1, widget.height())))

    def _click(self, widget: QWidget) -> None:
        if isinstance(widget, QMenu):
            self._entry(widget)
            return
        QTest.mouseClick(widget, LEFT, NO_KEYS, self._somewhere(widget))

    def _entry(self, menu: QMenu) -> None:
        submenus = [each.menuAction() for each in menu.findChildren(QMenu)]
        entries = [each for each in menu.actions() if each.isEnabled() and not each.isSeparator()]
        entries = [each for each in entries if each not in submenus and not _says(each.text()).startswith(LEFT_ALONE)]
        if entries:
            chosen = self._random.choice(entries)
            self.last = f"menu entry {chosen.text()!r}"
            chosen.trigger()
        menu.close()

    def _double(self, widget: QWidget) -> None:
        QTest.mouseDClick(widget, LEFT, NO_KEYS, self._somewhere(widget))

    def _context(self, widget: QWidget) -> None:
        at = self._somewhere(widget)
        QTest.mouseClick(widget, RIGHT, NO_KEYS, at)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        QApplication.sendEvent(widget, event)

    def _key(self, widget: QWidget) -> None:
        QTest.keyClick(QApplication.focusWidget() or widget, self._random.choice(KEYS))

    def _chord(self, widget: QWidget) -> None:
        held = self._random.choice((Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier))
        QTest.keyClick(QApplication.focusWidget() or widget, Qt.Key(ord(self._random.choice(CHORDS))), held)

    def _words(self, widget: QWidget) -> None:
        target = QApplication.focusWidget() or widget
        if isinstance(target, QLineEdit) and self._random.random() < 0.5:
            target.selectAll()
        for character in self._random.choice(WORDS):
            target = QApplication.focusWidget() or widget
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):  # QTest knows ASCII only
                QApplication.sendEvent(target, QKeyEvent(kind, 0, NO_KEYS, character))

    def _wheel(self, widget: QWidget) -> None:
        self._driven.hands.wheel(widget, self._somewhere(widget), self._random.choice((-3, -1, 1, 3)))

    def _drag(self, widget: QWidget) -> None:
        self._driven.hands.drag(widget, self._somewhere(widget), self._somewhere(widget))

    def _resize(self, widget: QWidget) -> None:
        del widget
        self._driven.window.resize(*self._random.choice(SIZES))

    # --- rest ---------------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        """Close every popup and dialog, release mouse and keyboard."""
        for _ in range(8):
            popup = QApplication.activePopupWidget()
            if popup is not None:
                popup.close()
        main = self._driven.window
        for top in QApplication.topLevelWidgets():
            if top.isVisible() and top is not main and top.windowModality() is not Qt.WindowModality.NonModal:
                top.close()

    async def rest(self) -> None:
        """Bring the program to a known state and write down what it holds."""
        self.let_go()
        window = self._driven.window
        for top in QApplication.topLevelWidgets():
            if top.isVisible() and top is not window and top.parentWidget() is window and top.isWindow():
                top.close()
        window.resize(1600, 1000)
        known = {action.listed.action for action in window.interior.commands.all()}
        for name in ("workspace_default", "reset_workspace"):
            if name in known:
                window.interior.commands.run(name)
        await asyncio.sleep(12)  # toasts leave by themselves after 8 s
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        kinds = Counter(type(each).__name__ for each in QApplication.allWidgets())
        self._kinds.append(kinds)
        self.rests.append(
            {
                "at_step": self.steps,
                "rss_mb": round(self._process.memory_info().rss / 1e6, 1),
                "widgets": sum(kinds.values()),
                "tasks": len(asyncio.all_tasks()),
            }
        )

    @property
    def widgets_left(self) -> dict[str, int]:
        """What the last rest holds more of than the first, by class."""
        if len(self._kinds) < 2:
            return {}
        return dict(self._kinds[-1] - self._kinds[0])

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Write down exceptions, Qt's warnings and errors of the log, each once."""
        sys.excepthook = lambda kind, error, _trace: self._note(f"{kind.__name__}: {error}", error)
        sys.unraisablehook = lambda what: self._note(
            f"unraisable {what.exc_value!r} in {what.object!r}", what.exc_value
        )
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: self._note(
                f"loop: {context['message']} {context.get('exception')!r}", context.get("exception")
            )
        )
        qInstallMessageHandler(self._on_qt)
        handler = _Ear(self)
        handler.setLevel(logging.ERROR)
        logging.getLogger().addHandler(handler)
        # Nothing may leave the program, and a drag that waits for a real hand would wait for ever.
        self._sink = _Sink()
        for scheme in ("file", "http", "https"):
            QDesktopServices.setUrlHandler(scheme, self._sink, "open")  # pyright: ignore[reportArgumentType]
        self._drag_guard = QTimer()
        self._drag_guard.timeout.connect(QDrag.cancel)
        self._drag_guard.start(300)

    def _note(self, what: str, error: BaseException | None = None) -> None:
        import traceback

        trace = "".join(traceback.format_exception(error)[-3:]) if error is not None else ""
        sentence = f"{what} (after {self.last})\n{trace}"
        if len(self.problems) < 50 and not any(known.split(" (after")[0] == what for known in self.problems):
            self.problems.append(sentence)

    def _on_qt(self, kind: QtMsgType, _context: object, message: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not any(known in message for known in OFFSCREEN_SAYS):
            self._note(f"Qt: {message}")

    def heard(self, record: logging.LogRecord) -> None:
        """An error of the log."""
        self._note(f"log: {record.name}: {record.getMessage()}", record.exc_info[1] if record.exc_info else None)


def _says(label: str) -> str:
    return label.replace("&", "")


class _Ear(logging.Handler):
    def __init__(self, monkey: Monkey) -> None:
        super().__init__()
        self._monkey = monkey

    def emit(self, record: logging.LogRecord) -> None:
        self._monkey.heard(record)


class _Sink(QObject):
    @Slot(QUrl)  # pyright: ignore[reportUntypedFunctionDecorator]
    def open(self, url: QUrl) -> None:
        """Takes what would leave the program."""


async def play(driven: Driven) -> dict[str, Any]:
    """The whole run: warm-up, then rests with clicking between them."""
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    QCursor.setPos(4_000, 4_000)
    monkey = Monkey(driven, int(os.environ["MONKEY_SEED"]))
    await driven.until_live(60)
    monkey.listen()
    begun_s = time.monotonic()
    ends_s = begun_s + 60 * float(os.environ["MONKEY_MINUTES"])
    rest_s = min(begun_s + WARM_UP_S, begun_s + (ends_s - begun_s) / 2)
    while time.monotonic() < ends_s:
        monkey.step()
        await asyncio.sleep(STEP_S)
        if monkey.steps % 25 == 0:
            monkey.let_go()
        if not driven.window.isVisible():
            driven.window.show()
        if time.monotonic() >= rest_s:
            await monkey.rest()
            rest_s = time.monotonic() + REST_EVERY_S
    await monkey.rest()
    return {
        "steps": monkey.steps, "rests": monkey.rests, "problems": monkey.problems, "widgets_left": monkey.widgets_left,
    }  # fmt: skip
