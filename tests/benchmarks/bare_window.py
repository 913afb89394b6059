"""A PySide6 window and nothing else, with the moment it was painted, as `started_program` tells it.

With the argument ``text`` it shows one line of text, for which Qt has to find and load a font.
"""

from __future__ import annotations

import json
import os
import sys
import time

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget


class Window(QWidget):
    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.fillRect(self.rect(), 0x101418)
        if "text" in sys.argv:
            painter.drawText(20, 20, "BTCUSDT 90103.8")
        painter.end()
        QTimer.singleShot(0, tell)


def tell() -> None:
    said = {
        "what": "text" if "text" in sys.argv else "bare",
        "cpu_s": time.process_time(),
        "at_s": time.time(),
        "heavy": [],
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    os._exit(0)


application = QApplication([])
window = Window()
window.resize(1280, 720)
window.show()
QGuiApplication.sync()
application.exec()
